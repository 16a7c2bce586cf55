"""The data files of one commit: which are open, which is next, and what their footers say. In worker processes."""

from collections.abc import Callable, Sequence

import pyarrow as pa

from ingester.lake.data_file import DataFileWriter, first_event_name
from ingester.lake.footer import (
    COMMIT_ID,
    DATA_FILES,
    FILE_NUMBER,
    LOG_FILES,
    LOG_FILES_EVERYWHERE_BYTES_MAX,
    encode_log_files,
)
from ingester.lake.layout import data_file_path
from ingester.lake.sink import Sink
from ingester.model.commit import CommittedLogFile, DataFile

OPEN_FILES_MAX = 128
"""Far below the usual limit of 1,024 descriptors."""

OPEN_FILES_BUFFERED_BYTES_MAX = 64 << 20
"""What the beginnings of parts may hold in memory on S3: eight full ones, or many of small files."""


class CommitFiles:
    """Writes row groups into the files of one commit, and gives them their footers. Errors: OutputError.

    Files stay open until `finish`, full ones too, since only then is it known how many there are. Only above
    OPEN_FILES_MAX, or when they hold too much memory, the one that was written to longest ago is closed without
    knowing.
    """

    def __init__(self, sink: Sink, commit_id: str, target_file_size_bytes: int) -> None:
        self._sink = sink
        self._commit_id = commit_id
        self._target_bytes = target_file_size_bytes
        self._files: list[DataFileWriter] = []
        self._open: dict[int, DataFileWriter] = {}  # by number; the least recently written first
        self._current: dict[str, DataFileWriter] = {}  # by partition: the one that takes its next row group

    @property
    def size_bytes(self) -> int:
        """Bytes written so far."""
        return sum(file.size_bytes for file in self._files)

    def write(self, partition: str, rows: pa.Table) -> None:
        """Write rows, which are in row order, as one row group of the partition's current file, or of a new one."""
        while self._open and self._sink.buffered_bytes > OPEN_FILES_BUFFERED_BYTES_MAX:
            self._close_one()
        file = self._current.get(partition)
        if file is None or file.size_bytes >= self._target_bytes:
            while len(self._open) >= OPEN_FILES_MAX:
                self._close_one()
            file = self._current[partition] = self._create(partition, rows)
        file.write_row_group(rows)
        self._open[file.number] = self._open.pop(file.number)

    def finish(
        self, rest: Sequence[tuple[str, Callable[[], pa.Table]]], log_files: Sequence[CommittedLogFile]
    ) -> list[DataFile]:
        """Write the rest, one table a partition, in row order when it is asked for; close and sync everything.

        Files that are new here are written one after another, so that thousands of partitions need no more open
        files than one.
        """
        new = []
        for partition, rows_of in rest:
            if partition in self._current:
                self._current[partition].write_row_group(rows_of())
            else:
                new.append((partition, rows_of))
        total = len(self._files) + len(new)
        footers = _Footers(self._commit_id, total, log_files, to_close=len(self._open) + len(new))
        for file in self._open.values():
            file.close(footers.next(file.number))
        for partition, rows_of in new:
            rows = rows_of()
            file = self._create(partition, rows)
            file.write_row_group(rows)
            file.close(footers.next(file.number))
        self._sink.finish()
        return [file.data_file() for file in self._files]

    def _create(self, partition: str, rows: pa.Table) -> DataFileWriter:
        number = len(self._files) + 1
        path = data_file_path(partition, first_event_name(rows.column("eventTime")), self._commit_id, number)
        file = DataFileWriter(self._sink.create(path), rows.schema, number)
        self._files.append(file)
        self._open[number] = file
        return file

    def _close_one(self) -> None:
        """Close the file that was written to longest ago, without knowing how many there will be."""
        file = self._open.pop(next(iter(self._open)))
        file.close({COMMIT_ID: self._commit_id, FILE_NUMBER: str(file.number)})
        self._current = {partition: other for partition, other in self._current.items() if other is not file}


class _Footers:
    """The footers of the files that are closed at the end, in the order of closing."""

    def __init__(self, commit_id: str, total: int, log_files: Sequence[CommittedLogFile], *, to_close: int) -> None:
        self._common = {COMMIT_ID: commit_id, DATA_FILES: str(total)}
        self._log_files = encode_log_files(log_files) if to_close else ""
        self._to_close = to_close

    def next(self, number: int) -> dict[str, str]:
        """The footer of the next file; the last one has the log files in any case."""
        self._to_close -= 1
        footer = {**self._common, FILE_NUMBER: str(number)}
        if self._to_close == 0 or len(self._log_files) <= LOG_FILES_EVERYWHERE_BYTES_MAX:
            footer[LOG_FILES] = self._log_files
        return footer
