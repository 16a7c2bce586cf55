"""Everything a user can set, with units, defaults and bounds. One Struct for the command line and the library.

Durations are seconds, sizes bytes. `Settings` checks itself when it is made: what can't work raises
ConfigurationError with the option's name and its bounds.
"""

import math
import os
import re
from pathlib import Path
from typing import Any, Literal, get_args

from msgspec import Struct
from msgspec.structs import force_setattr

from ingester.model.errors import ConfigurationError
from ingester.model.properties import settings_in

PartitionKey = Literal["date", "hour", "account", "region"]
LogFormat = Literal["text", "json"]

VISIBILITY_SECONDS_MAX = 43_200
"""SQS refuses a visibility timeout above twelve hours (SQS quotas page)."""

_TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]{1,256}", re.ASCII)
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)\s*(B|KB|MB|GB|KIB|MIB|GIB)?", re.IGNORECASE)
_SIZE_UNITS = {
    "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30,
}  # fmt: skip


class Settings(Struct, frozen=True, kw_only=True):
    """What `ingester run`, `ingester backfill` and the library take."""

    queue_url: str | None = None
    """One queue: short for `queue_urls` of one, where it is put first."""
    queue_urls: tuple[str, ...] = ()
    """SQS queues on which log files are announced."""
    source: str | None = None
    """In the place of queues: log files that lie in a directory or under `s3://bucket/prefix`. For the library; the
    run ends when all of them are done."""
    output: str = ""
    """A directory, or `s3://bucket/prefix`. The library needs none."""
    state_dir: str | None = None
    """Where the ledger lies. None: `<output>/_ingester`, which needs a directory as output; without any output the
    ledger is kept in memory, and what was done before this run is not known."""
    endpoint_url: str | None = None
    """One endpoint for S3 and SQS, for servers that are not AWS. None: the standard AWS environment."""
    region: str | None = None
    """AWS region of queues and buckets. None: that of the queue's URL, of the AWS environment, of the bucket."""
    sqs_region: str | None = None
    """Region of the queues, where it is not `region`."""
    s3_region: str | None = None
    """Region of the buckets, where it is not `region`; a bucket that lies elsewhere is found all the same."""
    session: Any = None
    """A `boto3.Session` whose credentials are used, and whose region where no setting names one. For the library, in
    threads: it can't be sent to worker processes. None: boto3's own chain (environment, profile, container, role)."""
    workers: int | None = None
    """Worker processes. 0: threads of this process, for the library, as many as `threads` says. None: as many
    processes as usable cores (`usable_cores`); in the library so only for a function that is given by its name, as
    any other can run in this process only, or needs the name of its module: then it is 0."""
    threads: int = 1
    """Worker threads where `workers` is 0. One, so that a function need not be thread safe: in Python more of them
    help only a function that waits."""
    receivers_per_queue: int = 2
    """Threads that receive from each queue, at once. Two, so that one waits for SQS while the other delivers."""
    verify_sns: bool = False
    """Whether only messages are believed that SNS has signed; see `ingester.notifications.verifier`. Needs the
    package `cryptography`."""
    sns_topics: tuple[str, ...] = ()
    """With `verify_sns`: the ARNs of the topics whose messages are believed. Empty: any topic of any account."""
    until_empty: bool = False
    """End once all in hand is done and the queues report nothing visible, in flight or delayed, twice in a row."""
    processor: str | None = None
    """A function that is given the events: `package.module:name` or `file.py:name`."""
    event_filter: str | None = None
    """A function that says which events are wanted, named as `processor` is."""
    source_filter: str | None = None
    """A function that says which messages are wanted, named as `processor` is."""
    include: tuple[str, ...] = ()
    """Filters, `eventSource=iam.amazonaws.com`: only events that fit are wanted. CloudTrail's own names, nested ones
    with dots; a pattern as in a shell; on one field alternatives, over several fields all must fit."""
    exclude: tuple[str, ...] = ()
    """Filters of the same form: events that fit any of them are not wanted."""
    max_events_per_emit: int = 512
    """The most events that a function is given at once. They are in memory together: some 3 kB each, and their JSON.
    512, as so many stay in the L2 cache."""
    raw_event_info: bool = False
    """Whether events know where their record stands in the decompressed log file (`byte_start`, `byte_end`). Its
    exact bytes (`raw`) they know anyway."""
    delete_message_upon_failure: bool = False
    """Whether a message is deleted, and its log file quarantined, when the message can't be understood, the log file
    can't be read or the function raises, at the first time. A log file that can't be fetched is tried again."""
    partition_by: tuple[PartitionKey, ...] = ("date",)
    """What the output's directories are made of, in order: any of date, hour, account, region."""
    flush_interval_seconds: float = 60.0
    """The longest that a row waits in a worker before it is staged."""
    target_file_size_bytes: int = 128_000_000
    """Size at which the next data file of a partition is begun."""
    batch_rows: int = 2048
    """Events that are turned into columns together. 512, 1024, 2048 and 4096 at once: 5.8, 5.5, 5.0 and 5.2 s of CPU
    for 700 MB of JSON (measured); few cost calls, many fall out of the cache."""
    visibility_timeout_seconds: int = 300
    """How long a received message stays hidden; extended at a third of it until the message is deleted."""
    max_attempts: int = 5
    """How often a log file that can't be read is tried before it is quarantined."""
    fetches_ahead: int = 64
    """Log files that a worker fetches at once, ahead of decoding. From an S3 that answers after 30 ms one worker got
    240, 465, 867, 1,512, 1,804 and 1,943 tiny log files a second with 8, 16, 32, 64, 128 and 256 (measured)."""
    grace_seconds: float = 30.0
    """How long a drain may take before what is unfinished is given back."""
    worker_silence_seconds: float = 300.0
    """How long a worker's processing loop may say nothing before the worker counts as hung and is replaced. Above
    what an S3 that hardly answers makes of one call: three attempts of 30 s. Not where a user's functions are
    called."""
    worker_memory_bytes: int = 1_000_000_000
    """A worker that holds more after a checkpoint is replaced. A worker peaks below 600 MB (measured), so this is one
    that leaks."""
    log_format: LogFormat = "text"
    """How the command line logs. The library logs to the loggers under `ingester`, and sets up none."""

    def __post_init__(self) -> None:
        for name in ("queue_urls", "sns_topics", "include", "exclude", "partition_by"):
            if isinstance(getattr(self, name), str):
                raise ConfigurationError(
                    f"Settings.{name} is a single text.", hint="Give a tuple or a list of texts."
                )
            force_setattr(self, name, tuple(getattr(self, name)))
        if self.queue_url is not None and self.queue_url not in self.queue_urls:
            force_setattr(self, "queue_urls", (self.queue_url, *self.queue_urls))
        if self.workers is not None:
            _check("workers", self.workers, 0, 1024)
        _check("threads", self.threads, 1, 1024)
        _check("receivers_per_queue", self.receivers_per_queue, 1, 64)
        _check("max_events_per_emit", self.max_events_per_emit, 1, 1_000_000)
        _check("flush_interval_seconds", self.flush_interval_seconds, 0.1, 3600)
        _check("target_file_size_bytes", self.target_file_size_bytes, 1_000_000, 10**10)
        _check("batch_rows", self.batch_rows, 1, 65_536)
        _check("visibility_timeout_seconds", self.visibility_timeout_seconds, 10, VISIBILITY_SECONDS_MAX)
        _check("max_attempts", self.max_attempts, 1, 1000)
        _check("fetches_ahead", self.fetches_ahead, 1, 256)
        _check("worker_silence_seconds", self.worker_silence_seconds, 1, 86_400)
        _check("worker_memory_bytes", self.worker_memory_bytes, 100_000_000, 10**12)
        _check("grace_seconds", self.grace_seconds, 0, 3600)
        _check_topics(self.sns_topics, verify_sns=self.verify_sns)
        unknown = [key for key in self.partition_by if key not in get_args(PartitionKey)]
        if unknown or len(set(self.partition_by)) != len(self.partition_by):
            raise ConfigurationError(
                f"Settings.partition_by {','.join(self.partition_by)} can't be used.",
                hint=f"Give each of {', '.join(get_args(PartitionKey))} at most once, separated by commas.",
            )

    @staticmethod
    def from_properties(path: str | Path) -> "Settings":
        """Settings from a properties file of AWS's CloudTrail Processing Library, with its key names.

        Raises ConfigurationError: no such file, a key or a value that can't be used, credentials in the file (boto3
        finds credentials itself, or takes them from `session`).
        """
        return Settings(**settings_in(Path(path)))

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
                hint="Give Settings.state_dir a directory on a disk that outlives this process.",
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


def _check_topics(topics: tuple[str, ...], *, verify_sns: bool) -> None:
    wrong = [topic for topic in topics if not _TOPIC_ARN.fullmatch(topic)]
    if wrong:
        raise ConfigurationError(
            f"{wrong[0]!r} is no ARN of an SNS topic.",
            hint="Give Settings.sns_topics arn:aws:sns:<region>:<account>:<name>.",
        )
    if topics and not verify_sns:
        raise ConfigurationError(
            "Settings.sns_topics means nothing without a signature that proves the topic.",
            hint="Give Settings.verify_sns too.",
        )


def _check(name: str, value: float, low: float, high: float) -> None:
    if not isinstance(value, int | float):
        raise ConfigurationError(f"Settings.{name} {value!r} is no number.", hint=f"Give {low:.12g} to {high:.12g}.")
    if not low <= value <= high:
        raise ConfigurationError(
            f"Settings.{name} {value:.12g} is out of bounds.", hint=f"Give {low:.12g} to {high:.12g}."
        )
