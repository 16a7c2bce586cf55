"""All names and paths in a lake. Pure; runs in every process.

    <root>/cloudtrail/<key>=<value>/…/<first event time>-<commit id>-<number>.parquet    published, and nothing else
    <root>/_ingester/staging/<commit id>/<path>                                          staged, on disk only
    <root>/_ingester/quarantine/records/<commit id>.jsonl                                records that can't be read
    <root>/_ingester/quarantine/log_files/<place>.json                                   log files that can't be read

Paths are relative to the root, with `/`; on S3 they follow the prefix. Readers skip names that begin with `_`.
"""

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from ingester.model.log_file import LogFile
from ingester.model.settings import PartitionKey

TABLE = "cloudtrail"
INTERNAL = "_ingester"
STAGING = f"{INTERNAL}/staging"
QUARANTINED_RECORDS = f"{INTERNAL}/quarantine/records"
QUARANTINED_LOG_FILES = f"{INTERNAL}/quarantine/log_files"

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""What Hive calls the partition of rows without a value; DuckDB and Athena read it as NULL."""

PARTITION_VALUE_BYTES_MAX = 128
"""Four keys and a file name then stay far below the 255 bytes of a name on disk and the 1,024 of an S3 key."""

COMMIT_METADATA_KEY = "ingester-commit"
"""S3 object metadata that names the commit: how a published object is told from another one at its key."""

_COMMIT_ID = re.compile(r"[0-9a-f]{32}")
_DATA_FILE = re.compile(rf"{TABLE}/(?:.*/)?[^/]+-([0-9a-f]{{32}})-\d+\.parquet", re.DOTALL)
_RECORDS_FILE = re.compile(rf"{QUARANTINED_RECORDS}/([0-9a-f]{{32}})\.jsonl")

# FileUtils.escapePathName of Hive, whose readers undo it, and NUL, which no path can hold
_ESCAPED = re.compile("[\\x00-\\x1f\\x7f\"#%'*/:=?\\\\{}\\[\\]^]")


def partition_value(value: str | None) -> str:
    """A value as it stands in a path: escaped as Hive does, one segment, bounded, never empty."""
    if not value:
        return NO_VALUE
    escaped = _ESCAPED.sub(lambda match: f"%{ord(match[0]):02X}", value)
    encoded = escaped.encode()
    if len(encoded) <= PARTITION_VALUE_BYTES_MAX:
        return escaped
    digest = blake2b(value.encode(), digest_size=16).hexdigest()
    kept = encoded[: PARTITION_VALUE_BYTES_MAX - len(digest) - 1].decode(errors="ignore")
    return f"{re.sub('%.?$', '', kept)}-{digest}"


def partition_path(keys: Sequence[PartitionKey], values: Sequence[str | None]) -> str:
    """`date=2024-03-13/region=eu-west-1`: one segment a key, in the order given; empty without keys."""
    return "/".join(f"{key}={partition_value(value)}" for key, value in zip(keys, values, strict=True))


def data_file_path(partition: str, first_event: str, commit_id: str, number: int) -> str:
    """Where a data file is published. `first_event`: `20240313T083330Z`, or `undated`; `number` counts from 1."""
    name = f"{first_event}-{commit_id}-{number}.parquet"
    return f"{TABLE}/{partition}/{name}" if partition else f"{TABLE}/{name}"


def quarantined_records_path(commit_id: str) -> str:
    """Where the records of a commit that can't be read are published, one JSON line each."""
    return f"{QUARANTINED_RECORDS}/{commit_id}.jsonl"


def quarantined_log_file_path(log_file: LogFile) -> str:
    """Where the entry of a log file lies: one a place, as a mended log file has another ETag and is the same to its
    owner."""
    return f"{QUARANTINED_LOG_FILES}/{log_file.place.hex()}.json"


def quarantined_names(file_names: Iterable[str]) -> set[bytes]:
    """The places that the names of quarantine entries say; other names are passed over."""
    stems = (name.removesuffix(".json") for name in file_names if name.endswith(".json"))
    return {bytes.fromhex(stem) for stem in stems if _COMMIT_ID.fullmatch(stem)}


def commit_id_of(path: str) -> str | None:
    """The commit that a data file or a file of records belongs to; None for a path that is not of our making."""
    match = _DATA_FILE.fullmatch(path) or _RECORDS_FILE.fullmatch(path)
    return match[1] if match else None


def is_commit_id(name: str) -> bool:
    """Whether a name has the form of a commit id."""
    return _COMMIT_ID.fullmatch(name) is not None


def checked(path: str) -> str:
    """`path` itself. Raises ValueError if it could lead out of the root: the last gate before every write."""
    if "\0" in path or any(segment in ("", ".", "..") for segment in path.split("/")):
        raise ValueError(f"{path!r} is no path inside a lake")
    return path


def object_key(prefix: str, path: str) -> str:
    """The S3 key of a path under a prefix; a slash at the prefix's ends makes no empty segment."""
    prefix = prefix.strip("/")
    return f"{prefix}/{checked(path)}" if prefix else checked(path)
