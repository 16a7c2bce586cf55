"""The library: events a second to a function that counts them, by number of workers, and what filters cost.

Rates are told without start-up, which a run over one log file of five events measures.
"""

import json

from bench.conversion import Say
from bench.data import BUSY, TINY, Data, prepare
from bench.measure import BenchError, Usage, run_module
from bench.results import Result
from ingester.model.settings import usable_cores

_PROFILE = BUSY.of(112)
_QUICK_PROFILE = BUSY.of(8)
_ROUNDS = 5
_FILTER_ROUNDS = 60
_QUICK_FILTER_ROUNDS = 5


def run_section(say: Say, *, quick: bool) -> Result:
    """Rates for one worker up to as many as cores, and CPU seconds by filter."""
    data = prepare(_QUICK_PROFILE if quick else _PROFILE)
    runs = [_measure(data, workers, 1 if quick else _ROUNDS) for workers in range(1, usable_cores() + 1)]
    for run in runs:
        say(
            f"{run['workers']} workers: {run['events_a_second']:,.0f} events/s, "
            f"{run['cpu_us_an_event']:.2f} CPU µs an event"
        )
    _, told = run_module("bench.filter_run", _QUICK_FILTER_ROUNDS if quick else _FILTER_ROUNDS)
    filters = json.loads(told.splitlines()[-1])
    for way, taken in filters["cpu_seconds"].items():
        more = ", ".join(f"{name} {seconds / taken['none'] - 1:+.1%}" for name, seconds in taken.items())
        say(f"filters on the way to {way}: {more}")
    return {"events_per_log_file": data.profile.events, "runs": runs, "filters": filters}


def _measure(data: Data, workers: int, rounds: int) -> Result:
    startup = _fastest(prepare(TINY.of(1)), workers, max(rounds, 2))
    usage = _fastest(data, workers, rounds)
    return {
        "workers": workers,
        "events_a_second": data.events / (usage.seconds - startup.seconds),
        "cpu_us_an_event": 1e6 * (usage.cpu_seconds - startup.cpu_seconds) / data.events,
        "seconds": usage.seconds,
        "startup_seconds": startup.seconds,
        "peak_rss_bytes": usage.peak_rss_bytes,
    }


def _fastest(data: Data, workers: int, rounds: int) -> Usage:
    usages = []
    for _ in range(rounds):
        usage, told = run_module("bench.function_run", data.folder, workers)
        if int(told.splitlines()[-1]) != data.events:
            raise BenchError(f"{told.splitlines()[-1]} events came, not {data.events}")
        usages.append(usage)
    return min(usages, key=lambda usage: usage.seconds)
