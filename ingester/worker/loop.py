"""The worker's loop: frames in, log files through the steps, prepared commits and beats out.

One thread does it all but the fetching, so a beat means that the work itself goes on.
"""

import resource
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from ingester.fetch.ahead import FetchAhead
from ingester.fetch.base import Fetched
from ingester.fetch.open import opener
from ingester.model.crash_points import WORKER_BEGIN_LOG_FILE, crash_point
from ingester.model.errors import BadLogFileError, FetchError, FunctionError, OutputError
from ingester.model.frames import Assign, Beat, Drain, Failed, FailureKind, Flush, Raised, Returned, ToWorker
from ingester.model.settings import Settings
from ingester.worker.channel import Channel
from ingester.worker.functions import Functions
from ingester.worker.pace import JOBS_AT_FIRST, JOBS_AT_FIRST_OF_OTHERS, Pace
from ingester.worker.reports import Reports
from ingester.worker.sink import Taken, open_sink

_BEAT_SECONDS = 0.25
_IDLE_WAIT_SECONDS = 0.5
_FETCH_WAIT_SECONDS = 0.02
_STATM = Path("/proc/self/statm")
_BYTES_AHEAD_MAX = 64 << 20


def _tell_nobody(_taken: Taken) -> None:
    """In the place of a report that nobody wants."""


class WorkerLoop:
    """One worker: what it has been assigned, what it gathers, and when it speaks.

    For a worker that is a thread of the user's process: `functions`, where they have no name to be loaded by, and
    `keep_cause`, which takes a job and the error of a function, before its failure is told. `commit_prefix`: what the
    ids of its commits begin with.
    """

    def __init__(
        self,
        settings: Settings,
        channel: Channel,
        clock: Callable[[], float] = time.monotonic,
        *,
        functions: Functions | None = None,
        keep_cause: Callable[[int, FunctionError], None] | None = None,
        reports_progress: bool = False,
        commit_prefix: str = "",
    ) -> None:
        self._channel = channel
        self._clock = clock
        self._keep_cause = keep_cause
        self._reports = Reports(channel.send, clock) if reports_progress else None
        open_ = opener(settings)
        self._ahead = FetchAhead(
            self._reports.downloads(open_) if self._reports else open_, settings.fetches_ahead, _BYTES_AHEAD_MAX
        )
        self._sink = open_sink(settings, channel.send, self._progress, functions, commit_prefix)
        waits = self._sink.waits_for_others
        self._pace = Pace(clock(), JOBS_AT_FIRST_OF_OTHERS if waits else JOBS_AT_FIRST)
        self._beat_at_seconds = 0.0
        self._jobs_welcome = self._jobs_received = self._jobs_done = self._events = self._json_bytes = 0
        self._current: int | None = None
        self._flush = self._drain = False

    def run(self, frames: list[ToWorker]) -> None:
        """Work until a Drain is done. `frames`: those that arrived together with Start.

        Raises SupervisorGoneError when nobody is there any more to commit what this worker prepares.
        """
        self._beat()
        while True:
            for frame in frames:
                self._obey(frame)
            self._work()
            if self._drain and not self._ahead.pending:
                self._checkpoint()
                self._beat()
                return
            if self._reports is not None:
                self._reports.send()
            frames = self._channel.receive(0 if self._ahead.pending else self._idle_seconds())

    def close(self) -> None:
        """Fetch nothing more, and free what is held."""
        self._ahead.close()
        self._sink.close()

    def _idle_seconds(self) -> float:
        return 0 if self._flush else _IDLE_WAIT_SECONDS

    def _obey(self, frame: ToWorker) -> None:
        match frame:
            case Assign(jobs):
                self._jobs_received += len(jobs)
                for job, log_file in jobs:
                    if self._reports is not None:
                        self._reports.assigned(job, log_file)
                    self._ahead.put(job, log_file)
            case Flush():
                self._flush = True
            case Drain():
                self._drain = True
                self._channel.send(Returned(jobs=tuple(self._ahead.cancel_waiting())))
            case _:
                raise TypeError(f"{type(frame).__name__} came after the start")

    def _work(self) -> None:
        """One log file, if one is there, and what the clock asks for."""
        item = self._ahead.next(_FETCH_WAIT_SECONDS) if self._ahead.pending else None
        if item is not None and self._drain and self._sink.waits_for_others:
            self._channel.send(Returned(jobs=(item[0],)))
        elif item is not None:
            self._take(*item)
        now_seconds = self._clock()
        if self._flush and not self._ahead.pending:
            self._flush = False
            self._checkpoint()
        elif self._sink.is_due(now_seconds):
            self._checkpoint()
        self._beat_if_due(now_seconds)

    def _take(self, job: int, fetched: Fetched | FetchError) -> None:
        self._current = job
        try:
            if isinstance(fetched, FetchError):
                raise fetched
            crash_point(WORKER_BEGIN_LOG_FILE, fetched.log_file.key)
            with self._reports.processing(job) if self._reports else nullcontext(_tell_nobody) as report:
                report(self._sink.take(job, fetched))
        except BadLogFileError as error:
            self._fail("bad_log_file", str(error), job)
        except FetchError as error:
            self._fail("throttled" if error.throttled else "outage" if error.passing else "fetch", str(error), job)
        except FunctionError as error:
            self._function_failed(job, error)
        except OutputError as error:
            self._fail("output", str(error), *{job, *self._sink.abandon()})
        self._current = None
        self._jobs_done += 1

    def _fail(self, kind: FailureKind, reason: str, *jobs: int) -> None:
        for job in jobs:
            self._channel.send(Failed(job=job, kind=kind, reason=reason))

    def _function_failed(self, job: int, error: FunctionError) -> None:
        if self._keep_cause is not None:
            self._keep_cause(job, error)
        raised = Raised(error.function, error.cause_type, error.traceback)
        self._channel.send(Failed(job=job, kind="function", reason=str(error), raised=raised))

    def _checkpoint(self) -> None:
        try:
            self._sink.checkpoint()
        except OutputError as error:
            self._fail("output", str(error), *self._sink.abandon())

    def _progress(self, events: int, json_bytes: int) -> None:
        self._events += events
        self._json_bytes += json_bytes
        self._beat_if_due(self._clock())

    def _beat_if_due(self, now_seconds: float) -> None:
        if now_seconds >= self._beat_at_seconds:
            self._pace.measure(now_seconds, self._jobs_done)
            self._beat()
        elif not self._drain and self._pace.is_hungry(self._jobs_welcome, self._jobs_received, self._jobs_done):
            self._pace.grow(now_seconds, self._jobs_done)
            self._beat()

    def _beat(self) -> None:
        self._beat_at_seconds = self._clock() + _BEAT_SECONDS
        welcome = 0 if self._drain else self._jobs_done + self._pace.jobs_wanted
        self._jobs_welcome = max(welcome, self._jobs_received)
        self._channel.send(
            Beat(
                jobs_welcome=self._jobs_welcome,
                jobs_done=self._jobs_done,
                events=self._events,
                json_bytes=self._json_bytes,
                rss_bytes=_rss_bytes(),
                current=self._current,
            )
        )


def _rss_bytes() -> int:
    """Resident memory now; where there is no /proc, its peak."""
    try:
        return int(_STATM.read_bytes().split()[1]) * resource.getpagesize()
    except OSError:
        return _peak_rss_bytes()


def _peak_rss_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
