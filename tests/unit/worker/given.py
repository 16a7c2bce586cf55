"""Log files on disk, and what lies staged after a worker has prepared them."""

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ingester.model.frames import Prepared
from ingester.model.log_file import LogFile, local_log_file


def record(number: int, **more: Any) -> dict[str, Any]:
    """A small record that says which it is."""
    return {
        "eventVersion": "1.08",
        "eventTime": "2024-03-13T12:00:00Z",
        "eventName": f"Event{number}",
        "eventID": f"{number:08}",
        "requestParameters": {"number": number},
        **more,
    }


def write_log_file(directory: Path, name: str, records: Sequence[Any], *, cut_bytes: int = 0) -> LogFile:
    """A gzipped log file with these records, without its last `cut_bytes`."""
    path = directory / f"{name}.json.gz"
    body = gzip.compress(json.dumps({"Records": records}, separators=(",", ":")).encode(), mtime=0)
    path.write_bytes(body[: len(body) - cut_bytes])
    return local_log_file(path)


def staged_rows(root: Path, prepared: Prepared) -> Counter[tuple[str, int, str]]:
    """(log file, record index, event name) of every row that a prepared commit has staged."""
    rows: Counter[tuple[str, int, str]] = Counter()
    for data_file in prepared.data_files:
        if data_file.kind == "data":
            path = root / "_ingester/staging" / prepared.commit_id / data_file.path
            assert path.stat().st_size == data_file.size_bytes
            table = pq.read_table(path, columns=["logFile", "recordIndex", "eventName"], partitioning=None)
            assert table.num_rows == data_file.rows
            rows.update(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return rows


def quarantined_records(root: Path, prepared: Prepared) -> list[dict[str, Any]]:
    """The lines of a prepared commit's quarantine file."""
    return [
        json.loads(line)
        for data_file in prepared.data_files
        if data_file.kind == "quarantine"
        for line in (root / "_ingester/staging" / prepared.commit_id / data_file.path).read_text().splitlines()
    ]


def expected_rows(log_file: LogFile, records: Sequence[Any]) -> Counter[tuple[str, int, str]]:
    """The rows of a log file, of the records that are objects."""
    return Counter(
        (log_file.uri, index, some["eventName"]) for index, some in enumerate(records) if isinstance(some, dict)
    )
