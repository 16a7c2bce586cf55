"""A log file: where it lies, what kind it is, and the identity under which it is committed exactly once.

The key layout is AWS's ("CloudTrail log file name format"):
`[prefix/]AWSLogs/[o-xxxx/]<account>/<KIND>/<region>/YYYY/MM/DD/<account>_<KIND>_<region>_<time>_<16 alnum>.json.gz`
"""

import os
import re
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote, unquote

from msgspec import Struct

# in its own place in the layout, or in the file's name: a prefix or a directory may be called as it likes
_DIGEST_KEY = re.compile(r"(?:^|/)AWSLogs/(?:o-[^/]+/)?[^/]+/CloudTrail-Digest/|_CloudTrail-Digest_[^/]*$")
_ACCOUNT_AND_REGION = re.compile(r"(?:^|/)AWSLogs/(?:o-[^/]+/)?([^/]+)/CloudTrail[^/]*/([^/]+)/")


class LogFile(Struct, frozen=True, gc=False, array_like=True):
    """One log file, as a notification or a listing named it. An event's own has the ETag that the fetch returned."""

    bucket: str
    """The S3 bucket; empty for a file on local disk."""
    key: str
    """The object's key, not URL-encoded; the absolute path of a file on local disk."""
    etag: str | None = None
    """Its ETag, without quotes. None where the notification carries none (CloudTrail's own SNS message). For a local
    file it is made from size and modification time."""
    version_id: str | None = None
    """Its version, where the notification names one."""
    size_bytes: int | None = None
    """Its size as it lies there, compressed; None where it is not known yet."""

    @property
    def uri(self) -> str:
        """`s3://bucket/key`, the key as S3 has it (not URL-encoded), or a file URI."""
        return f"s3://{self.bucket}/{self.key}" if self.bucket else "file://" + quote(_bytes(self.key))

    @property
    def place(self) -> bytes:
        """128-bit hash of (bucket, key): equal for every notification of the same object."""
        return _hash(self.bucket, self.key)

    @property
    def identity(self) -> bytes:
        """128-bit hash of (bucket, key, ETag): what the ledger is unique on.

        Not the version id, although it says which bytes to GET: two notifications of one object may carry it or
        not, but the GET always answers with the ETag. Raises ValueError while the ETag is unknown.
        """
        if self.etag is None:
            raise ValueError(f"{self.uri}: its ETag is not known yet")
        return _hash(self.bucket, self.key, self.etag)

    @property
    def is_digest(self) -> bool:
        """Whether the key is that of a CloudTrail digest file, which holds no records."""
        key = self.key
        return "CloudTrail-Digest" in key and is_digest_key(key)  # the first is a thirtieth of the work

    @property
    def account_and_region(self) -> tuple[str, str] | None:
        """Account and region out of the key, for assignment only: partitions come from the records."""
        match = _ACCOUNT_AND_REGION.search(self.key)
        return (match[1], match[2]) if match else None


def is_digest_key(key: str) -> bool:
    """Whether `key` is that of a CloudTrail digest file. Told by key, as digests have no Records."""
    return _DIGEST_KEY.search(key) is not None


def log_file_at(uri: str, etag: str | None) -> LogFile:
    """The log file that `LogFile.uri` gave, with this ETag."""
    if uri.startswith("s3://"):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return LogFile(bucket, key, etag)
    return LogFile("", unquote(uri.removeprefix("file://"), errors="surrogateescape"), etag)


def local_log_file(path: Path) -> LogFile:
    """The LogFile of a file on disk. Raises OSError if it can't be looked at."""
    absolute = path.absolute()
    stat = absolute.stat()
    return LogFile("", str(absolute), local_etag(stat), None, stat.st_size)


def local_etag(stat: os.stat_result) -> str:
    """What stands for the ETag of a file on disk: its size and modification time."""
    return f"{stat.st_size:x}-{stat.st_mtime_ns:x}"


def _hash(*parts: str) -> bytes:
    return blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=16).digest()


def _bytes(text: str) -> bytes:
    # surrogateescape, so that a path with undecodable bytes has an identity and a URI too
    return text.encode("utf-8", "surrogateescape")
