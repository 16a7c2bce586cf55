"""What a data file's Parquet footer says of the commit that made it, so that a lost ledger can be rebuilt.

Metadata keys, all texts:

- `ingester.commit_id`, in every file.
- `ingester.file_number`, in every file: its number within the commit, from 1.
- `ingester.data_files`: how many data files the commit has. In every file that was open when the commit ended,
  of which there is at least one; only a commit of more files than may be open at once has others.
- `ingester.log_files`: which log files went in: base64 of zlib of JSON, a list of objects with `identity` (hex),
  `uri`, `etag`, `rows`, `quarantined_records` and `filtered_records`. In every file that says `data_files` while it
  takes little space, else in one of them: 50,000 log files take some megabytes, and readers load the whole footer.

So a commit is complete if some file says how many there are, that many numbers are found, and some file has the
log files.
"""

import base64
import zlib
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import msgspec

from ingester.model.commit import CommittedLogFile

COMMIT_ID = "ingester.commit_id"
FILE_NUMBER = "ingester.file_number"
DATA_FILES = "ingester.data_files"
LOG_FILES = "ingester.log_files"

LOG_FILES_EVERYWHERE_BYTES_MAX = 32 << 10
"""Up to this size, about 300 log files, every file has the list."""


class LogFileEntry(TypedDict):
    """One log file in the list."""

    identity: str
    uri: str
    etag: str
    rows: int
    quarantined_records: int
    filtered_records: NotRequired[int]


def encode_log_files(log_files: Sequence[CommittedLogFile]) -> str:
    """The list as it stands in a footer."""
    entries = [
        LogFileEntry(
            identity=log_file.identity.hex(),
            uri=log_file.uri,
            etag=log_file.etag,
            rows=log_file.rows,
            quarantined_records=log_file.quarantined_records,
            filtered_records=log_file.filtered_records,
        )
        for log_file in log_files
    ]
    return base64.b64encode(zlib.compress(msgspec.json.encode(entries), 1)).decode()


def decode_log_files(text: str) -> list[LogFileEntry]:
    """The list out of a footer. Raises ValueError if it is damaged."""
    try:
        return msgspec.json.decode(zlib.decompress(base64.b64decode(text, validate=True)), type=list[LogFileEntry])
    except (ValueError, zlib.error, msgspec.MsgspecError) as error:  # ValueError: not base64
        raise ValueError(f"the list of log files is damaged: {error}") from error
