"""Is it the log file, or is it the world? Failures that say nothing about a log file use up none of its attempts.

While S3 or the output is away, every log file fails, and none of them is bad: each is tried again here, with a
growing and jittered delay, its message hidden meanwhile. If one goes on failing while others come through, it is the
log file after all, and its failures count.
"""

from collections.abc import Callable

from ingester.model.frames import Failed
from ingester.supervisor.counts import Counts
from ingester.supervisor.health import Health
from ingester.supervisor.in_flight import Job

_UNCOUNTED: frozenset[str] = frozenset({"throttled", "outage", "output"})
DELAYS_BEFORE_COUNTED = 20
"""About eight minutes."""
_CALM_SECONDS = 5.0
_RETRY_SECONDS_FIRST = 0.25
_RETRY_SECONDS_MAX = 30.0
_SOURCE = "log files"


class Outages:
    """Used by the loop's thread only."""

    def __init__(self, counts: Counts, health: Health) -> None:
        self._counts = counts
        self._health = health
        self._done_before: dict[int, int] = {}
        self._last_at_seconds = 0.0
        self._done_at_last = 0

    def is_to_blame(self, job: Job, failure: Failed, now_seconds: float) -> bool:
        """Whether a failure is the world's, so that it is no attempt. Tells of failing fetches."""
        if failure.kind in ("fetch", "throttled", "outage"):
            self._last_at_seconds, self._done_at_last = now_seconds, self._counts.log_files
            self._health.trouble(_SOURCE, failure.reason, now_seconds)
        if failure.kind not in _UNCOUNTED:
            return False
        done_before = self._done_before.setdefault(job.number, self._counts.log_files)
        others_come_through = self._counts.log_files > done_before
        return failure.kind == "output" or job.delays < DELAYS_BEFORE_COUNTED or not others_come_through

    def look(self, now_seconds: float) -> None:
        """Note when it is over: log files come through, and none has failed for a while."""
        is_calm = now_seconds - self._last_at_seconds >= _CALM_SECONDS
        if is_calm and self._counts.log_files > self._done_at_last:
            self._done_before.clear()
            self._health.well(_SOURCE)


def retry_seconds(times: int, fraction: Callable[[], float]) -> float:
    """How long to wait after the `times`th failure: a quarter of a second, doubled each time, 30 s at most; of it
    `fraction` (0…1) decides the second half, so that what failed together does not come back together."""
    longest = min(_RETRY_SECONDS_MAX, _RETRY_SECONDS_FIRST * 2 ** min(times - 1, 10))
    return float(longest * (0.5 + 0.5 * fraction()))
