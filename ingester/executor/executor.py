"""`ProcessingExecutor`: receives, fetches and decodes in the background, and gives the events to a function."""

import logging
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType

from msgspec.structs import replace

from ingester.executor.threads import THREAD_NAME, WorkerThread
from ingester.model.callables import check_hook, check_processor, check_reporter
from ingester.model.errors import ConfigurationError, IngesterError
from ingester.model.filters import compile_filters
from ingester.model.hooks import (
    Decision,
    ErrorContext,
    EventFilter,
    EventsFunction,
    EventsProcessor,
    ExceptionHandler,
    SourceFilter,
)
from ingester.model.named import is_loading, load_named, name_of
from ingester.model.progress import ProgressReporter
from ingester.model.setting_names import in_settings
from ingester.model.settings import Settings
from ingester.notifications.read import PARSERS, Parser
from ingester.supervisor.counts import Counts
from ingester.supervisor.hooks import HOOKS_THREAD_NAME, Hooks, HookThread
from ingester.supervisor.run import Library, run_backfill, run_queues
from ingester.supervisor.worker_link import Launch
from ingester.worker.functions import Functions

_log = logging.getLogger("ingester.executor")

Process = EventsFunction | EventsProcessor | type[EventsProcessor] | str
"""What takes the events: a function, plain or `async`; an object with such a method `process`; a class of such
objects, which is called without arguments, once in each worker, and whose object's `close`, if it has one, is called
at that worker's end; or any of these by name, `package.module:name`."""


class ProcessingExecutor:
    """Gives the events of CloudTrail log files to a function: of those that queues announce, or of a directory.

    `process` is called with 1 to `settings.max_events_per_emit` events of one log file, in the file's order, and each
    event at least once: a log file is done when the function has returned for all of its events, and its message is
    deleted when all of its log files are done. What the function raises fails that log file alone, which is tried
    again.

    With `settings.workers` processes, `process` and `event_filter` must have a name that these can import: give
    "package.module:name", or a function or a class at the top level of a module. With `workers=0`, and by default
    for anything but a name, they run in `settings.threads` threads of this process, one call at a time in each.
    The other hooks are called in this process, in one thread, one call at a time; see `ingester.model.hooks`.

    An executor runs once. It may be made and used in any thread, and several may run in one process. It installs no
    signal handlers: call `stop` from yours. Without `wait` or `stop` the run ends with the process, unfinished.

    `notifications` reads message bodies: `(*PARSERS, my_parser)` adds a form of one's own.
    Raises ConfigurationError where the settings name no queue and no source, or a function has no name that it needs.
    """

    def __init__(
        self,
        process: Process,
        settings: Settings,
        *,
        source_filter: SourceFilter | str | None = None,
        event_filter: EventFilter | str | None = None,
        exception_handler: ExceptionHandler | None = None,
        progress_reporter: ProgressReporter | None = None,
        notifications: Sequence[Parser] = PARSERS,
    ) -> None:
        _check_source(settings)
        source_filter = load_named(source_filter) if isinstance(source_filter, str) else source_filter
        check_hook("source_filter", source_filter, 1)
        check_hook("exception_handler", exception_handler, 2)
        check_reporter(progress_reporter)
        self._hooks = Hooks(source_filter, _in_settings(exception_handler), progress_reporter, notifications)
        self._stopping = threading.Event()
        event_filter = event_filter or settings.event_filter
        if settings.workers == 0 or (settings.workers is None and not isinstance(process, str)):
            self._settings = replace(settings, processor=None, event_filter=None)
            self._library = self._with_threads(process, event_filter)
        else:
            _check_session(settings)
            self._settings = replace(settings, processor=_name(process), event_filter=_name(event_filter))
            self._library = Library(self._hooks, on_started=self._on_started, stopping=self._stopping)
        self._counts = Counts()
        self._thread = threading.Thread(target=self._run, name="ingester-executor", daemon=True)
        self._begun = threading.Event()
        self._ended = threading.Event()
        self._ask_to_stop: Callable[[], None] | None = None
        self._start_error: BaseException | None = None
        """What `start` raises, and nobody else: the run never began."""
        self._error: BaseException | None = None
        self._raising = threading.Lock()

    @property
    def counts(self) -> Counts:
        """What has been done so far. Read it from any thread; it goes on counting until the run has ended."""
        return self._counts

    @property
    def is_running(self) -> bool:
        """Whether the run has begun and not ended."""
        return self._begun.is_set() and not self._ended.is_set()

    def start(self) -> None:
        """Begin, in the background. Returns once everything that can be checked was checked.

        Raises ConfigurationError (no such queue, no credentials, a function that can't be imported, …) and then
        nothing has begun; RuntimeError if it was started before. While SQS or S3 is away it waits, and logs so;
        `stop` in another thread ends that: then it returns, and the run has ended before it began, without an error.
        """
        _check_not_importing()
        if self._thread.ident is not None:
            raise RuntimeError("An executor runs once: make another one.")
        self._thread.start()
        self._begun.wait()
        if self._start_error is not None:
            raise self._start_error

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for the run's end, at most so long; whether it has ended.

        It ends by `stop`, by itself with `until_empty` or a `source`, or by an error, which is raised here, once: an
        IngesterError, ProcessingStoppedError among them. What kept it from beginning is raised by `start` alone.
        """
        has_ended = self._ended.wait(timeout_seconds)
        if has_ended:
            self._raise_error()
        return has_ended

    def stop(self) -> None:
        """End the run: receive nothing more, wait for the functions that run, for `settings.grace_seconds` at most,
        and make the messages of all that is unfinished visible again at once. Returns when that is done.

        From one of the executor's own threads (in a hook, or in `process` with `workers=0`) it only asks for the end.
        While `start` still waits for SQS or S3 it ends that waiting, and neither of the two raises anything for it.
        Raises what `wait` does. Called again, or after the end, it does nothing.
        """
        self._stopping.set()
        if self._ask_to_stop is not None:
            self._ask_to_stop()
        if threading.current_thread().name.startswith((THREAD_NAME, HOOKS_THREAD_NAME)):
            return
        if self._thread.ident is not None:
            self.wait()

    def __enter__(self) -> "ProcessingExecutor":
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop. An error of the run is raised, unless another one is on its way already: then it is logged."""
        try:
            self.stop()
        except Exception as of_run:
            if error is None:
                raise
            _log.error("the run ended with: %s", of_run)

    def _run(self) -> None:
        try:
            if self._settings.source is not None:
                run_backfill(self._settings, self._settings.source, library=self._library, counts=self._counts)
            else:
                run_queues(self._settings, library=self._library, counts=self._counts)
        except BaseException as error:
            if isinstance(error, IngesterError):
                error.reword(in_settings)
            if self._begun.is_set():
                self._error = error
            else:
                self._start_error = error
        finally:
            self._ended.set()
            self._begun.set()

    def _on_started(self, ask_to_stop: Callable[[], None]) -> None:
        self._ask_to_stop = ask_to_stop
        if self._stopping.is_set():
            ask_to_stop()
        self._begun.set()

    def _raise_error(self) -> None:
        with self._raising:  # `stop` and `wait` may be in two threads
            error, self._error = self._error, None
        if error is not None:
            raise error

    def _with_threads(self, process: Process, event_filter: EventFilter | str | None) -> Library:
        settings = self._settings
        keep = compile_filters(settings.include, settings.exclude)
        loaded = load_named(process) if isinstance(process, str) else process
        check_processor(loaded)
        wanted = load_named(event_filter) if isinstance(event_filter, str) else event_filter
        check_hook("event_filter", wanted, 1)

        def launch(hooks: HookThread) -> Launch:
            return partial(
                WorkerThread,
                make_functions=lambda: Functions(loaded, wanted, keep),
                keep_cause=hooks.causes.__setitem__,
                reports_progress=hooks.hooks.progress_reporter is not None,
            )

        return Library(
            self._hooks, launch, settings.threads,
            takes_events=True, on_started=self._on_started, stopping=self._stopping,
        )  # fmt: skip


def _in_settings(handler: ExceptionHandler | None) -> ExceptionHandler | None:
    """The same, told of errors in the library's words."""
    if handler is None:
        return None

    def told(error: IngesterError, context: ErrorContext) -> Decision | None:
        error.reword(in_settings)
        return handler(error, context)

    return told


def _name(function: object) -> str | None:
    return function if function is None or isinstance(function, str) else name_of(function)


def _check_source(settings: Settings) -> None:
    if bool(settings.queue_urls) == (settings.source is not None):
        raise ConfigurationError(
            "The settings must name either queues or a source of log files.",
            hint="Give Settings(queue_url=…), or Settings(source=…) with a directory or s3://bucket/prefix.",
        )


def _check_session(settings: Settings) -> None:
    if settings.session is not None:
        raise ConfigurationError(
            "A boto3 session can't be sent to worker processes.",
            hint="Use workers=0, or set AWS_PROFILE (or AWS_ACCESS_KEY_ID, …), which worker processes inherit.",
        )


def _check_not_importing() -> None:
    """Neither in a worker process, nor here, while a file is run only to take a function out of it."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if is_loading() or (spec is not None and spec.name == "ingester.worker.__main__"):
        raise ConfigurationError(
            "Worker processes import the file with your function, and importing it starts an executor.",
            hint='Put what starts the executor under `if __name__ == "__main__":`.',
        )
