"""One commit being written: rows are gathered per partition, and leave as row groups. Runs in worker processes."""

from collections.abc import Callable, Sequence
from functools import partial

import pyarrow as pa

from ingester.lake.commit_files import CommitFiles
from ingester.lake.layout import quarantined_records_path
from ingester.lake.partition import partition_of, split
from ingester.lake.quarantine import encode_record
from ingester.lake.row_order import in_order
from ingester.lake.sink import SinkFile, open_sink
from ingester.model.commit import CommittedLogFile, DataFile
from ingester.model.settings import Settings

ROW_GROUP_ROWS = 131_072
ROW_GROUP_BYTES = 64 << 20
"""In memory: some 60,000 events, 4 MB of Parquet. Sorting takes as much again for a moment."""

SPLIT_ROWS_MIN = 4_096
"""Rows of one partition that make a row group as they come out of a split; fewer wait for others of theirs."""

BUFFERED_BYTES_MAX = 128 << 20
"""Over all partitions; then the largest is written, however few rows it has."""

BATCH_OVERHEAD_BYTES = 64 << 10
"""What a batch takes beyond its values (measured on one row): 200 buffers and the bookkeeping of 80 columns."""


class Stage:
    """One commit. Used by one thread; writes nothing before the first row group or quarantined record.

    `write`, `quarantine_record` and `finish` raise OutputError when the output can't be written; what remains
    then is `discard`.
    """

    def __init__(self, settings: Settings, commit_id: str) -> None:
        self.commit_id = commit_id
        self.rows = 0
        """Rows taken, in memory or staged."""
        self._keys = settings.partition_by
        self._sink = open_sink(settings, commit_id)
        self._files = CommitFiles(self._sink, commit_id, settings.target_file_size_bytes)
        self._partitions: dict[str, _Rows] = {}
        self._mixed = _Rows()
        self._gathered_bytes = 0
        self._quarantine: SinkFile | None = None
        self._quarantined_records = 0

    @property
    def buffered_bytes(self) -> int:
        """Bytes of memory that gathered rows and unsent parts hold, about."""
        return self._gathered_bytes + self._sink.buffered_bytes

    @property
    def staged_bytes(self) -> int:
        """Bytes of Parquet written so far."""
        return self._files.size_bytes

    def write(self, batch: pa.RecordBatch) -> None:
        """Take the rows of a batch. All batches of a commit have the same schema."""
        if batch.num_rows == 0:
            return
        self.rows += batch.num_rows
        partition = partition_of(batch, self._keys)
        if partition is not None:
            self._gather(partition, batch)
        else:
            self._gathered_bytes += self._mixed.add(batch)
        while self._gathered_bytes > BUFFERED_BYTES_MAX:
            self._write_largest()

    def quarantine_record(self, uri: str, record_index: int, reason: str, raw: bytes) -> None:
        """Keep a record that can't be read: its log file, its place there from 0, why, and its very bytes."""
        if self._quarantine is None:
            self._quarantine = self._sink.create(quarantined_records_path(self.commit_id))
        self._quarantine.write(encode_record(uri, record_index, reason, raw))
        self._quarantined_records += 1

    def finish(self, log_files: Sequence[CommittedLogFile]) -> tuple[DataFile, ...]:
        """Write what is left and make everything durable; no reader sees it yet. `log_files`: for the footers.

        Empty where there was neither a row nor a quarantined record. The stage takes nothing more afterwards.
        """
        rest = self._rest()
        self._gathered_bytes = 0
        if self._quarantine is not None:
            self._quarantine.close()
        data_files = self._files.finish(rest, log_files)
        if self._quarantine is not None:
            data_files.append(self._quarantine.data_file(self._quarantined_records, "quarantine"))
        return tuple(data_files)

    def discard(self) -> None:
        """Remove everything that was staged. Never raises: what can't be removed is left for the next sweep."""
        self._partitions.clear()
        self._mixed = _Rows()
        self._gathered_bytes = 0
        self._sink.discard()

    def _gather(self, partition: str, batch: pa.RecordBatch) -> None:
        gathered = self._partitions.setdefault(partition, _Rows())
        self._gathered_bytes += gathered.add(batch)
        if gathered.rows >= ROW_GROUP_ROWS or gathered.bytes >= ROW_GROUP_BYTES:
            self._write_out(partition)

    def _write_out(self, partition: str) -> None:
        gathered = self._partitions.pop(partition)
        self._gathered_bytes -= gathered.bytes
        self._files.write(partition, in_order(gathered.take()))

    def _write_mixed(self) -> None:
        """Split the rows of mixed batches. What makes a row group is written; the rest is copied, not sliced, as
        a slice would keep the memory of all."""
        mixed, self._mixed = self._mixed, _Rows()
        self._gathered_bytes -= mixed.bytes
        for partition, rows in split(mixed.take(), self._keys):
            if rows.num_rows >= SPLIT_ROWS_MIN:
                self._files.write(partition, rows)
            else:
                for batch in in_order(rows).to_batches():
                    self._gather(partition, batch)

    def _write_largest(self) -> None:
        largest = max(self._partitions, key=lambda partition: self._partitions[partition].bytes, default=None)
        if largest is None or self._mixed.bytes >= self._partitions[largest].bytes:
            self._write_mixed()
        else:
            self._write_out(largest)

    def _rest(self) -> list[tuple[str, Callable[[], pa.Table]]]:
        """What is left, a table a partition; put in order only when it is asked for, one after another."""
        tables = {partition: [gathered.take()] for partition, gathered in self._partitions.items()}
        self._partitions.clear()
        ordered = dict(split(self._mixed.take(), self._keys)) if self._mixed.rows else {}
        self._mixed = _Rows()
        rest: list[tuple[str, Callable[[], pa.Table]]] = []
        for partition, rows in ordered.items():
            if partition in tables:
                tables[partition].append(rows)
            else:
                rest.append((partition, partial(_itself, rows)))
        for partition, parts in tables.items():
            rest.append((partition, partial(_together, parts)))
        return rest


def _itself(rows: pa.Table) -> pa.Table:
    return rows


def _together(parts: list[pa.Table]) -> pa.Table:
    return in_order(pa.concat_tables(parts))


class _Rows:
    """Batches that belong together."""

    def __init__(self) -> None:
        self.rows = 0
        self.bytes = 0
        self._batches: list[pa.RecordBatch] = []

    def add(self, batch: pa.RecordBatch) -> int:
        """Take a batch; the bytes of memory that it holds, about."""
        # not nbytes, which takes 59 µs for 512 events where this takes 5
        held_bytes = batch.get_total_buffer_size() + BATCH_OVERHEAD_BYTES
        self._batches.append(batch)
        self.rows += batch.num_rows
        self.bytes += held_bytes
        return held_bytes

    def take(self) -> pa.Table:
        """All rows as a table, which alone holds them now."""
        batches, self._batches = self._batches, []
        return pa.Table.from_batches(batches)
