"""Memory and descriptors of the ingester's processes, and the size of its ledger, over a run; drawn as text."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.support.cli import Running

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 60


@dataclass
class Gauges:
    """One value a second. Linux only; elsewhere nothing is drawn."""

    ledger: Path
    rss_bytes: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    ledger_bytes: list[int] = field(default_factory=list)

    def read(self, running: Running) -> None:
        """Note what is now."""
        pids = [running.process.pid, *running.worker_pids()]
        self.rss_bytes.append(sum(map(_rss_bytes, pids)))
        self.descriptors.append(sum(map(_descriptors, pids)))
        self.ledger_bytes.append(sum(path.stat().st_size for path in self.ledger.parent.glob(f"{self.ledger.name}*")))

    def draw(self) -> str:
        """A line each: the course, and the highest."""
        rows = (
            ("memory MB", self.rss_bytes, 1e6),
            ("descriptors", self.descriptors, 1),
            ("ledger kB", self.ledger_bytes, 1e3),
        )
        return "\n".join(
            f"{name:12} {_line(values)} {max(values, default=0) / unit:,.0f} at most" for name, values, unit in rows
        )


def _line(values: list[int]) -> str:
    step = max(1, -(-len(values) // _WIDTH))
    highs = [max(values[start : start + step]) for start in range(0, len(values), step)]
    most = max([*highs, 1])
    return "".join(_BARS[value * (len(_BARS) - 1) // most] for value in highs)


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
