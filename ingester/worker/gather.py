"""From fetched log files to a prepared commit: the order of the steps between fetch and the supervisor.

A checkpoint lies only between log files. A log file that fits in memory is validated as a whole before its first
row is staged, so a bad one leaves no row behind. One that streams may turn out bad in the middle: it gets a
commit of its own, and when it fails, that stage is thrown away and nobody else's rows with it.
"""

import time
from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
from msgspec import Raw

from ingester.decode.at_once import NotAtOnceError, decode_at_once, together
from ingester.decode.events import BadRecord, check_bad_records
from ingester.decode.parts import decode_with_shared_parts
from ingester.decode.read import RawBatch, Records, hold, records_of
from ingester.fetch.base import Fetched
from ingester.lake.stage import Stage
from ingester.model.commit import CommittedLogFile, new_commit_id
from ingester.model.crash_points import (
    WORKER_AFTER_PREPARED,
    WORKER_AFTER_STAGE_FINISH,
    WORKER_BEFORE_STAGE_FINISH,
    WORKER_MID_LOG_FILE,
    crash_point,
)
from ingester.model.errors import BadLogFileError, FetchError, FunctionError
from ingester.model.filters import compile_filters
from ingester.model.frames import Prepared, PreparedLogFile
from ingester.model.settings import Settings
from ingester.worker.functions import Functions
from ingester.worker.handing import Handing
from ingester.worker.pool import GatheredLogFile, Pool, Slices
from ingester.worker.positions import read_with_positions
from ingester.worker.reading import Located, located
from ingester.worker.rows import Quarantine, rows_of
from ingester.worker.sink import Taken

_LARGE_BYTES = 2 << 20
"""A log file with more JSON may have more records than are made into rows together. With a quarter of this, log files
of 500 events (0.8 MB) became rows one by one, which took a tenth more CPU (measured)."""

LOG_FILES_IN_COMMIT_MAX = 50_000
"""Keeps a Prepared frame, a ledger transaction and the work that a crash repeats within bounds."""


class Gathering:
    """Rows of many log files on their way into the next commit of this worker: see `ingester.worker.sink.Sink`.

    `emit` takes each prepared commit; `progress` is called between chunks with the rows and bytes of JSON done. With
    `functions`, these are given a log file's events before any of its rows is gathered: at least once, while the rows
    are committed exactly once. `commit_prefix`: what the ids of its commits begin with.
    """

    def __init__(
        self,
        settings: Settings,
        emit: Callable[[Prepared], None],
        progress: Callable[[int, int], None],
        functions: Functions | None = None,
        commit_prefix: str = "",
    ) -> None:
        self._settings = settings
        self._commit_prefix = commit_prefix
        self._emit = emit
        self._progress = progress
        self._functions = functions
        self._keep = None if functions else compile_filters(settings.include, settings.exclude)
        self._begin()

    @property
    def waits_for_others(self) -> bool:
        """Whether functions of a user are called."""
        return self._functions is not None

    def _begin(self) -> None:
        self._stage = Stage(self._settings, new_commit_id(self._commit_prefix))
        self._pool = Pool()
        self._slices = Slices()
        self._log_files: list[GatheredLogFile] = []
        self._undated_rows = 0
        self._since_seconds = 0.0

    def is_due(self, now_seconds: float) -> bool:
        """Whether the oldest row has waited for the flush interval, or the commit is as large as it may be."""
        if not self._log_files:
            return False
        waited_seconds = now_seconds - self._since_seconds
        return (
            waited_seconds >= self._settings.flush_interval_seconds or len(self._log_files) >= LOG_FILES_IN_COMMIT_MAX
        )

    def take(self, job: int, fetched: Fetched) -> Taken:
        """Decode a log file and gather its rows.

        Raises BadLogFileError, FetchError or FunctionError, and then nothing of the log file is in any commit;
        OutputError when the stage can't be written, and then `abandon` tells which jobs must be done again.
        """
        gathered = GatheredLogFile(job, fetched.log_file, fetched.log_file.uri)
        if self._functions is None:
            text = hold(fetched.chunks)
            if isinstance(text, bytes) and self._take_at_once(gathered, text):
                return Taken(len(text))
            records = records_of(text)
            self._take(GatheredLogFile(job, fetched.log_file, gathered.uri), records, records.batches)
            return Taken(records.json_bytes)
        records, positions = read_with_positions(fetched.chunks, self._settings)
        handing = Handing(self._functions, self._settings, fetched.log_file, self._beat, notes_kept=True)
        self._take(gathered, records, _handed(handing, located(records, positions, self._settings)))
        gathered.filtered_records = handing.filtered
        return Taken(records.json_bytes, handing.events, handing.filtered, len(handing.bad))

    def close(self) -> None:
        """End the functions' event loop."""
        if self._functions is not None:
            self._functions.close()

    def _beat(self, _events: int) -> None:
        self._progress(0, 0)

    def _take_at_once(self, gathered: GatheredLogFile, data: bytes) -> bool:
        """Gather the rows of a log file that is in memory, looking at it only once.

        False, and nothing of it is gathered, if it has to be checked first. Rows of a large file are made while the
        rest of it is decoded, as its events would fall out of the L2 cache, and staged when all of it was.
        """
        is_large = len(data) > _LARGE_BYTES
        if is_large:
            self._write_slices(rest=True)
        slices = Slices()
        batches = []
        try:
            for some in decode_at_once(data):
                slices.add(gathered, some)
                if is_large and slices.are_enough(self._settings.batch_rows):
                    batches.append(self._rows_of_slices(slices, _refuse))
                    slices = Slices()
                    self._progress(0, 0)
        except NotAtOnceError:
            return False
        self._begin_log_file(gathered)
        self._slices.extend(slices)
        for batch in batches:
            self._write_rows(batch, gathered)
        self._write_slices(rest=False)
        self._end_log_file(gathered, len(data))
        return True

    def _take(self, gathered: GatheredLogFile, records: Records, batches: Iterator[RawBatch]) -> None:
        if records.is_whole:
            # all of them now: a user's function that raises must leave no row behind
            self._gather(gathered, records, list(batches))
            return
        self.checkpoint()
        try:
            self._gather(gathered, records, batches)
        except (BadLogFileError, FetchError, FunctionError):
            self.abandon()
            raise
        self.checkpoint()

    def _gather(self, gathered: GatheredLogFile, records: Records, batches: Iterable[RawBatch]) -> None:
        self._begin_log_file(gathered)
        for batch in batches:
            self._pool.add(gathered, batch.first_index, batch.raws)
            self._write_pool(rest=False)
            if not records.is_whole:
                check_bad_records(gathered.quarantined_records)
        self._end_log_file(gathered, records.json_bytes)

    def _begin_log_file(self, gathered: GatheredLogFile) -> None:
        if not self._log_files:
            self._since_seconds = time.monotonic()
        self._log_files.append(gathered)

    def _end_log_file(self, gathered: GatheredLogFile, json_bytes: int) -> None:
        gathered.json_bytes = json_bytes
        self._progress(0, json_bytes)

    def _write_pool(self, *, rest: bool) -> None:
        for chunk in self._pool.take_chunks(self._settings.batch_rows, rest=rest):
            batch = rows_of(chunk.spans, decode_with_shared_parts(chunk.raws), self._keep, self._quarantine)
            self._write_rows(batch, chunk.spans[-1].log_file)

    def _write_slices(self, *, rest: bool) -> None:
        slices = self._slices
        if slices.are_enough(self._settings.batch_rows) or (rest and slices.rows):
            self._slices = Slices()
            self._write_rows(self._rows_of_slices(slices, self._quarantine), slices.found[-1][0].log_file)

    def _rows_of_slices(self, slices: Slices, quarantine: Quarantine) -> pa.RecordBatch | None:
        sharing = together([some for _, some in slices.found])
        return rows_of([span for span, _ in slices.found], sharing, self._keep, quarantine)

    def _write_rows(self, batch: pa.RecordBatch | None, last: GatheredLogFile) -> None:
        if batch is not None:
            self._undated_rows += batch.column("eventTime").null_count
            self._stage.write(batch)
        self._progress(batch.num_rows if batch else 0, 0)
        crash_point(WORKER_MID_LOG_FILE, last.uri)

    def _quarantine(self, gathered: GatheredLogFile, index: int, record: BadRecord) -> None:
        self._stage.quarantine_record(gathered.uri, index, record.reason, record.raw_bytes)

    def checkpoint(self) -> None:
        """Make everything gathered durable and emit it as one prepared commit; nothing gathered, nothing done.

        Raises OutputError; `abandon` then tells which jobs must be done again.
        """
        if not self._log_files:
            return
        if self._functions is not None:
            self._functions.flush()
        self._write_pool(rest=True)
        self._write_slices(rest=True)
        crash_point(WORKER_BEFORE_STAGE_FINISH)
        data_files = self._stage.finish(tuple(_committed(gathered) for gathered in self._log_files))
        crash_point(WORKER_AFTER_STAGE_FINISH)
        prepared = Prepared(
            commit_id=self._stage.commit_id,
            data_files=data_files,
            log_files=tuple(_prepared(gathered) for gathered in self._log_files),
            undated_rows=self._undated_rows,
        )
        self._begin()
        self._emit(prepared)
        crash_point(WORKER_AFTER_PREPARED)

    def abandon(self) -> list[int]:
        """Throw away what was gathered since the last checkpoint; its jobs, of which nothing will be committed."""
        jobs = [gathered.job for gathered in self._log_files]
        stage = self._stage
        self._begin()
        stage.discard()
        return jobs


def _refuse(_gathered: GatheredLogFile, _index: int, _record: BadRecord) -> None:
    raise NotAtOnceError


def _committed(gathered: GatheredLogFile) -> CommittedLogFile:
    log_file = gathered.log_file
    return CommittedLogFile(
        identity=log_file.identity,
        place=log_file.place,
        uri=gathered.uri,
        etag=log_file.etag or "",
        rows=gathered.rows,
        quarantined_records=gathered.quarantined_records,
        filtered_records=gathered.filtered_records,
    )


def _prepared(gathered: GatheredLogFile) -> PreparedLogFile:
    return PreparedLogFile(
        job=gathered.job,
        etag=gathered.log_file.etag or "",
        rows=gathered.rows,
        json_bytes=gathered.json_bytes,
        quarantined_records=gathered.quarantined_records,
        filtered_records=gathered.filtered_records,
    )


def _handed(handing: Handing, slices: Located) -> Iterator[RawBatch]:
    """The records that are not filtered, in runs that follow one another, once the functions have taken them."""
    for some, starts in slices:
        handing.take(some, starts)
        run: list[Raw] = []
        first_index = 0
        for index in handing.take_kept():
            if index != first_index + len(run) and run:
                yield RawBatch(first_index, run)
                run = []
            if not run:
                first_index = index
            run.append(some.records[index - some.first_index])
        if run:
            yield RawBatch(first_index, run)
    handing.finish()
