"""What a run has done so far: the numbers of the summary, the progress display and the tests' oracle."""

import time
from collections import Counter
from dataclasses import dataclass, field

from ingester.model.quarantine import QuarantinedLogFile


@dataclass(slots=True)
class Counts:
    """Totals of one run. Every skip has its own number: nothing is dropped in silence.

    Written by the run's own thread; numbers may be read from any.
    """

    started_at_seconds: float = field(default_factory=time.monotonic)
    """When the run began, on the monotonic clock."""
    messages: int = 0
    """Messages received. One that SQS delivers again while it is in hand is counted once."""
    messages_deleted: int = 0
    """Messages deleted from their queues."""
    messages_given_back: int = 0
    """Messages made visible again before their time."""
    notifications: Counter[str] = field(default_factory=Counter)
    """Messages by notification kind; `unknown` for those that nobody understood."""
    sources_filtered: int = 0
    """Messages, or listed log files, that the source filter did not want."""
    digests_skipped: int = 0
    """Digest files that were announced or listed: they hold no records."""
    others_skipped: int = 0
    """Other objects that are no log files: folders, removals, other S3 events."""
    log_files_found: int = 0
    """Log files that were announced or listed."""
    log_files: int = 0
    """Log files that are done, and committed where there is an output."""
    already_committed: int = 0
    """Log files that were found and had been done before."""
    events: int = 0
    """Events of the log files that are done."""
    events_filtered: int = 0
    """Events that a filter did not want. `events` does not count them."""
    json_bytes: int = 0
    """Bytes of JSON of the log files that are done, decompressed."""
    undated_rows: int = 0
    """Rows without a usable eventTime."""
    data_files: int = 0
    """Parquet files published."""
    data_bytes: int = 0
    """Their bytes."""
    commits: int = 0
    """Commits that are in the ledger."""
    rolled_forward: int = 0
    """Commits of an earlier run that were published at the start of this one."""
    quarantined_records: int = 0
    """Records that can't be read at all. The others of their log files are done."""
    quarantined: list[QuarantinedLogFile] = field(default_factory=list)
    """Log files that were given up."""
    failures: Counter[str] = field(default_factory=Counter)
    """Failed attempts at log files, by kind; `function` where a function of the user raised."""
    stale_receipts: int = 0
    """Messages that could not be extended or deleted, as SQS had delivered them anew."""
    workers_died: int = 0
    """Workers that ended without being asked to, or were killed as they hung."""
    workers_recycled: int = 0
    """Workers that were replaced between log files, as they had grown too large."""
    log_files_done: int = 0
    """Log files that workers are done with, committed or not yet: for a display, not for a sum."""
    events_decoded: int = 0
    """Events that workers have decoded, committed or not yet: for a display, not for a sum."""

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self.started_at_seconds

    @property
    def is_clean(self) -> bool:
        """Whether nothing was quarantined."""
        return not self.quarantined and not self.quarantined_records


def show_nothing(counts: Counts) -> None:
    """What a run without a display calls several times a second."""
