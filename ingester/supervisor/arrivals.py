"""What comes in, from queues or from a listing: read, filtered by the user's source filter, and admitted."""

import logging
import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ingester.ledger.base import Ledger
from ingester.model.errors import Doubt, FunctionError, IngesterError, OutputError, UnknownNotificationError
from ingester.model.hooks import Decision, ErrorContext
from ingester.model.log_file import LogFile
from ingester.model.message import Message
from ingester.model.notification import Notification, NotificationKind
from ingester.model.progress import ProgressState
from ingester.model.source import Source
from ingester.supervisor.acknowledge import Acknowledger
from ingester.supervisor.admit import admit, understand
from ingester.supervisor.counts import Counts
from ingester.supervisor.doubted import Doubted
from ingester.supervisor.hooks import HookThread, Judged, Then
from ingester.supervisor.in_flight import InFlight, Ticket
from ingester.supervisor.telling import Telling

_log = logging.getLogger("ingester.queue")

_LEDGER_AGAIN_SECONDS = 1.0

NO_DOUBTS: Mapping[str, Doubt] = MappingProxyType({})
"""All messages are believed."""


class Arrivals:
    """Used by the loop's thread only. `acknowledger` is None without a queue."""

    def __init__(
        self,
        in_flight: InFlight,
        ledger: Ledger,
        counts: Counts,
        acknowledger: Acknowledger | None,
        hooks: HookThread,
        telling: Telling,
        *,
        delete_upon_failure: bool = False,
    ) -> None:
        self._in_flight = in_flight
        self._ledger = ledger
        self._counts = counts
        self._acknowledger = acknowledger
        self._hooks = hooks
        self._want_sources = hooks.hooks.want_sources
        self._telling = telling
        self._delete_upon_failure = delete_upon_failure
        self._judged: dict[int, Ticket] = {}
        self._announced: list[tuple[Ticket, tuple[LogFile, ...]]] = []
        self._again_at_seconds = 0.0
        self.doubted = Doubted(in_flight, counts, hooks)
        """Messages that are not believed, or not yet."""
        self.ledger_trouble: OutputError | None = None
        """Why the ledger can't be asked what is in already; what arrives waits until it can."""

    @property
    def is_idle(self) -> bool:
        """Whether no source waits for the ledger, for the user's filter, or for what to do about it."""
        return not (self._judged or self._announced or self.doubted.waiting)

    def received(
        self, messages: Iterable[Message], doubts: Mapping[str, Doubt] = NO_DOUBTS, *, draining: bool
    ) -> list[Ticket]:
        """Take the messages of one receive call in, to be admitted; at a drain give them back. The tickets that are
        settled already.

        `doubts`: why some are not believed, by receipt handle.
        """
        new = []
        for message in messages:
            ticket, is_new = self._in_flight.ticket_for(message)
            if is_new:
                new.append((message, ticket))
        tickets = [ticket for _, ticket in new]
        if draining:
            for ticket in tickets:
                ticket.failed = True
            return tickets
        if self._acknowledger is not None and new:
            self._acknowledger.in_hand(tickets, new[0][0].received_at_seconds)
        settled: list[Ticket] = []
        for message, ticket in new:
            settled += self._take(message, ticket, doubts.get(message.receipt_handle))
        return settled

    def checked(self, messages: Iterable[Message], doubts: Mapping[str, Doubt]) -> list[Ticket]:
        """Take messages whose certificates were asked for again; the tickets that are settled already."""
        settled: list[Ticket] = []
        for message in messages:
            doubt = doubts.get(message.receipt_handle)
            ticket = self.doubted.answered(message, doubt)
            if ticket is not None:
                settled += self._take(message, ticket, doubt)
        return settled

    def listed(self, log_files: Iterable[LogFile]) -> None:
        """Take listed log files in, to be admitted."""
        for log_file in log_files:
            self._announce(Ticket(None), Source((log_file,)))

    def judged(self, judged: Judged, *, draining: bool) -> list[Ticket]:
        """The source filter has spoken; the tickets that are settled by it."""
        ticket, source = judged.ticket, judged.source
        if id(ticket) not in self._judged:
            return []  # given back at the end of the grace time
        if draining:
            return self._fail(ticket)
        if judged.error is not None:
            context = ErrorContext(ProgressState.PROCESS_SOURCE, source)
            return self._hooks.ask(judged.error, context, self._filter_raised(ticket, judged.error))
        del self._judged[id(ticket)]
        if judged.is_wanted:
            self._announced.append((ticket, source.log_files))
            return []
        self._counts.sources_filtered += 1
        ticket.filtered = True
        return [ticket]

    def admit(self, now_seconds: float) -> list[Ticket]:
        """Admit all that has come since the last time, with one question to the ledger; the tickets that wait for
        nothing. If the ledger can't be read, all waits, and it is asked once more a second later."""
        if not self._announced or now_seconds < self._again_at_seconds:
            return []
        try:
            tickets = admit(self._announced, self._in_flight, self._ledger, self._counts)
        except OutputError as error:
            self.ledger_trouble = error
            self._again_at_seconds = now_seconds + _LEDGER_AGAIN_SECONDS
            return []
        self._announced, self.ledger_trouble, self._again_at_seconds = [], None, 0.0
        return tickets

    def drop_unadmitted(self) -> list[Ticket]:
        """Wait for the ledger and for certificates no longer, at a drain; the tickets that are settled by it."""
        tickets = [ticket for ticket, _ in self._announced]
        self._announced, self.ledger_trouble, self._again_at_seconds = [], None, 0.0
        for ticket in tickets:
            ticket.failed = True
        return tickets + self.doubted.drop()

    def drop(self) -> list[Ticket]:
        """Wait for the filter no longer, at the end of the grace time; the tickets that are settled by it."""
        return [ticket for waiting in list(self._judged.values()) for ticket in self._fail(waiting)]

    def _take(self, message: Message, ticket: Ticket, doubt: Doubt | None) -> list[Ticket]:
        """Note what a message announces; else, once it is decided what to do about it, what is settled."""
        if doubt is not None:
            return self.doubted.doubt(ticket, message, doubt, time.monotonic())
        told = self._telling if self._telling.is_on else None
        if told:
            told.parsing(message)
        try:
            notification = understand(message, self._counts, self._hooks.hooks.parsers)
        except UnknownNotificationError as error:
            if told:
                told.parsed(message, success=False)
            context = ErrorContext(ProgressState.PARSE_MESSAGE, _source(message, ()))
            return self._hooks.ask(error, context, self._not_understood(ticket, message, error))
        if told:
            told.parsed(message, success=True)
        self._announce(ticket, notification)
        return []

    def _not_understood(self, ticket: Ticket, message: Message, error: IngesterError) -> Then:
        def then(decision: Decision | None) -> list[Ticket]:
            if self._in_flight.tickets.get(message.message_id) is not ticket:
                return []
            if decision is Decision.QUARANTINE or (decision is None and self._delete_upon_failure):
                _log.warning("message %s is deleted: %s", message.message_id, error)
                return [ticket]
            _log.warning("message %s stays in the queue: %s", message.message_id, error)
            ticket.failed = True
            return [ticket]

        return then

    def _filter_raised(self, ticket: Ticket, error: FunctionError) -> Then:
        def then(decision: Decision | None) -> list[Ticket]:
            if self._judged.pop(id(ticket), None) is None:
                return []
            _log.warning(
                "%s Its source is %s.", error, "skipped" if decision is Decision.QUARANTINE else "given back"
            )
            ticket.failed = decision is not Decision.QUARANTINE
            return [ticket]

        return then

    def _announce(self, ticket: Ticket, found: Notification | Source) -> None:
        """Let the source filter judge what was announced, or let it be admitted."""
        if self._want_sources:
            message = ticket.message
            ticket.source = _source(message, found.log_files, found.kind) if message else Source(found.log_files)
            self._telling.source_starts(ticket)
            source_filter = self._hooks.hooks.source_filter
            if source_filter is not None and found.log_files:
                self._judged[id(ticket)] = ticket
                self._hooks.judge(source_filter, ticket, ticket.source)
                return
        self._announced.append((ticket, found.log_files))

    def _fail(self, ticket: Ticket) -> list[Ticket]:
        self._judged.pop(id(ticket), None)
        ticket.failed = True
        return [ticket]


def _source(message: Message, log_files: tuple[LogFile, ...], kind: NotificationKind | None = None) -> Source:
    return Source(log_files, kind, message.queue_url, message.message_id, message.receive_count, message.body)
