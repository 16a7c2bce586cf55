"""Record batches for the lake's tests: the columns that the lake looks at, and two that make rows tell-tale."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from ingester.model.commit import Commit, CommittedLogFile, DataFile
from ingester.model.log_file import LogFile

_ISSUER = pa.struct([("accountId", pa.string())])
_IDENTITY = pa.struct(
    [
        ("type", pa.string()),
        ("accountId", pa.string()),
        ("sessionContext", pa.struct([("sessionIssuer", _ISSUER)])),
    ]
)
SCHEMA = pa.schema(
    [
        ("eventTime", pa.timestamp("ms", "UTC")),
        ("eventName", pa.string()),
        ("eventID", pa.string()),
        ("recipientAccountId", pa.string()),
        ("userIdentity", _IDENTITY),
        ("awsRegion", pa.string()),
        ("resources", pa.list_(pa.struct([("ARN", pa.string())]))),
        ("accountId", pa.string()),
    ]
)
START = datetime(2024, 3, 13, 8, 33, 30, tzinfo=UTC)


def row(number: int = 0, **values: Any) -> dict[str, Any]:
    """A usual event, with some columns' values replaced."""
    usual = {
        "eventTime": START + timedelta(seconds=number),
        "eventName": ("GetObject", "AssumeRole", "CreateUser")[number % 3],
        "eventID": str(uuid.UUID(int=number)),
        "recipientAccountId": "123456789012",
        "userIdentity": {"type": "Root", "accountId": "123456789012"},
        "awsRegion": "eu-west-1",
    }
    return {**usual, **values}


def batch(rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
    """The rows as the lake gets them."""
    return pa.RecordBatch.from_pylist(list(rows), schema=SCHEMA)


def usual_batch(first: int = 0, rows: int = 10, **values: Any) -> pa.RecordBatch:
    """Usual events with the given numbers."""
    return batch([row(number, **values) for number in range(first, first + rows)])


def new_commit_id() -> str:
    """As a worker makes it."""
    return uuid.uuid4().hex


def commit_of(commit_id: str, data_files: Sequence[DataFile]) -> Commit:
    """A commit as the ledger gives it back."""
    return Commit(commit_id, tuple(data_files), ())


def committed_log_file(number: int = 0) -> CommittedLogFile:
    """A log file as the worker reports it to `Stage.finish`."""
    log_file = LogFile("trail", f"AWSLogs/{number:012}/file.json.gz", etag=uuid.uuid4().hex)
    assert log_file.etag is not None
    return CommittedLogFile(log_file.identity, log_file.place, log_file.uri, log_file.etag, rows=number)
