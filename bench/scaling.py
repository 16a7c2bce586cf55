"""How much faster more workers are, from one to twice the cores: whole conversions from process start to exit.

Starting processes and importing libraries is measured apart, by a run over one log file, as in a service or a long
backfill it does not count.
"""

import tempfile
from pathlib import Path

from bench.conversion import Say, convert
from bench.data import BUSY, CACHE, QUICK_PROFILES, TINY, Data, prepare
from bench.measure import Usage
from bench.results import Result
from ingester.model.settings import usable_cores

_PROFILES = (TINY.of(8000), BUSY.of(112))
_ROUNDS = 4


def run_section(say: Say, *, quick: bool) -> Result:
    """Seconds and CPU seconds by number of workers, and the seconds of them that start-up takes."""
    rounds = 1 if quick else _ROUNDS
    counts = range(1, 2 * usable_cores() + 1)
    startup = {workers: _fastest(prepare(TINY.of(1)), workers, 2).seconds for workers in counts}
    found: Result = {}
    for profile in (QUICK_PROFILES[0], QUICK_PROFILES[2]) if quick else _PROFILES:
        data = prepare(profile)
        runs = []
        for workers in counts:
            usage = _fastest(data, workers, rounds)
            say(f"{profile.name}: {workers} workers {data.events / (usage.seconds - startup[workers]):,.0f} events/s")
            runs.append(
                {
                    "workers": workers,
                    "seconds": usage.seconds,
                    "startup_seconds": startup[workers],
                    "cpu_seconds": usage.cpu_seconds,
                    "peak_rss_bytes": usage.peak_rss_bytes,
                }
            )
        sums = {"events": data.events, "log_files": data.log_files, "json_bytes": data.json_bytes}
        found[profile.name] = sums | {"runs": runs}
    return found


def _fastest(data: Data, workers: int, rounds: int) -> Usage:
    usages = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            usages.append(convert(data.folder, Path(scratch) / "output", workers))
    return min(usages, key=lambda usage: usage.seconds)
