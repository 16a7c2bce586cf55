"""Progress of single log files, told to the supervisor if someone there wants to know."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ingester.fetch.base import Fetched, MakeRoom, Open, no_waiting
from ingester.model.frames import LogProgress, LogProgressEnd
from ingester.model.log_file import LogFile
from ingester.model.progress import ProgressState
from ingester.worker.sink import Taken


class Reports:
    """`downloads` notes from the fetching threads; all else is for the processing thread, the only one that sends."""

    def __init__(self, send: Callable[[LogProgress], None], clock: Callable[[], float]) -> None:
        self._send = send
        self._clock = clock
        self._noted: deque[LogProgress] = deque()
        self._lock = threading.Lock()
        self._jobs: dict[LogFile, deque[int]] = {}

    def assigned(self, job: int, log_file: LogFile) -> None:
        """Note which job a log file is."""
        with self._lock:
            self._jobs.setdefault(log_file, deque()).append(job)

    def downloads(self, open_: Open) -> Open:
        """The same, noting when it begins and ends."""

        def noting(log_file: LogFile, make_room: MakeRoom = no_waiting) -> Fetched:
            job = self._job(log_file)
            self._noted.append(LogProgress(job, ProgressState.DOWNLOAD_LOG))
            started_seconds = self._clock()
            reason, size_bytes = "", 0
            try:
                fetched = open_(log_file, make_room)
                size_bytes = fetched.size_bytes
                return fetched
            except Exception as error:
                reason = str(error) or type(error).__name__
                raise
            finally:
                ended = LogProgressEnd(self._clock() - started_seconds, reason, size_bytes)
                self._noted.append(LogProgress(job, ProgressState.DOWNLOAD_LOG, ended))

        return noting

    @contextmanager
    def processing(self, job: int) -> Iterator[Callable[[Taken], None]]:
        """Tell that a log file is being processed, and at the end what became of it, which the caller hands in."""
        self.send()
        self._send(LogProgress(job, ProgressState.PROCESS_LOG))
        started_seconds = self._clock()
        reason = ""
        outcome = Taken(0)

        def take(taken: Taken) -> None:
            nonlocal outcome
            outcome = taken

        try:
            yield take
        except Exception as error:
            reason = str(error) or type(error).__name__
            raise
        finally:
            ended = LogProgressEnd(
                seconds=self._clock() - started_seconds,
                reason=reason,
                json_bytes=outcome.json_bytes,
                events=outcome.events,
                events_filtered=outcome.events_filtered,
                records_quarantined=outcome.records_quarantined,
            )
            self._send(LogProgress(job, ProgressState.PROCESS_LOG, ended))

    def send(self) -> None:
        """Send what the fetching threads noted."""
        while self._noted:
            self._send(self._noted.popleft())

    def _job(self, log_file: LogFile) -> int:
        with self._lock:
            jobs = self._jobs[log_file]
            job = jobs.popleft()
            if not jobs:
                del self._jobs[log_file]
            return job
