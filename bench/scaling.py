"""How much faster more workers are, from one to twice the cores: whole conversions from process start to exit."""

import tempfile
from pathlib import Path

from bench.conversion import Say, convert
from bench.data import BUSY, CACHE, QUICK_PROFILES, TINY, prepare
from bench.results import Result
from ingester.model.settings import usable_cores

_PROFILES = (TINY.of(8000), BUSY.of(112))
_ROUNDS = 2


def run_section(say: Say, *, quick: bool) -> Result:
    """Seconds and CPU seconds by number of workers."""
    found: Result = {}
    for profile in (QUICK_PROFILES[0], QUICK_PROFILES[2]) if quick else _PROFILES:
        data = prepare(profile)
        runs = []
        for workers in range(1, 2 * usable_cores() + 1):
            usage = None
            for _ in range(1 if quick else _ROUNDS):
                with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
                    measured = convert(data.folder, Path(scratch) / "output", workers)
                usage = measured if usage is None or measured.seconds < usage.seconds else usage
            assert usage is not None
            say(f"{profile.name}: {workers} workers {data.events / usage.seconds:,.0f} events/s")
            runs.append({
                "workers": workers, "seconds": usage.seconds, "cpu_seconds": usage.cpu_seconds,
                "peak_rss_bytes": usage.peak_rss_bytes,
            })  # fmt: skip
        found[profile.name] = {
            "events": data.events,
            "log_files": data.log_files,
            "json_bytes": data.json_bytes,
            "runs": runs,
        }
    return found
