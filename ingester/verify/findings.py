"""What verify found: told with what, where and what to do; counted without end, kept within bounds."""

import threading
from collections import Counter
from dataclasses import dataclass, field

KEPT_OF_A_KIND_MAX = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that breaks a promise. `kind`: a short name for its like, `lost rows`."""

    kind: str
    what: str
    where: str
    what_to_do: str


@dataclass(slots=True)
class Report:
    """The outcome of a verify. `findings`: at most KEPT_OF_A_KIND_MAX of a kind; `counts`: all, by kind."""

    commits: int = 0
    data_files: int = 0
    log_files: int = 0
    rows: int = 0
    quarantined_records: int = 0
    log_files_compared: int = 0
    records_compared: int = 0
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    """What was done, and what can't be known; no fault of the lake."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.counts

    def has(self, kind: str, where: str) -> bool:
        """Whether such a finding was added already, among those that are kept."""
        with self._lock:
            return any((found.kind, found.where) == (kind, where) for found in self.findings)

    def add(self, kind: str, what: str, where: str, what_to_do: str) -> None:
        """Note a finding. Thread safe."""
        with self._lock:
            self.counts[kind] += 1
            if self.counts[kind] <= KEPT_OF_A_KIND_MAX:
                self.findings.append(Finding(kind, what, where, what_to_do))

    def count_file(self, rows: int) -> None:
        """Note that a data file was read."""
        with self._lock:
            self.data_files += 1
            self.rows += rows
