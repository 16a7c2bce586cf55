"""The stage benches, run by pytest-benchmark in a process of its own; its figures in short."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.conversion import Say
from bench.measure import PROJECT_ROOT
from bench.results import Result


def run_section(say: Say, *, quick: bool) -> Result:
    """The least CPU time of each stage on each profile, and what it was spent on."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "benchmark.json"
        subprocess.run(
            [
                sys.executable, "-m", "pytest", "bench/bench_stages.py", "-p", "no:cacheprovider", "--timeout=0",
                "--benchmark-disable-gc", "--benchmark-timer=time.process_time", f"--benchmark-json={report}",
                "--benchmark-quiet",
            ],
            cwd=PROJECT_ROOT,
            env={**os.environ, "BENCH_QUICK": "1" if quick else "0"},
            check=True,
            stdout=subprocess.DEVNULL if quick else None,
        )  # fmt: skip
        measured = json.loads(report.read_text())["benchmarks"]
    profiles: Result = {}
    for bench in measured:
        about = bench["extra_info"]
        empty = {name: about[name] for name in ("events", "json_bytes", "log_files")} | {"cpu_seconds": {}}
        profiles.setdefault(about["profile"], empty)["cpu_seconds"][about["stage"]] = bench["stats"]["min"]
    for name, profile in profiles.items():
        whole = profile["cpu_seconds"]["whole conversion"]
        rate = profile["json_bytes"] / 1e6 / whole
        say(f"{name}: {whole / profile['events'] * 1e6:.1f} µs an event, {rate:.0f} MB/s")
    return profiles
