"""What is wrong within the SQLite file of a ledger, told in sentences. Reads all of it."""

import sqlite3
from collections.abc import Iterator

_SHOWN_MAX = 20

# what a commit says of itself, and what its rows in the other tables say
_SAID_AND_THERE = (
    ("log_files", "log files", "SELECT count(*) FROM log_files WHERE commit_number = commits.number"),
    (
        "quarantined_records", "unreadable records",
        "SELECT coalesce(sum(quarantined_records), 0) FROM log_files WHERE commit_number = commits.number",
    ),
    (
        "data_files", "data files",
        "SELECT count(*) FROM data_files WHERE commit_number = commits.number AND kind = 'data'",
    ),
    (
        "rows", "rows",
        "SELECT coalesce(sum(rows), 0) FROM data_files WHERE commit_number = commits.number AND kind = 'data'",
    ),
    (
        "size_bytes", "bytes of data",
        "SELECT coalesce(sum(size_bytes), 0) FROM data_files WHERE commit_number = commits.number AND kind = 'data'",
    ),
)  # fmt: skip

# SQLite keeps a value of any type in any column
_UNREADABLE = {
    "log_files": (
        "typeof(identity) <> 'blob' OR typeof(place) <> 'blob' OR typeof(uri) <> 'text' OR typeof(etag) <> 'text' "
        "OR typeof(rows) <> 'integer' OR rows < 0 "
        "OR typeof(quarantined_records) <> 'integer' OR quarantined_records < 0 "
        "OR typeof(filtered_records) <> 'integer' OR filtered_records < 0"
    ),
    "data_files": (
        "typeof(path) <> 'text' OR typeof(rows) <> 'integer' OR rows < 0 "
        "OR typeof(size_bytes) <> 'integer' OR size_bytes < 0 OR kind NOT IN ('data', 'quarantine') "
        "OR NOT json_valid(part_etags)"
    ),
}


def problems_in(reader: sqlite3.Connection) -> Iterator[str]:
    """A sentence for each problem. Raises sqlite3.Error where a page can't be read at all."""
    for (answer,) in reader.execute(f"PRAGMA integrity_check({_SHOWN_MAX})"):
        if answer != "ok":
            yield f"SQLite finds: {answer}"
    for table in _UNREADABLE:
        (number,) = reader.execute(
            f"SELECT count(*) FROM {table} WHERE commit_number NOT IN (SELECT number FROM commits)"  # noqa: S608
        ).fetchone()
        if number:
            yield f"{number} of its {table.replace('_', ' ')} belong to no commit"
    for table, unreadable in _UNREADABLE.items():
        found = reader.execute(f"SELECT number FROM {table} WHERE {unreadable} LIMIT {_SHOWN_MAX}")  # noqa: S608
        for (number,) in found:
            yield f"number {number} of its {table.replace('_', ' ')} can't be read"
    for column, name, there in _SAID_AND_THERE:
        found = reader.execute(
            f"SELECT commit_id, {column}, ({there}) AS there FROM commits "  # noqa: S608
            f"WHERE {column} <> there LIMIT {_SHOWN_MAX}"
        )
        for commit_id, said, is_there in found:
            yield f"commit {commit_id} has {is_there} {name} and says {said}"
