"""Peak memory of a worker by profile, and on one log file that inflates to a gigabyte."""

import tempfile
from pathlib import Path

from bench.conversion import Say, convert
from bench.data import BUSY, CACHE, LARGE, QUICK_PROFILES, TINY, TYPICAL, gigantic, prepare
from bench.results import Result

_PROFILES = (TINY.of(8000), TYPICAL.of(200), BUSY.of(112), LARGE.of(4))
_GIGANTIC_BYTES = 10**9
_QUICK_GIGANTIC_BYTES = 2 * 10**8


def run_section(say: Say, *, quick: bool) -> Result:
    """The largest process of a run with one worker, which is the worker."""
    found: Result = {}
    json_bytes = _QUICK_GIGANTIC_BYTES if quick else _GIGANTIC_BYTES
    sources = {profile.name: prepare(profile).folder for profile in (QUICK_PROFILES if quick else _PROFILES)}
    sources[f"one log file of {json_bytes / 1e9:g} GB"] = gigantic(json_bytes).parents[7]
    for name, folder in sources.items():
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            usage = convert(folder, Path(scratch) / "output")
        say(f"{name}: {usage.peak_rss_bytes / 1e6:,.0f} MB")
        found[name] = {
            "peak_rss_bytes": usage.peak_rss_bytes,
            "seconds": usage.seconds,
            "cpu_seconds": usage.cpu_seconds,
        }
    return found
