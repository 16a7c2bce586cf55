"""How each stage stands against the floor, as a ratio of CPU times of one process: what the regression guard watches.

A ratio of 0.5 says that the stage takes twice the CPU time of the whole floor over the same log files. Ratios
hardly depend on how fast the machine is; they do depend a little on its kind (vector units help the floor more).
"""

import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.floor import FLOOR
from bench.material import Material
from bench.stages import STAGES
from scripts.demo_world.log_files import log_file

FIGURES = Path(__file__).resolve().parent / "figures.json"
"""The committed figures, rewritten by `./scripts/bench --report`."""

FALL_MAX = 1 / 3
"""The part of a committed ratio that may be lost before the guard fails."""

_LARGE_EVENTS, _TINY_FILES, _TINY_EVENTS = 4000, 200, 5


def guard_material() -> Material:
    """Small and always the same: one large log file and many tiny ones."""
    tiny = [log_file(_TINY_EVENTS, seed=seed).body for seed in range(1, 5)]
    return Material([log_file(_LARGE_EVENTS, seed=1).body, *(tiny * (_TINY_FILES // len(tiny)))])


def measure_ratios(material: Material, rounds: int) -> dict[str, float]:
    """floor ÷ stage for each stage. Floor and stages take turns, and the least CPU time of each counts."""
    steps = {"floor": FLOOR["floor"], **STAGES}
    least = dict.fromkeys(steps, float("inf"))
    with tempfile.TemporaryDirectory() as scratch, no_collector():
        for _ in range(rounds + 1):  # the first round warms up; it hardly ever holds a minimum
            for name, step in steps.items():
                began_at_seconds = time.process_time()
                step(material, Path(scratch))
                least[name] = min(least[name], time.process_time() - began_at_seconds)
    return {name: least["floor"] / seconds for name, seconds in least.items() if name != "floor"}


def run_section(say: Callable[[str], None], *, quick: bool) -> dict[str, dict[str, float]]:
    """The ratios that the report commits for the guard."""
    ratios = measure_ratios(guard_material(), 5 if quick else 40)
    say(", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()))
    return {"ratios": ratios}


def read_figures() -> dict[str, float]:
    """The committed ratios."""
    ratios: dict[str, float] = json.loads(FIGURES.read_text())["ratios"]
    return ratios


def write_figures(ratios: Mapping[str, float]) -> None:
    """Make these the committed ratios."""
    rounded = {name: float(f"{ratio:.3g}") for name, ratio in ratios.items()}
    FIGURES.write_text(
        json.dumps({"what": "CPU time of the floor over that of the stage", "ratios": rounded}, indent=2) + "\n"
    )


def fallen(measured: Mapping[str, float], committed: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """The stages that lost more than `FALL_MAX` of their committed ratio: what was measured, what was committed."""
    return {
        name: (measured.get(name, 0.0), ratio)
        for name, ratio in committed.items()
        if measured.get(name, 0.0) < ratio * (1 - FALL_MAX)
    }


@contextmanager
def no_collector() -> Iterator[None]:
    """As in a worker: the collector finds nothing and costs a tenth."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


if __name__ == "__main__":
    print(json.dumps(measure_ratios(guard_material(), int(sys.argv[1]))))
