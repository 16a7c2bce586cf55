"""Everything a user can set, with units, defaults and bounds. One Struct for the command line and the library.

Durations are seconds, sizes bytes. `Settings` checks itself when it is made: what can't work raises
ConfigurationError with the option's name and its bounds.
"""

import math
import os
import re
from pathlib import Path
from typing import Literal, get_args

from msgspec import Struct

from ingester.model.errors import ConfigurationError

PartitionKey = Literal["date", "hour", "account", "region"]
LogFormat = Literal["text", "json"]

VISIBILITY_SECONDS_MAX = 43_200
"""SQS refuses a visibility timeout above twelve hours (SQS quotas page)."""

_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)\s*(B|KB|MB|GB|KIB|MIB|GIB)?", re.IGNORECASE)
_SIZE_UNITS = {
    "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30,
}  # fmt: skip


class Settings(Struct, frozen=True, kw_only=True):
    """What `ingester run`, `ingester backfill` and the library take."""

    queue_urls: tuple[str, ...] = ()
    output: str = ""
    """A directory, or `s3://bucket/prefix`."""
    state_dir: str | None = None
    """Where the ledger lies. None: `<output>/_ingester`, which needs a directory as output."""
    endpoint_url: str | None = None
    """One endpoint for S3 and SQS, for servers that are not AWS. None: the standard AWS environment."""
    region: str | None = None
    workers: int | None = None
    """Worker processes; None: as many as usable cores (`usable_cores`)."""
    until_empty: bool = False
    partition_by: tuple[PartitionKey, ...] = ("date",)
    flush_interval_seconds: float = 60.0
    """The longest that a row waits in a worker before it is staged."""
    target_file_size_bytes: int = 128_000_000
    batch_rows: int = 512
    """Events that are turned into columns together; 512 keeps their objects in the L2 cache (measured)."""
    visibility_timeout_seconds: int = 300
    """How long a received message stays hidden; extended at a third of it until the message is deleted."""
    max_attempts: int = 5
    """How often a log file that can't be read is tried before it is quarantined."""
    fetches_ahead: int = 8
    """Log files that a worker fetches at once, ahead of decoding."""
    grace_seconds: float = 30.0
    """How long a drain may take before what is unfinished is given back."""
    log_format: LogFormat = "text"

    def __post_init__(self) -> None:
        if self.workers is not None:
            _check("--workers", self.workers, 1, 1024)
        _check("--flush-interval", self.flush_interval_seconds, 0.1, 3600)
        _check("--target-file-size", self.target_file_size_bytes, 1_000_000, 10**10)
        _check("--batch-rows", self.batch_rows, 1, 65_536)
        _check("--visibility-timeout", self.visibility_timeout_seconds, 10, VISIBILITY_SECONDS_MAX)
        _check("--max-attempts", self.max_attempts, 1, 1000)
        _check("--fetches-ahead", self.fetches_ahead, 1, 256)
        _check("--grace", self.grace_seconds, 0, 3600)
        unknown = [key for key in self.partition_by if key not in get_args(PartitionKey)]
        if unknown or len(set(self.partition_by)) != len(self.partition_by):
            raise ConfigurationError(
                f"--partition-by {','.join(self.partition_by)} can't be used.",
                hint=f"Give each of {', '.join(get_args(PartitionKey))} at most once, separated by commas.",
            )

    @property
    def output_is_s3(self) -> bool:
        """Whether the output is an S3 prefix, not a directory."""
        return is_s3_uri(self.output)

    @property
    def worker_count(self) -> int:
        """Worker processes to start, the default resolved."""
        return self.workers if self.workers is not None else usable_cores()

    @property
    def state_directory(self) -> Path:
        """The directory of the ledger. Raises ConfigurationError if it is not set and the output is on S3."""
        if self.state_dir is not None:
            return Path(self.state_dir)
        if self.output_is_s3:
            raise ConfigurationError(
                f"With an output on S3 ({self.output}) the ledger needs a place of its own.",
                hint="Give --state-dir a directory on a disk that outlives this process.",
            )
        return Path(self.output) / "_ingester"


def is_s3_uri(location: str) -> bool:
    """Whether a location is `s3://…`."""
    return location.startswith("s3://")


def split_s3_uri(uri: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://bucket/prefix`, the prefix as written. Raises ConfigurationError."""
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    if not is_s3_uri(uri) or not bucket:
        raise ConfigurationError(f"{uri!r} is no S3 location.", hint="Write s3://bucket/prefix.")
    return bucket, prefix


def parse_size(text: str) -> int:
    """Bytes of `128MB`, `64MiB`, `1000000`. Raises ConfigurationError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ConfigurationError(f"{text!r} is no size.", hint="Write 128MB, 64MiB or a number of bytes.")
    return round(float(match[1]) * _SIZE_UNITS[(match[2] or "B").upper()])


def usable_cores() -> int:
    """Cores that this process may use: its CPU affinity, and the CPU limit of its cgroup, rounded up."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    limit = _cgroup_cores(Path("/sys/fs/cgroup"))
    return max(1, min(cores, math.ceil(limit)) if limit else cores)


def _cgroup_cores(root: Path) -> float | None:
    """The CPU limit in cores that cgroup v2 (cpu.max) or v1 (cpu.cfs_quota_us) sets; None without one."""
    try:
        quota, period = (root / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (root / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (root / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if quota in ("max", "-1"):
        return None
    try:
        return int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None


def _check(option: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigurationError(f"{option} {value:.12g} is out of bounds.", hint=f"Give {low:.12g} to {high:.12g}.")
