"""The rows of one commit against its log files: every record once, none missing, none of anybody else.

Memory: two bytes a record of the commit, and one batch of two columns.
"""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ingester.decode.read import RECORDS_MAX
from ingester.model.commit import Commit, CommittedLogFile
from ingester.verify.findings import Report

BATCH_ROWS = 131_072
_AGAIN = "Put its data files back from a backup, or ingest its log files anew into another output."


class CommitRows:
    """Counts how often each record of a commit's log files has a row.

    Two versions of one object have the same URI and may be in one commit: then each index may be there twice.
    """

    def __init__(self, commit: Commit, report: Report) -> None:
        self._commit = commit
        self._report = report
        self._lock = threading.Lock()
        uris = sorted({log_file.uri for log_file in commit.log_files})
        self._numbers = {uri: number for number, uri in enumerate(uris)}
        self._uris = uris
        self._versions = np.zeros(len(uris), np.int64)
        self._rows = np.zeros(len(uris), np.int64)
        self._quarantined = np.zeros(len(uris), np.int64)
        self._filtered = np.zeros(len(uris), np.int64)
        self._sizes = np.zeros(len(uris) + 1, np.int64)
        for log_file in commit.log_files:
            number = self._numbers[log_file.uri]
            records = self._records(log_file)
            self._versions[number] += 1
            self._rows[number] += log_file.rows
            self._quarantined[number] += log_file.quarantined_records
            self._filtered[number] += log_file.filtered_records
            self._sizes[number + 1] = max(self._sizes[number + 1], records)
        self._begins = np.cumsum(self._sizes)
        self._seen = np.zeros(int(self._begins[-1]), np.uint16)
        self._found = np.zeros(len(uris), np.int64)
        self._outside = np.zeros(len(uris), np.int64)
        self._records_quarantined = np.zeros(len(uris), np.int64)

    def _records(self, log_file: CommittedLogFile) -> int:
        """How many records a log file had; a number that none can have is told, and takes no memory."""
        records = log_file.rows + log_file.quarantined_records + log_file.filtered_records
        if records > RECORDS_MAX:
            self._report.add(
                "damaged ledger",
                f"it says {records:,} records, and no log file has more than {RECORDS_MAX:,}",
                log_file.uri,
                "Run verify with --rebuild-ledger, or put back a backup.",
            )
            return 0
        return records

    def add_file(self, parquet: pq.ParquetFile, where: str) -> None:
        """Count the rows of a data file. Thread safe. Raises pa.ArrowInvalid if a column is of another type."""
        schema = parquet.schema_arrow
        log_files, indexes = schema.field("logFile").type, schema.field("recordIndex").type
        texts: Any = log_files.value_type if pa.types.is_dictionary(log_files) else log_files
        if not (pa.types.is_string(texts) or pa.types.is_large_string(texts)) or not pa.types.is_integer(indexes):
            raise pa.ArrowInvalid(f"logFile is {log_files} and recordIndex {indexes}")
        strangers: dict[str | None, int] = {}
        for batch in parquet.iter_batches(BATCH_ROWS, columns=["logFile", "recordIndex"]):
            with self._lock:
                self._add(batch, strangers)
        for uri, rows in strangers.items():
            self._report.add(
                "rows of another log file",
                f"{rows} rows name {uri}, which its commit {self._commit.commit_id} does not have",
                where,
                "Find out who wrote them; set the file aside if it is not the ingester's.",
            )

    def _add(self, batch: pa.RecordBatch, strangers: dict[str | None, int]) -> None:
        column: Any = batch.column(0)
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        values = column.dictionary.to_pylist()
        numbers = np.array([self._numbers.get(uri, -1) for uri in values] + [-1], np.int64)
        codes = column.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
        of = numbers[codes]
        index = batch.column(1).fill_null(-1).to_numpy(zero_copy_only=False)
        if (of < 0).any():
            for code, count in zip(*np.unique(codes[of < 0], return_counts=True), strict=True):
                uri = values[code] if code < len(values) else None
                strangers[uri] = strangers.get(uri, 0) + int(count)
            of, index = of[of >= 0], index[of >= 0]
        self._found += np.bincount(of, minlength=len(self._uris))
        fits = (index >= 0) & (index < self._sizes[of + 1])
        self._outside += np.bincount(of[~fits], minlength=len(self._uris))
        np.add.at(self._seen, self._begins[of[fits]] + index[fits], 1)

    def add_quarantined(self, uri: str, record_index: int, where: str) -> None:
        """Count a record that lies in the quarantine."""
        number = self._numbers.get(uri)
        if number is None:
            self._report.add(
                "quarantined record of another log file",
                f"it names {uri}, which commit {self._commit.commit_id} does not have",
                where,
                "Find out who wrote it.",
            )
            return
        self._records_quarantined[number] += 1
        if not 0 <= record_index < self._sizes[number + 1]:
            self._outside[number] += 1
        else:
            place = int(self._begins[number]) + record_index
            self._seen[place] += 1

    def finish(self) -> None:
        """Add what is wrong to the report."""
        holes, twice = self._holes_and_twice()
        checks: Sequence[tuple[npt.NDArray[np.bool_], str, str]] = (
            (self._found < self._rows, "lost rows", "{found} of its {rows} rows are in the lake"),
            (self._found > self._rows, "rows too many", "{found} rows are in the lake, and it has {rows}"),
            (twice > 0, "rows twice", "{twice} of its records are in the lake more than once"),
            (self._outside > 0, "record index out of range", "{outside} rows have a record index that it has not"),
            (
                (holes != self._filtered) & (self._versions == 1) & (self._found == self._rows)
                & (self._records_quarantined == self._quarantined),
                "missing records", "{holes} of its records are in no row, and {filtered} were filtered",
            ),
            (
                self._records_quarantined != self._quarantined,
                "quarantined records", "{in_quarantine} of its {quarantined} unreadable records are quarantined",
            ),
        )  # fmt: skip
        for wrong, kind, sentence in checks:
            for number in np.flatnonzero(wrong).tolist():
                what = sentence.format(
                    found=self._found[number], rows=self._rows[number], twice=twice[number], holes=holes[number],
                    outside=self._outside[number], filtered=self._filtered[number],
                    quarantined=self._quarantined[number], in_quarantine=self._records_quarantined[number],
                )  # fmt: skip
                self._report.add(kind, f"{what} (commit {self._commit.commit_id})", self._uris[number], _AGAIN)

    def _holes_and_twice(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Of each log file, how many records have nothing, and how many have more than they may."""
        if not len(self._seen):
            nothing = np.zeros(len(self._uris), np.int64)
            return nothing, nothing
        of = np.repeat(np.arange(len(self._uris)), self._sizes[1:])
        holes = np.bincount(of[self._seen == 0], minlength=len(self._uris))
        twice = np.bincount(of[self._seen > self._versions[of]], minlength=len(self._uris))
        return holes, twice
