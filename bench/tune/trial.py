"""One trial: a real backfill of the sample in a process of its own, measured, its output thrown away."""

import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.measure import Running
from bench.tune.scratch import Scratch
from bench.tune.sweep import Choice, Measured
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings

_LOOK_SECONDS = 0.2
_SHARE_MIN = 0.2
"""The least part of a run that counts as work: of a run that is hardly more than its start, no rate can be told."""


class Order(Struct, frozen=True):
    """What the process of a trial is told."""

    settings: Settings
    log_files: tuple[LogFile, ...]


class Outcome(Struct, frozen=True):
    """What the process of a trial tells. `seconds` of the run itself, without the interpreter's start."""

    log_files: int
    events: int
    json_bytes: int
    seconds: float


class Trials:
    """Runs trials over the same log files.

    Starting the workers is of no weight in a service, but of much in a trial of seconds. So what a run over one log
    file takes, with as many workers, is taken off.
    """

    def __init__(self, settings: Settings, scratch: Scratch, log_files: Sequence[LogFile]) -> None:
        self._settings = settings
        self._scratch = scratch
        self._log_files = log_files
        self._alone: dict[int, Outcome] = {}

    def run(self, choice: Choice) -> Measured:
        """Measure a choice. Raises CommandFailedError with what the run said."""
        if choice.workers not in self._alone:
            smallest = min(self._log_files, key=lambda log_file: log_file.size_bytes or 0)
            self._alone[choice.workers] = self._run(choice, (smallest,))[0]
        outcome, cores_busy, memory_bytes = self._run(choice, self._log_files)
        return rates(choice, outcome, self._alone[choice.workers], cores_busy, memory_bytes)

    def _run(self, choice: Choice, log_files: Sequence[LogFile]) -> tuple[Outcome, float, int]:
        with self._scratch.new_place() as (output, state_dir):
            order = Order(
                msgspec.structs.replace(
                    self._settings,
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
        memory_bytes = memory.peak_bytes or usage.peak_rss_bytes * choice.workers
        return outcome, usage.cpu_seconds / usage.seconds, memory_bytes


def rates(choice: Choice, whole: Outcome, alone: Outcome, cores_busy: float, memory_bytes: int) -> Measured:
    """What a trial gave, that of one log file alone taken off; of few log files nothing is."""
    if whole.log_files < 2 * alone.log_files:
        alone = Outcome(0, 0, 0, 0)
    seconds = max(whole.seconds - alone.seconds, whole.seconds * _SHARE_MIN)
    return Measured(
        choice=choice,
        log_files=(whole.log_files - alone.log_files) / seconds,
        events=(whole.events - alone.events) / seconds,
        json_bytes=(whole.json_bytes - alone.json_bytes) / seconds,
        cores_busy=cores_busy,
        memory_bytes=memory_bytes,
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
