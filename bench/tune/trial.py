"""One trial: a real backfill of the sample in a process of its own, measured, its output thrown away."""

import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.measure import Running
from bench.tune.scratch import Scratch
from bench.tune.sweep import Choice, Measured
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings

_LOOK_SECONDS = 0.2


class Order(Struct, frozen=True):
    """What the process of a trial is told."""

    settings: Settings
    log_files: tuple[LogFile, ...]


class Outcome(Struct, frozen=True):
    """What the process of a trial tells. `seconds` since workers began to work."""

    log_files: int
    events: int
    json_bytes: int
    seconds: float
    quarantined: int


def run_trial(choice: Choice, log_files: Iterable[LogFile], settings: Settings, scratch: Scratch) -> Measured:
    """Run with a choice. Raises CommandFailedError with what the run said."""
    with scratch.new_place() as (output, state_dir):
        order = Order(
            msgspec.structs.replace(
                settings,
                output=output,
                state_dir=state_dir,
                workers=choice.workers,
                fetches_ahead=choice.fetches_ahead,
                batch_rows=choice.batch_rows,
            ),
            tuple(log_files),
        )
        told = Path(state_dir) / "order.json"
        told.write_bytes(msgspec.json.encode(order))
        running = Running([sys.executable, "-m", "bench.tune.trial_run", str(told)])
        with _MemoryWatch(running.pid) as memory:
            usage, output_text = running.wait()
    outcome = msgspec.json.decode(output_text.splitlines()[-1], type=Outcome)
    return Measured(
        choice=choice,
        log_files=outcome.log_files / outcome.seconds,
        events=outcome.events / outcome.seconds,
        json_bytes=outcome.json_bytes / outcome.seconds,
        cores_busy=usage.cpu_seconds / usage.seconds,
        memory_bytes=memory.peak_bytes or usage.peak_rss_bytes * choice.workers,
    )


class _MemoryWatch:
    """Looks at a process and its descendants now and then, and remembers the most memory that they held together.

    Pages shared by several processes count once. Linux only; elsewhere the peak stays 0.
    """

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self._pid = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(_LOOK_SECONDS):
            self.peak_bytes = max(self.peak_bytes, sum(map(_held_bytes, _tree(self._pid))))


def _tree(pid: int) -> list[int]:
    """A process and its descendants."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(") ")[2].split()[1])
        except OSError:  # gone meanwhile
            continue
    found = [pid] if pid in parents else []
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def _held_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
