"""From fetched log files to a user's function: the library's way, without columns and lake.

A log file counts as done once the function has taken all of its events. That is told to the supervisor a few times a
second, for several log files together: so long, at most, are the events that a crash delivers again.
"""

import time

import msgspec

from ingester.decode.events import BadRecord
from ingester.fetch.base import Fetched
from ingester.lake.layout import quarantined_records_path
from ingester.lake.quarantine import encode_record
from ingester.lake.sink import open_sink
from ingester.model.commit import DataFile, new_commit_id
from ingester.model.frames import Prepared, PreparedLogFile, RecordRefused
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings
from ingester.worker.functions import Functions
from ingester.worker.handing import Handing
from ingester.worker.reading import read_slices
from ingester.worker.sink import Emit, Progress, Taken

_TOLD_EVERY_SECONDS = 0.25
_RAW_BYTES_MAX = 1 << 20


class Processing:
    """See `ingester.worker.sink.Sink`."""

    waits_for_others = True

    def __init__(
        self, settings: Settings, functions: Functions, emit: Emit, progress: Progress, commit_prefix: str = ""
    ) -> None:
        self._settings = settings
        self._commit_prefix = commit_prefix
        self._functions = functions
        self._emit = emit
        self._progress = progress
        self._since_seconds = 0.0
        self._done: list[PreparedLogFile] = []
        self._bad: list[tuple[LogFile, list[BadRecord]]] = []

    def is_due(self, now_seconds: float) -> bool:
        """Whether some log file has been done for long enough."""
        return bool(self._done) and now_seconds - self._since_seconds >= _TOLD_EVERY_SECONDS

    def take(self, job: int, fetched: Fetched) -> Taken:
        """Decode a log file and give its events to the functions.

        One of more than a slice may turn out bad after the function took some of its events; they come again with the
        next attempt.
        """
        if not self._done:
            self._since_seconds = time.monotonic()
        log_file = fetched.log_file
        reading = read_slices(fetched.chunks, self._settings)
        handing = Handing(self._functions, self._settings, log_file, lambda events: self._progress(events, 0))
        for some, starts in reading.slices:
            handing.take(some, starts)
        handing.finish()
        json_bytes = reading.json_bytes()
        self._refuse(job, log_file, handing.bad)
        self._done.append(
            PreparedLogFile(
                job=job,
                etag=log_file.etag or "",
                rows=handing.events,
                json_bytes=json_bytes,
                quarantined_records=len(handing.bad),
                filtered_records=handing.filtered,
            )
        )
        self._progress(0, json_bytes)
        return Taken(json_bytes, handing.events, handing.filtered, len(handing.bad))

    def checkpoint(self) -> None:
        """Tell which log files are done, the records that can't be read in the quarantine."""
        if not self._done:
            return
        self._functions.flush()
        commit_id = new_commit_id(self._commit_prefix)
        data_files = self._quarantine(commit_id)
        done, self._done, self._bad = self._done, [], []
        self._emit(Prepared(commit_id=commit_id, data_files=data_files, log_files=tuple(done)))

    def abandon(self) -> list[int]:
        """Forget which log files are done: their events come again."""
        jobs = [done.job for done in self._done]
        self._done, self._bad = [], []
        return jobs

    def close(self) -> None:
        """End the functions' event loop."""
        self._functions.close()

    def _refuse(self, job: int, log_file: LogFile, bad: list[BadRecord]) -> None:
        if bad and self._settings.state_dir is not None:
            self._bad.append((log_file, bad))
        for record in bad:
            raw_bytes = record.raw_bytes[:_RAW_BYTES_MAX]
            self._emit(RecordRefused(job=job, record_index=record.index, reason=record.reason, raw_bytes=raw_bytes))

    def _quarantine(self, commit_id: str) -> tuple[DataFile, ...]:
        if not self._bad:
            return ()
        sink = open_sink(msgspec.structs.replace(self._settings, output=self._settings.state_dir or ""), commit_id)
        file = sink.create(quarantined_records_path(commit_id))
        for log_file, bad in self._bad:
            for record in bad:
                file.write(encode_record(log_file.uri, record.index, record.reason, record.raw_bytes))
        file.close()
        sink.finish()
        return (file.data_file(sum(len(bad) for _, bad in self._bad), "quarantine"),)
