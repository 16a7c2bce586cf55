"""From fetched log files to a prepared commit: the order of the steps between fetch and the supervisor.

A checkpoint lies only between log files. A log file that fits in memory is validated as a whole before its first
row is staged, so a bad one leaves no row behind. One that streams may turn out bad in the middle: it gets a
commit of its own, and when it fails, that stage is thrown away and nobody else's rows with it.
"""

import time
import uuid
from collections.abc import Callable

from ingester.columns.build import Lineage, record_batch
from ingester.decode.events import DecodedEvents, decode_events
from ingester.decode.read import Records, read_records
from ingester.fetch.base import Fetched
from ingester.lake.stage import Stage
from ingester.model.commit import CommittedLogFile
from ingester.model.errors import BadLogFileError, FetchError
from ingester.model.frames import Prepared, PreparedLogFile
from ingester.model.settings import Settings
from ingester.worker.pool import Chunk, GatheredLogFile, Pool

LOG_FILES_IN_COMMIT_MAX = 50_000
"""Keeps a Prepared frame, a ledger transaction and the work that a crash repeats within bounds."""


class Gathering:
    """Rows of many log files on their way into the next commit of this worker.

    `emit` takes each prepared commit; `progress` is called between chunks with the rows and bytes of JSON done.
    """

    def __init__(
        self, settings: Settings, emit: Callable[[Prepared], None], progress: Callable[[int, int], None]
    ) -> None:
        self._settings = settings
        self._emit = emit
        self._progress = progress
        self._begin()

    def _begin(self) -> None:
        self._stage = Stage(self._settings, uuid.uuid4().hex)
        self._pool = Pool()
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

    def take(self, job: int, fetched: Fetched) -> None:
        """Decode a log file and gather its rows.

        Raises BadLogFileError or FetchError, and then nothing of the log file is in any commit; OutputError when
        the stage can't be written, and then `abandon` tells which jobs must be done again.
        """
        records = read_records(fetched.chunks)
        if records.is_whole:
            self._gather(job, fetched, records)
            return
        self.checkpoint()
        try:
            self._gather(job, fetched, records)
        except (BadLogFileError, FetchError):
            self.abandon()
            raise
        self.checkpoint()

    def _gather(self, job: int, fetched: Fetched, records: Records) -> None:
        if not self._log_files:
            self._since_seconds = time.monotonic()
        gathered = GatheredLogFile(job, fetched.log_file, fetched.log_file.uri)
        self._log_files.append(gathered)
        for batch in records.batches:
            self._pool.add(gathered, batch.first_index, batch.raws)
            self._write(rest=False)
        gathered.json_bytes = records.json_bytes
        self._progress(0, records.json_bytes)

    def _write(self, *, rest: bool) -> None:
        for chunk in self._pool.take_chunks(self._settings.batch_rows, rest=rest):
            decoded = decode_events(chunk.raws, 0)
            lineage = self._lineage(chunk, decoded)
            if decoded.events:
                batch = record_batch(decoded.events, lineage)
                self._undated_rows += batch.column("eventTime").null_count
                self._stage.write(batch)
            self._progress(len(decoded.events), 0)

    def _lineage(self, chunk: Chunk, decoded: DecodedEvents) -> Lineage:
        indexes = chunk.record_indexes()
        counts = [span.count for span in chunk.spans]
        if decoded.bad:
            ends = [sum(counts[: number + 1]) for number in range(len(counts))]
            for bad in decoded.bad:
                number = next(n for n, end in enumerate(ends) if bad.index < end)
                gathered = chunk.spans[number].log_file
                self._stage.quarantine_record(gathered.uri, int(indexes[bad.index]), bad.reason, bad.raw_bytes)
                gathered.quarantined_records += 1
                counts[number] -= 1
            indexes = indexes[list(decoded.indexes)]
        for span, count in zip(chunk.spans, counts, strict=True):
            span.log_file.rows += count
        return Lineage([span.log_file.uri for span in chunk.spans], counts, indexes)

    def checkpoint(self) -> None:
        """Make everything gathered durable and emit it as one prepared commit; nothing gathered, nothing done.

        Raises OutputError; `abandon` then tells which jobs must be done again.
        """
        if not self._log_files:
            return
        self._write(rest=True)
        data_files = self._stage.finish(tuple(_committed(gathered) for gathered in self._log_files))
        prepared = Prepared(
            commit_id=self._stage.commit_id,
            data_files=data_files,
            log_files=tuple(_prepared(gathered) for gathered in self._log_files),
            undated_rows=self._undated_rows,
        )
        self._begin()
        self._emit(prepared)

    def abandon(self) -> list[int]:
        """Throw away what was gathered since the last checkpoint; its jobs, of which nothing will be committed."""
        jobs = [gathered.job for gathered in self._log_files]
        stage = self._stage
        self._begin()
        stage.discard()
        return jobs


def _committed(gathered: GatheredLogFile) -> CommittedLogFile:
    log_file = gathered.log_file
    return CommittedLogFile(
        identity=log_file.identity,
        place=log_file.place,
        uri=gathered.uri,
        etag=log_file.etag or "",
        rows=gathered.rows,
        quarantined_records=gathered.quarantined_records,
    )


def _prepared(gathered: GatheredLogFile) -> PreparedLogFile:
    return PreparedLogFile(
        job=gathered.job,
        etag=gathered.log_file.etag or "",
        rows=gathered.rows,
        json_bytes=gathered.json_bytes,
        quarantined_records=gathered.quarantined_records,
    )
