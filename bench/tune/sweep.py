"""Which trials to make, and what to make of them. Pure.

One choice after another: workers, fetches ahead, batch rows, and workers again if another choice than the default
was made since. Every combination would take an hour and tell little more: the three hardly depend on each other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingester.model.settings import Settings

WITHIN = 0.03
"""A rate that is less than this part below the best is as good: then what costs less, or the default, is chosen."""

FETCHES_AHEAD = (4, 8, 16, 32, 64, 128)
BATCH_ROWS = (256, 512, 1024, 2048, 4096)
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

WORKERS, FETCHES, ROWS, WORKERS_TUNED = "workers", "fetches ahead", "batch rows", "workers, tuned"


@dataclass(frozen=True)
class Candidates:
    """The values to try. Of one value there is nothing to try."""

    workers: Sequence[int]
    fetches_ahead: Sequence[int] = FETCHES_AHEAD
    batch_rows: Sequence[int] = BATCH_ROWS


def worker_counts(cores: int) -> list[int]:
    """One to twice the cores; not every one of them on a large machine."""
    if 2 * cores <= _WORKERS_STEPS_MAX:
        return list(range(1, 2 * cores + 1))
    return sorted({1, cores // 4, cores // 2, 3 * cores // 4, cores, 5 * cores // 4, 3 * cores // 2, 2 * cores} - {0})


def sweep(candidates: Candidates, try_: Try) -> Iterator[tuple[str, Measured]]:
    """Every trial as it is made, with the name of the choice that it is for."""
    start = Choice(0, candidates.fetches_ahead[0], candidates.batch_rows[0])
    if len(candidates.fetches_ahead) > 1:
        start = replace(start, fetches_ahead=Choice.fetches_ahead)
    if len(candidates.batch_rows) > 1:
        start = replace(start, batch_rows=Choice.batch_rows)
    best = start

    def over(name: str, choices: Sequence[Choice], default: Choice) -> Iterator[tuple[str, Measured]]:
        nonlocal best
        found = []
        for choice in choices:
            found.append(try_(choice))
            yield name, found[-1]
        best = choose(found, default).choice

    yield from over(WORKERS, [replace(best, workers=n) for n in candidates.workers], start)
    if len(candidates.fetches_ahead) > 1:
        yield from over(FETCHES, [replace(best, fetches_ahead=n) for n in candidates.fetches_ahead], best)
    if len(candidates.batch_rows) > 1:
        yield from over(ROWS, [replace(best, batch_rows=n) for n in candidates.batch_rows], best)
    if replace(best, workers=0) != start:
        yield from over(WORKERS_TUNED, [replace(best, workers=n) for n in candidates.workers], start)


def recommended(trials: Sequence[tuple[str, Measured]]) -> Measured:
    """What a whole sweep has found."""
    return choose(by_workers(trials), Choice(0))


def by_workers(trials: Sequence[tuple[str, Measured]]) -> list[Measured]:
    """The trials of each number of workers, with the other choices at their best."""
    for name in (WORKERS_TUNED, WORKERS):
        found = [measured for tried, measured in trials if tried == name]
        if found:
            return sorted(found, key=lambda measured: measured.choice.workers)
    return []


def choose(found: Sequence[Measured], default: Choice) -> Measured:
    """The fastest; or what is as good and the default; or the first that is as good, and so costs least."""
    fastest = max(found, key=lambda measured: measured.json_bytes)
    good = [measured for measured in found if measured.json_bytes >= fastest.json_bytes * (1 - WITHIN)]
    return next((measured for measured in good if measured.choice == default), good[0])
