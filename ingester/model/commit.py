"""What a commit is made of: data files, and the log files whose rows are all in them."""

import secrets
from typing import Literal

from msgspec import Struct

DataFileKind = Literal["data", "quarantine"]


class DataFile(Struct, frozen=True, gc=False):
    """One staged file of a commit.

    `path` is relative to the output root, as published (`cloudtrail/date=2024-03-13/….parquet`). On disk the
    staged file lies at `_ingester/staging/<commit id>/<path>`. On S3 nothing is visible until the multipart
    upload `upload_id` is completed with `part_etags`.
    """

    path: str
    rows: int
    size_bytes: int
    kind: DataFileKind = "data"
    upload_id: str | None = None
    part_etags: tuple[str, ...] = ()


class CommittedLogFile(Struct, frozen=True, gc=False):
    """One log file whose rows are all in the commit's data files.

    `identity` and `place` are those of `LogFile`, with the ETag that the fetch returned. The log file had `rows` +
    `quarantined_records` + `filtered_records` records; the last are those that the user's filters did not want.
    """

    identity: bytes
    place: bytes
    uri: str
    etag: str
    rows: int
    quarantined_records: int = 0
    filtered_records: int = 0


class Commit(Struct, frozen=True):
    """All that becomes visible and acknowledged at once. `commit_id` is 32 hex digits, unique for ever."""

    commit_id: str
    data_files: tuple[DataFile, ...]
    log_files: tuple[CommittedLogFile, ...]


def new_commit_prefix() -> str:
    """What the ids of all commits of one worker begin with: 16 random hex digits. By it what a dead worker staged is
    told from what the others are staging."""
    return secrets.token_hex(8)


def new_commit_id(prefix: str = "") -> str:
    """An id for a commit, which begins with the prefix; the rest of its 32 hex digits is random."""
    return prefix + secrets.token_hex(16)[len(prefix) :]
