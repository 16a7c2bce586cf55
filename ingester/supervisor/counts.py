"""What a run has done so far: the numbers of the summary, the progress display and the tests' oracle."""

import time
from collections import Counter
from dataclasses import dataclass, field

from ingester.model.quarantine import QuarantinedLogFile


@dataclass(slots=True)
class Counts:
    """Totals of one run. Every skip has its own number: nothing is dropped in silence."""

    started_at_seconds: float = field(default_factory=time.monotonic)
    messages: int = 0
    messages_deleted: int = 0
    messages_given_back: int = 0
    notifications: Counter[str] = field(default_factory=Counter)
    """Messages by notification kind; `unknown` for those that nobody understood."""
    sources_filtered: int = 0
    """Messages, or listed log files, that the source filter did not want."""
    digests_skipped: int = 0
    others_skipped: int = 0
    log_files_found: int = 0
    log_files: int = 0
    already_committed: int = 0
    events: int = 0
    events_filtered: int = 0
    """Events that a filter did not want. `events` does not count them."""
    json_bytes: int = 0
    undated_rows: int = 0
    data_files: int = 0
    data_bytes: int = 0
    commits: int = 0
    rolled_forward: int = 0
    quarantined_records: int = 0
    quarantined: list[QuarantinedLogFile] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    """Failed attempts at log files, by kind."""
    stale_receipts: int = 0
    workers_died: int = 0
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
