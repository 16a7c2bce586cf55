"""The user's hooks that belong to the supervisor: called in one thread of their own, so that a slow one never holds
up the loop, which extends visibility.

The loop says what to ask or to tell, and goes on; what was decided is posted to it.
"""

import logging
import queue
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from ingester.model.errors import FunctionError, IngesterError
from ingester.model.hooks import Decision, ErrorContext, ExceptionHandler, SourceFilter
from ingester.model.progress import ProgressReporter, ProgressStatus
from ingester.model.raised import function_error
from ingester.model.source import Source
from ingester.notifications.read import PARSERS, Parser
from ingester.supervisor.in_flight import Ticket

_log = logging.getLogger("ingester.hooks")

HOOKS_THREAD_NAME = "ingester-hooks"

_END_SECONDS = 5.0
"""How long the end of a run waits for hooks that have not been called yet."""

Then = Callable[[Decision | None], list[Ticket]]
"""What follows from a decision: the tickets that are settled by it. Runs in the loop's thread."""


@dataclass(frozen=True)
class Hooks:
    """What the user gave. `parsers` read notifications, in the supervisor's loop."""

    source_filter: SourceFilter | None = None
    exception_handler: ExceptionHandler | None = None
    progress_reporter: ProgressReporter | None = None
    parsers: Sequence[Parser] = PARSERS

    @property
    def want_sources(self) -> bool:
        """Whether anybody is told about sources."""
        return any((self.source_filter, self.exception_handler, self.progress_reporter))


@dataclass(frozen=True, slots=True)
class Decided:
    """What the exception handler decided; `then` does it."""

    error: IngesterError
    decision: Decision | None
    then: Then


@dataclass(frozen=True, slots=True)
class Judged:
    """What the source filter said of a ticket's source; `error` if it raised."""

    ticket: Ticket
    source: Source
    is_wanted: bool
    error: FunctionError | None = None


@dataclass(frozen=True, slots=True)
class StopAsked:
    """The user asks for the run's end."""


class HookThread:
    """Calls the hooks, in the order in which they were asked for. The thread begins with the first call."""

    def __init__(self, hooks: Hooks, post: Callable[[object], None]) -> None:
        self.hooks = hooks
        self.causes: dict[int, FunctionError] = {}
        """What a user's function raised in a worker thread of this process, by job: with its `__cause__`."""
        self._post = post
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._tokens: dict[Hashable, object] = {}
        self._thread = threading.Thread(target=self._run, name=HOOKS_THREAD_NAME, daemon=True)

    @property
    def backlog(self) -> int:
        """Calls that wait."""
        return self._calls.qsize()

    def ask(self, error: IngesterError, context: ErrorContext, then: Then) -> list[Ticket]:
        """Let the exception handler decide about an error. Without one `then` follows at once, with None."""
        handler = self.hooks.exception_handler
        if handler is None:
            return then(None)
        self._submit(lambda: self._decide(handler, error, context, then))
        return []

    def judge(self, source_filter: SourceFilter, ticket: Ticket, source: Source) -> None:
        """Ask the source filter; posts Judged."""
        self._submit(lambda: self._judge(source_filter, ticket, source))

    def report_start(self, key: Hashable, status: ProgressStatus) -> None:
        """Tell the progress reporter that a state begins; `key` finds its token at the end. From any thread."""
        reporter = self.hooks.progress_reporter
        if reporter is not None:
            self._submit(lambda: self._report_start(reporter, key, status))

    def report_end(self, key: Hashable, status: ProgressStatus) -> None:
        """Tell the progress reporter that a state has ended. From any thread."""
        reporter = self.hooks.progress_reporter
        if reporter is not None:
            self._submit(lambda: self._report_end(reporter, key, status))

    def stop(self) -> None:
        """End the thread after the calls that wait; waits for it for some seconds."""
        if self._thread.is_alive():
            self._calls.put(None)
            self._thread.join(_END_SECONDS)

    def _submit(self, call: Callable[[], None]) -> None:
        self._calls.put(call)
        if self._thread.ident is None:
            with _start_lock:
                if self._thread.ident is None:
                    self._thread.start()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                call()
            except OSError:  # the run has ended, and nobody takes what was decided any more
                return

    def _decide(self, handler: ExceptionHandler, error: IngesterError, context: ErrorContext, then: Then) -> None:
        decision = None
        try:
            decision = handler(error, context)
        except BaseException:
            _log.exception("the exception handler raised; it is as if there was none, for: %s", error)
        if not isinstance(decision, Decision | None):
            _log.error("the exception handler returned %r, which is no Decision, for: %s", decision, error)
            decision = None
        self._post(Decided(error, decision, then))

    def _judge(self, source_filter: SourceFilter, ticket: Ticket, source: Source) -> None:
        is_wanted, raised = True, None
        try:
            is_wanted = bool(source_filter(source))
        except BaseException as error:
            raised = function_error("source_filter", error)
            raised.__cause__ = error
        self._post(Judged(ticket, source, is_wanted, raised))

    def _report_start(self, reporter: ProgressReporter, key: Hashable, status: ProgressStatus) -> None:
        try:
            self._tokens[key] = reporter.report_start(status)
        except BaseException:
            _log.exception("the progress reporter raised at the start of %s", status.state)

    def _report_end(self, reporter: ProgressReporter, key: Hashable, status: ProgressStatus) -> None:
        token = self._tokens.pop(key, None)
        try:
            reporter.report_end(status, token)
        except BaseException:
            _log.exception("the progress reporter raised at the end of %s", status.state)


_start_lock = threading.Lock()
