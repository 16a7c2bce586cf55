"""Memory and descriptors of the ingester's processes, and the size of its ledger, over a run. Linux only."""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from statistics import median

from tests.support.cli import Running

_JUDGED_SECONDS_MIN = 120.0
_WARM_UP_SHARE = 1 / 3
_GROWTH_MAX = 1.1
_MEMORY_SLACK_BYTES = 8_000_000
_DESCRIPTORS_SLACK = 4
_LEDGER_BYTES_A_LOG_FILE_MAX = 1_000
_LEDGER_BYTES_FIXED = 12_000_000
"""Its write-ahead log, which SQLite uses again once it has reached 4 MB, or what one transaction needs."""


@dataclass(frozen=True)
class Sample:
    """One look. `life`: the number of the supervisor's start; `ledger_log_files`: how many it holds."""

    seconds: float
    life: int
    supervisor_bytes: int
    workers_bytes: int
    supervisor_descriptors: int
    workers_descriptors: int
    ledger_bytes: int
    ledger_log_files: int


@dataclass
class Gauges:
    """`samples`, in their order."""

    ledger: Path
    started_seconds: float = field(default_factory=time.monotonic)
    samples: list[Sample] = field(default_factory=list)

    def read(self, running: Running, life: int) -> None:
        """Note what is now."""
        supervisor, workers = running.process.pid, running.worker_pids()
        self.samples.append(
            Sample(
                seconds=time.monotonic() - self.started_seconds,
                life=life,
                supervisor_bytes=_rss_bytes(supervisor),
                workers_bytes=sum(map(_rss_bytes, workers)),
                supervisor_descriptors=_descriptors(supervisor),
                workers_descriptors=sum(map(_descriptors, workers)),
                ledger_bytes=sum(path.stat().st_size for path in self.ledger.parent.glob(f"{self.ledger.name}*")),
                ledger_log_files=_log_files(self.ledger),
            )
        )


def growth(samples: list[Sample]) -> Iterator[str]:
    """What grew, a sentence each, in the longest life of a supervisor; nothing of lives too short to tell.

    Its first third is warm-up. Of the two halves of the rest, the second must not be above the first, in the median,
    by more than a tenth and a little. The ledger may grow by its log files only.
    """
    life = longest_life(samples)
    if not life or life[-1].seconds - life[0].seconds < _JUDGED_SECONDS_MIN:
        return
    warm = life[int(len(life) * _WARM_UP_SHARE) :]
    halves = warm[: len(warm) // 2], warm[len(warm) // 2 :]
    for name, slack in (
        ("supervisor_bytes", _MEMORY_SLACK_BYTES),
        ("workers_bytes", 4 * _MEMORY_SLACK_BYTES),
        ("supervisor_descriptors", _DESCRIPTORS_SLACK),
        ("workers_descriptors", 2 * _DESCRIPTORS_SLACK),
    ):
        before, after = (median(getattr(sample, name) for sample in half) for half in halves)
        if after > before * _GROWTH_MAX + slack:
            yield f"{name} grew from {before:,.0f} to {after:,.0f} (medians) in one life of the supervisor"
    last = samples[-1]
    if last.ledger_bytes > _LEDGER_BYTES_FIXED + _LEDGER_BYTES_A_LOG_FILE_MAX * last.ledger_log_files:
        yield f"the ledger has {last.ledger_bytes:,} bytes for {last.ledger_log_files:,} log files"


def longest_life(samples: Iterable[Sample]) -> list[Sample]:
    """The samples of the supervisor that lived longest."""
    lives = [list(life) for _, life in groupby(samples, key=lambda sample: sample.life)]
    return max(lives, key=lambda life: life[-1].seconds - life[0].seconds, default=[])


def _rss_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    except (OSError, IndexError):
        return 0


def _descriptors(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0


def _log_files(ledger: Path) -> int:
    """What the ledger says, read beside its owner; 0 while there is none."""
    try:
        with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=1)) as connection:
            (number,) = connection.execute("SELECT coalesce(sum(log_files), 0) FROM commits").fetchone()
            return int(number)
    except sqlite3.Error:
        return 0
