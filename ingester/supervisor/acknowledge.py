"""What happens to messages in hand: extended while their log files are on their way, then deleted or given back.

A message is deleted only after every row of every log file that it names is published. When deleting fails for
good, nothing is lost: the message comes back and the ledger recognises its log files.
"""

import logging
from collections import Counter, deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ingester.model.crash_points import SUPERVISOR_BEFORE_DELETE, crash_point
from ingester.model.message import Message
from ingester.model.settings import Settings
from ingester.sqs.outcome import BatchOutcome
from ingester.supervisor.counts import Counts
from ingester.supervisor.extensions import Extensions
from ingester.supervisor.in_flight import InFlight, Ticket
from ingester.supervisor.telling import Telling

if TYPE_CHECKING:
    from ingester.supervisor.queues import Queues

_log = logging.getLogger("ingester.queue")

DELETE_TRIES_MAX = 8
_DELETE_RETRY_SECONDS = 1.0
_BACKOFF_SECONDS_MAX = 900
_GIVEN_UP_SECONDS = 900


def backoff_seconds(attempts: int) -> int:
    """How long a message stays hidden after its `attempts`th failure: 1, 2, 4, … seconds."""
    return int(min(_BACKOFF_SECONDS_MAX, 2 ** max(0, min(attempts, 20) - 1)))


class Acknowledger:
    """The messages in hand of one run. Used by the loop's thread only; the calls run in `Queues`' threads."""

    def __init__(
        self,
        queues: "Queues",
        in_flight: InFlight,
        counts: Counts,
        settings: Settings,
        telling: Telling | None = None,
    ) -> None:
        self._telling = telling
        self._queues = queues
        self._in_flight = in_flight
        self._counts = counts
        self._max_attempts = settings.max_attempts
        self._visibility_seconds = settings.visibility_timeout_seconds
        self._extensions = Extensions(settings.visibility_timeout_seconds)
        self._to_delete: list[Message] = []
        self._to_retry: deque[tuple[float, list[Message]]] = deque()
        self._delete_tries: Counter[str] = Counter()
        self._calls = 0
        self._given_up: dict[str, dict[str, float]] = {}

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits to be said to a queue, or to be answered by it."""
        return not (self._calls or self._to_delete or self._to_retry)

    def in_hand(self, tickets: list[Ticket], received_at_seconds: float) -> None:
        """Messages were received, by one call: from now on they are extended until they are settled."""
        self._extensions.add(tickets, received_at_seconds)

    def attempts_max(self, queue_url: str) -> int:
        """After how many receives a message's failed log files are quarantined: before SQS moves the message."""
        return min(self._max_attempts, self._queues.info[queue_url].max_receive_count or self._max_attempts)

    def settle(self, tickets: Iterable[Ticket], now_seconds: float, *, draining: bool) -> None:
        """Delete the messages whose log files are all in, give back the others."""
        for ticket in tickets:
            if not ticket.failed and ticket.message is not None:
                self._to_delete.append(ticket.message)
            elif ticket.failed:
                self.give_back(ticket, now_seconds, at_once=draining)

    def give_back(self, ticket: Ticket, now_seconds: float, *, at_once: bool = False) -> None:
        """Make a message visible again: at once, or after a backoff that grows with its receives.

        After its last attempt it is the redrive policy's: visible at once, so that SQS moves it. Where the queue
        has no such policy it stays, hidden for long, and an emptying run does not wait for it.
        """
        message = ticket.message
        if message is None:
            return
        self._in_flight.forget(ticket)
        self._counts.messages_given_back += 1
        hidden_seconds = 0 if at_once else backoff_seconds(message.receive_count)
        if not at_once and message.receive_count >= self.attempts_max(message.queue_url):
            if self._queues.info[message.queue_url].max_receive_count is not None:
                hidden_seconds = 0
            else:
                hidden_seconds = _GIVEN_UP_SECONDS
                given_up = self._given_up.setdefault(message.queue_url, {})
                given_up[message.message_id] = now_seconds + hidden_seconds
        self._calls += self._queues.change_visibility([(message, hidden_seconds)])

    def given_up(self, queue_url: str, now_seconds: float) -> int:
        """Messages that stay in the queue, hidden, after their last attempt."""
        given_up = self._given_up.get(queue_url, {})
        return sum(until_seconds > now_seconds for until_seconds in given_up.values())

    def work(self, now_seconds: float) -> None:
        """Say to the queues what is due: deletes, extensions, deletes that failed before."""
        while self._to_retry and self._to_retry[0][0] <= now_seconds:
            self._to_delete += self._to_retry.popleft()[1]
        if self._to_delete:
            crash_point(SUPERVISOR_BEFORE_DELETE)
            messages = list(map(self._newest, self._to_delete))
            self._to_delete = []
            if self._telling is not None:
                self._telling.deleting(messages)
            self._calls += self._queues.delete(messages)
        due = self._extensions.take_due(now_seconds, self._in_flight.tickets)
        if due:
            seconds = self._visibility_seconds
            self._calls += self._queues.change_visibility([(t.message, seconds) for t in due if t.message])

    def deleted(self, outcome: BatchOutcome, now_seconds: float) -> None:
        """What came of a delete call.

        To an old receipt handle AWS may say that it deleted, and keep the message. So one that was delivered again
        meanwhile is deleted by its newest handle.
        """
        self._calls -= 1
        if self._telling is not None:
            self._telling.deleted(outcome.done, success=True)
            self._telling.deleted(outcome.stale, success=False)
        self._counts.stale_receipts += len(outcome.stale)
        self._counts.messages_deleted += sum([self._is_gone(message) for message in outcome.done])
        for message in outcome.stale:
            self._is_gone(message)
        again = []
        for message in outcome.retry:
            self._delete_tries[message.message_id] += 1
            if self._delete_tries[message.message_id] < DELETE_TRIES_MAX:
                again.append(message)
            else:
                _log.warning(
                    "message %s could not be deleted; it will come back and be recognised. %s",
                    message.message_id, outcome.reason,
                )  # fmt: skip
                if self._telling is not None:
                    self._telling.undeletable(message, outcome.reason)
                self._forget(message)
        if again:
            self._to_retry.append((now_seconds + _DELETE_RETRY_SECONDS, again))

    def extended(self, outcome: BatchOutcome) -> None:
        """What came of a visibility call. What failed is tried again at the next third of the timeout."""
        self._calls -= 1
        if outcome.retry:
            _log.warning("visibility of %d messages could not be changed. %s", len(outcome.retry), outcome.reason)
        self._counts.stale_receipts += len(outcome.stale)

    def _is_gone(self, message: Message) -> bool:
        newest = self._newest(message)
        if newest.receipt_handle != message.receipt_handle:
            self._to_delete.append(newest)
            return False
        self._forget(message)
        return True

    def _newest(self, message: Message) -> Message:
        ticket = self._in_flight.tickets.get(message.message_id)
        return message if ticket is None or ticket.message is None else ticket.message

    def _forget(self, message: Message) -> None:
        self._delete_tries.pop(message.message_id, None)
        ticket = self._in_flight.tickets.get(message.message_id)
        if ticket is not None:
            self._in_flight.forget(ticket)
