"""Which trials to make, and what to make of them. Pure.

One choice after another: workers, fetches ahead, batch rows, and workers again with what was chosen. Every
combination would take an hour and tell little more: the three hardly depend on each other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingester.model.settings import Settings

WITHIN = 0.03
"""A rate that is less than this part below the best is as good: then what costs less, or the default, is chosen."""

FETCHES_AHEAD = (4, 8, 16, 32, 64, 128)
BATCH_ROWS = (128, 256, 512, 1024, 2048)
_WORKERS_STEPS_MAX = 8


@dataclass(frozen=True)
class Choice:
    """What a trial runs with."""

    workers: int
    fetches_ahead: int = Settings().fetches_ahead
    batch_rows: int = Settings().batch_rows


@dataclass(frozen=True)
class Measured:
    """What a trial gave. Rates are per second; memory is the peak of all processes together."""

    choice: Choice
    log_files: float
    events: float
    json_bytes: float
    cores_busy: float
    memory_bytes: int


Try = Callable[[Choice], Measured]


def worker_counts(cores: int) -> list[int]:
    """One to twice the cores; not every one of them on a large machine."""
    if 2 * cores <= _WORKERS_STEPS_MAX:
        return list(range(1, 2 * cores + 1))
    return sorted({1, cores // 4, cores // 2, 3 * cores // 4, cores, 5 * cores // 4, 3 * cores // 2, 2 * cores} - {0})


def sweep(cores: int, try_: Try, *, on_s3: bool) -> Iterator[tuple[str, Measured]]:
    """Every trial as it is made, with the name of the choice that it is for; the last name is `workers, tuned`."""
    best = Choice(workers=cores)

    def over(name: str, choices: Sequence[Choice], default: Choice) -> Iterator[tuple[str, Measured]]:
        nonlocal best
        found = []
        for choice in choices:
            found.append(try_(choice))
            yield name, found[-1]
        best = choose(found, default).choice

    counts = worker_counts(cores)
    yield from over("workers", [replace(best, workers=n) for n in counts], Choice(0))
    if on_s3:
        yield from over("fetches ahead", [replace(best, fetches_ahead=n) for n in FETCHES_AHEAD], best)
    yield from over("batch rows", [replace(best, batch_rows=n) for n in BATCH_ROWS], best)
    yield from over("workers, tuned", [replace(best, workers=n) for n in counts], Choice(0))


def choose(found: Sequence[Measured], default: Choice) -> Measured:
    """The fastest; or what is as good and the default; or the first that is as good, and so costs least."""
    fastest = max(found, key=lambda measured: measured.json_bytes)
    good = [measured for measured in found if measured.json_bytes >= fastest.json_bytes * (1 - WITHIN)]
    return next((measured for measured in good if measured.choice == default), good[0])
