"""What a progress reporter is told: every state, of the loop and of the workers, with its true counts at its end."""

import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

import msgspec

from ingester.model.errors import IngesterError
from ingester.model.frames import LogProgress
from ingester.model.hooks import Decision, ErrorContext
from ingester.model.message import Message
from ingester.model.progress import (
    LogInfo,
    MessageInfo,
    PollQueueInfo,
    ProgressInfo,
    ProgressState,
    ProgressStatus,
    SourceInfo,
)
from ingester.sqs.calls import Operation, SqsCalls
from ingester.supervisor.hooks import HookThread
from ingester.supervisor.in_flight import InFlight, Job, Ticket


class Telling:
    """Used by the loop's thread only. Does nothing without a reporter."""

    def __init__(self, hooks: HookThread, in_flight: InFlight, clock: Callable[[], float] = time.monotonic) -> None:
        self._hooks = hooks
        self._in_flight = in_flight
        self._clock = clock
        self.is_on = hooks.hooks.progress_reporter is not None
        """Whether there is a reporter."""
        self._started: dict[Hashable, float] = {}

    def parsing(self, message: Message) -> None:
        """A message body is about to be read. Only if `is_on`."""
        self._message_starts(ProgressState.PARSE_MESSAGE, message)

    def parsed(self, message: Message, *, success: bool) -> None:
        """A message body was read. Only if `is_on`."""
        self._message_ends(ProgressState.PARSE_MESSAGE, message, success=success)

    def deleting(self, messages: Iterable[Message]) -> None:
        """Messages are about to be deleted."""
        for message in messages if self.is_on else ():
            self._message_starts(self._deletion(message), message)

    def deleted(self, messages: Iterable[Message], *, success: bool) -> None:
        """Messages are deleted, or could not be. To be told while their tickets are still known."""
        for message in messages if self.is_on else ():
            self._message_ends(self._deletion(message), message, success=success)

    def undeletable(self, message: Message, reason: str) -> None:
        """A message could not be deleted, for good: it will come back and be recognised."""
        self.deleted([message], success=False)
        ticket = self._in_flight.tickets.get(message.message_id)
        context = ErrorContext(self._deletion(message), ticket.source if ticket else None)
        self._hooks.ask(
            IngesterError(f"Message {message.message_id} could not be deleted. {reason}"), context, _nothing
        )

    def source_starts(self, ticket: Ticket) -> None:
        """A ticket's source is in hand."""
        if self.is_on and ticket.source is not None:
            self._start(("source", id(ticket)), ProgressState.PROCESS_SOURCE, SourceInfo(ticket.source))

    def sources_end(self, tickets: Iterable[Ticket]) -> None:
        """Tickets are settled."""
        for ticket in tickets if self.is_on else ():
            if ticket.source is not None:
                info = SourceInfo(
                    source=ticket.source,
                    filtered=ticket.filtered,
                    events=ticket.events,
                    events_filtered=ticket.events_filtered,
                    records_quarantined=ticket.records_quarantined,
                    success=not ticket.failed,
                )
                self._end(("source", id(ticket)), ProgressState.PROCESS_SOURCE, info)

    def log_progress(self, frame: LogProgress, job: Job | None) -> None:
        """A worker tells of a log file; `job` is None when it is not in hand any more."""
        if not self.is_on or job is None:
            return
        source = next((waiter.ticket.source for waiter in job.waiters), None)
        info = LogInfo(log_file=job.log_file, source=source)
        key = (frame.state, frame.job)
        if frame.ended is None:
            self._start(key, frame.state, info)
            return
        ended = msgspec.structs.asdict(frame.ended)
        status = ProgressStatus(frame.state, msgspec.structs.replace(info, **ended, success=not frame.ended.reason))
        self._hooks.report_end(key, status)

    def _deletion(self, message: Message) -> ProgressState:
        ticket = self._in_flight.tickets.get(message.message_id)
        is_filtered = ticket is not None and ticket.filtered
        return ProgressState.DELETE_FILTERED_MESSAGE if is_filtered else ProgressState.DELETE_MESSAGE

    def _message_starts(self, state: ProgressState, message: Message) -> None:
        self._start((state, message.receipt_handle), state, MessageInfo(message.queue_url, message.message_id))

    def _message_ends(self, state: ProgressState, message: Message, *, success: bool) -> None:
        info = MessageInfo(message.queue_url, message.message_id, success)
        self._end((state, message.receipt_handle), state, info)

    def _start(self, key: Hashable, state: ProgressState, info: ProgressInfo) -> None:
        self._started[key] = self._clock()
        self._hooks.report_start(key, ProgressStatus(state, info))

    def _end(self, key: Hashable, state: ProgressState, info: ProgressInfo) -> None:
        started_seconds = self._started.pop(key, None)
        if started_seconds is not None:
            seconds = self._clock() - started_seconds
            self._hooks.report_end(key, ProgressStatus(state, msgspec.structs.replace(info, seconds=seconds)))


def _nothing(_decision: Decision | None) -> list[Ticket]:
    """What follows from an error that is only told."""
    return []


def telling_of_receives(client: SqsCalls, hooks: HookThread | None) -> SqsCalls:
    """The same client, telling of its receive calls if there is a reporter."""
    if hooks is None or hooks.hooks.progress_reporter is None:
        return client
    return TellingCalls(client, hooks)


class TellingCalls:
    """A client of SQS that tells of its receive calls, from the threads that make them. See `SqsCalls`."""

    def __init__(self, client: SqsCalls, hooks: HookThread, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._hooks = hooks
        self._clock = clock

    def call(self, operation: Operation, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """See `SqsCalls`."""
        if operation != "ReceiveMessage":
            return self._client.call(operation, parameters)
        key = object()
        info = PollQueueInfo(parameters["QueueUrl"])
        self._hooks.report_start(key, ProgressStatus(ProgressState.POLL_QUEUE, info))
        started_seconds = self._clock()
        try:
            answer = self._client.call(operation, parameters)
            info = PollQueueInfo(info.queue_url, messages=len(answer.get("Messages") or ()), success=True)
            return answer
        finally:
            info = msgspec.structs.replace(info, seconds=self._clock() - started_seconds)
            self._hooks.report_end(key, ProgressStatus(ProgressState.POLL_QUEUE, info))
