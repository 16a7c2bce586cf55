"""When to stop taking in: enough waits for the workers, too much is in hand, or the output can't be written."""

from ingester.supervisor.intake import Intake

WAITING_MAX = 2_000
"""Log files that wait for a worker; about a second of work, so that other hosts on the queue get their share."""
WAITING_MIN = 20
"""The least that may wait: two receive calls' worth."""
IN_HAND_MAX = 100_000
"""Log files in hand. SQS allows 120,000 messages in flight a queue (SQS quotas page)."""

DOUBTED_MAX = 500
"""Messages that wait for a certificate, of up to 256 kB each (SQS quotas page)."""

HOOK_CALLS_MAX = 10_000
"""Calls of the user's hooks that wait: slow hooks hold up receiving."""


class Flow:
    """Reasons to hold the intake; it flows when there is none. Used by the loop's thread only."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._reasons: set[str] = set()

    @property
    def wants_flush(self) -> bool:
        """Whether workers should prepare what they gathered at once: too much is in hand, or the output could not
        be written, and that it can be again shows only when somebody writes."""
        return not self._reasons.isdisjoint(("in hand", "output"))

    def measure(
        self, waiting: int, in_hand: int, hook_calls: int = 0, jobs_wanted: int = WAITING_MAX, doubted: int = 0
    ) -> None:
        """Hold or go on by how much waits and how much is in hand; goes on at half, so as not to flutter.

        `jobs_wanted`: how much the workers want to have, where that may be little. `doubted`: messages that wait for
        a certificate.
        """
        self._by_amount("waiting", waiting, max(WAITING_MIN, min(WAITING_MAX, 2 * jobs_wanted)))
        self._by_amount("in hand", in_hand, IN_HAND_MAX)
        self._by_amount("hooks", hook_calls, HOOK_CALLS_MAX)
        self._by_amount("doubted", doubted, DOUBTED_MAX)

    def hold(self, reason: str) -> bool:
        """Hold the intake for a reason; whether the reason is new."""
        if reason in self._reasons:
            return False
        if not self._reasons:
            self._intake.pause()
        self._reasons.add(reason)
        return True

    def go_on(self, reason: str) -> None:
        """A reason is gone."""
        if reason in self._reasons:
            self._reasons.remove(reason)
            if not self._reasons:
                self._intake.resume()

    def _by_amount(self, reason: str, amount: int, most: int) -> None:
        if amount >= most:
            self.hold(reason)
        elif amount <= most // 2:
            self.go_on(reason)
