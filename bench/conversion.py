"""Whole conversions, from process start to exit: ours with one worker, the peers, and the floor, on the same files.

Every peer's rows are compared with ours before its time counts. Contenders and the floor take turns, and of each the
round with the least CPU time counts. MB are 10⁶ bytes of JSON; a CPU second is one of the whole process tree, user
and system.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.data import BUSY, CACHE, LARGE, QUICK_PROFILES, TINY, TYPICAL, Data, prepare
from bench.measure import INGESTER, BenchError, CommandFailedError, Usage, run, run_module
from bench.results import Result

PEERS = ("duckdb", "polars", "orjson", "ijson")
OURS = "ingester"
_PROFILES = (TINY.of(8000), TYPICAL.of(400), BUSY.of(112), LARGE.of(4))
_ROUNDS = 3

Say = Callable[[str], None]


def run_section(say: Say, *, quick: bool) -> Result:
    """Every contender on every profile."""
    profiles = QUICK_PROFILES if quick else _PROFILES
    return {
        "startup": _told(_startup()),
        "profiles": {profile.name: _contest(prepare(profile), say, 1 if quick else _ROUNDS) for profile in profiles},
    }


def convert(folder: Path, output: Path, workers: int = 1) -> Usage:
    """`ingester backfill` of a folder, as a user would type it."""
    command = [*INGESTER, "backfill", str(folder), "--output", str(output), "--workers", str(workers)]
    usage, _ = run(command, {"INGESTER_LOG_FORMAT": "text"})
    return usage


def _contest(data: Data, say: Say, rounds: int) -> Result:
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        outputs = {name: Path(scratch) / name for name in (OURS, *PEERS)}
        best: dict[str, Usage] = {}
        compared: Result = {}
        floor_cpu_seconds = float("inf")
        for number in range(rounds):
            for name, output in outputs.items():
                shutil.rmtree(output, ignore_errors=True)
                output.mkdir()
                usage = _convert_with(name, data, output)
                say(f"{data.profile.name}: {name} {data.json_bytes / 1e6 / usage.cpu_seconds:,.1f} MB/CPU-s")
                if name not in best or usage.cpu_seconds < best[name].cpu_seconds:
                    best[name] = usage
                if number == 0 and name != OURS:
                    compared[name] = _compare(outputs[OURS], output)
                    shutil.rmtree(output)
            _, told = run_module("bench.floor_run", data.folder)
            floor_cpu_seconds = min(floor_cpu_seconds, float(told))
    return {
        "events_per_log_file": data.profile.events,
        "log_files": data.log_files,
        "events": data.events,
        "json_bytes": data.json_bytes,
        "gzip_bytes": data.gzip_bytes,
        "floor_cpu_seconds": floor_cpu_seconds,
        "contenders": {name: _told(usage) for name, usage in best.items()},
        "compared": compared,
    }


def _convert_with(name: str, data: Data, output: Path) -> Usage:
    if name == OURS:
        return convert(data.folder, output)
    usage, _ = run_module(f"bench.peers.with_{name}", data.folder, output)
    return usage


def _compare(ours: Path, theirs: Path) -> str:
    try:
        _, told = run_module("bench.rows", ours, theirs)
    except CommandFailedError as error:
        raise BenchError(f"{theirs.name} and the ingester do not give the same rows.\n{error}") from None
    return told.strip()


def _startup() -> Usage:
    """One log file of five events: what a run takes besides its work."""
    data = prepare(TINY.of(1))
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        return min(
            (convert(data.folder, Path(scratch) / str(n)) for n in range(3)), key=lambda usage: usage.cpu_seconds
        )


def _told(usage: Usage) -> Result:
    return {
        "seconds": usage.seconds,
        "cpu_seconds": usage.cpu_seconds,
        "system_seconds": usage.system_seconds,
        "peak_rss_bytes": usage.peak_rss_bytes,
    }
