"""From SQS and S3 to Parquet, against the fakes: how many fetches ahead hide the latency of S3.

One worker. The rate is that of the GETs' middle eight tenths, so that start and end of the run do not count. The
CPU seconds are those of the ingester's processes; the fake's own are told beside them.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.conversion import Say
from bench.data import BUSY, CACHE, TINY, Profile, prepare
from bench.fakes.server import fake_aws
from bench.fakes.world import World
from bench.measure import INGESTER, run
from bench.results import Result
from scripts.demo_world.moto_server import CREDENTIALS

_SECONDS_WANTED = 4.0
"""How long a run should fetch."""
_FILES_A_SECOND_MAX = 2500
_MEGABYTES_A_SECOND = 50
"""Bandwidth of one connection to S3, in the runs over large log files."""


@dataclass(frozen=True)
class Scenario:
    """One run. Latency in milliseconds to the first byte."""

    profile: Profile
    latency_ms: int
    fetches_ahead: int
    log_files: int
    megabytes_a_second: int = 0


def run_section(say: Say, *, quick: bool) -> Result:
    """Rates by latency and fetches ahead."""
    runs = []
    for scenario in _scenarios(quick=quick):
        told = run_scenario(scenario)
        say(
            f"{scenario.profile.name}: {scenario.latency_ms} ms, {scenario.fetches_ahead} ahead: "
            f"{told['log_files_a_second']:,.0f} log files/s, {told['cpu_seconds_a_log_file'] * 1e6:,.0f} µs CPU each"
        )
        runs.append(told)
    return {"runs": runs}


def run_scenario(scenario: Scenario) -> Result:
    """Drain the queue of one fake with `ingester run --until-empty`."""
    folder = prepare(scenario.profile).folder
    world = World(folder, scenario.log_files, scenario.latency_ms / 1000, scenario.megabytes_a_second * 10**6)
    with fake_aws(world) as fake, tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        command = [
            *INGESTER, "run", "--queue-url", fake.queue_url, "--endpoint-url", fake.endpoint_url, "--until-empty",
            "--output", str(Path(scratch) / "output"), "--workers", "1",
            "--fetches-ahead", str(scenario.fetches_ahead),
        ]  # fmt: skip
        usage, output = run(command, aws_environment())
        counts = fake.counts()
    if counts.messages_deleted != scenario.log_files:
        raise SystemExit(
            f"error: {counts.messages_deleted} of {scenario.log_files} messages deleted\n{output[-2000:]}"
        )
    return {
        "profile": scenario.profile.name,
        "latency_ms": scenario.latency_ms,
        "megabytes_a_second": scenario.megabytes_a_second,
        "fetches_ahead": scenario.fetches_ahead,
        "log_files": scenario.log_files,
        "log_files_a_second": counts.gets_a_second,
        "seconds": usage.seconds,
        "cpu_seconds_a_log_file": usage.cpu_seconds / scenario.log_files,
        "gets_at_once_max": counts.gets_at_once_max,
        "fake_cpu_share": counts.cpu_seconds / counts.seconds,
        "peak_rss_bytes": usage.peak_rss_bytes,
    }


def aws_environment() -> dict[str, str]:
    """Made-up credentials, and nothing of the user's AWS set-up."""
    none = dict.fromkeys((name for name in os.environ if name.startswith("AWS_")), "")
    none |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return none | CREDENTIALS


def _scenarios(*, quick: bool) -> Iterator[Scenario]:
    if quick:
        for latency_ms, ahead in ((0, 8), (100, 8), (100, 64)):
            yield Scenario(TINY.of(1000), latency_ms, ahead, 1000 if ahead > 8 or not latency_ms else 300)
        return
    for latency_ms in (0, 30, 100):
        for ahead in (1, 2, 4, 8, 16, 32, 64, 128, 256):
            possible = ahead / (latency_ms / 1000) if latency_ms else _FILES_A_SECOND_MAX
            if possible * 20 < _FILES_A_SECOND_MAX:
                continue  # known, and slow to see
            log_files = int(min(possible, _FILES_A_SECOND_MAX) * _SECONDS_WANTED)
            yield Scenario(TINY.of(4000), latency_ms, ahead, log_files)
    for ahead in (1, 2, 4, 8, 16, 32):
        yield Scenario(BUSY.of(56), 30, ahead, 80, _MEGABYTES_A_SECOND)
