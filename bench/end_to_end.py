"""From SQS and S3 to Parquet, against the fakes: how many fetches ahead hide the latency of S3.

One worker. Seconds are from the first receive to the last delete, CPU seconds those of all of the ingester's
processes; of both, what a run with one log file takes is taken off first, so that start and end do not count. The
fake's own CPU is told beside them.
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
from bench.measure import INGESTER, BenchError, Environment, run
from bench.results import Result
from scripts.demo_world.moto_server import CREDENTIALS

_SECONDS_WANTED = 5.0
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


@dataclass(frozen=True)
class Drained:
    """What a run took until its queue was empty."""

    seconds: float
    cpu_seconds: float
    peak_rss_bytes: int
    gets_at_once_max: int
    fake_cpu_share: float


def run_section(say: Say, *, quick: bool) -> Result:
    """Rates by latency and fetches ahead."""
    alone = min((drain(Scenario(TINY.of(1), 0, 8, 1)) for _ in range(3)), key=lambda drained: drained.seconds)
    runs = []
    for scenario in _scenarios(quick=quick):
        drained = drain(scenario)
        more = scenario.log_files - 1
        told = {
            "profile": scenario.profile.name,
            "latency_ms": scenario.latency_ms,
            "megabytes_a_second": scenario.megabytes_a_second,
            "fetches_ahead": scenario.fetches_ahead,
            "log_files": scenario.log_files,
            "log_files_a_second": more / (drained.seconds - alone.seconds),
            "cpu_seconds_a_log_file": (drained.cpu_seconds - alone.cpu_seconds) / more,
            "gets_at_once_max": drained.gets_at_once_max,
            "fake_cpu_share": drained.fake_cpu_share,
            "peak_rss_bytes": drained.peak_rss_bytes,
        }
        say(
            f"{scenario.profile.name}: {scenario.latency_ms} ms, {scenario.fetches_ahead} ahead: "
            f"{told['log_files_a_second']:,.0f} log files/s, {told['cpu_seconds_a_log_file'] * 1e6:,.0f} µs CPU each"
        )
        runs.append(told)
    return {"runs": runs}


def drain(scenario: Scenario) -> Drained:
    """Drain the queue of one fake with `ingester run --until-empty`. Raises BenchError if a message is left."""
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
    left = scenario.log_files - counts.messages_deleted
    if left:
        raise BenchError(f"{left} messages are left in the queue\n{output[-2000:]}")
    return Drained(
        seconds=counts.last_delete_seconds - counts.first_receive_seconds,
        cpu_seconds=usage.cpu_seconds,
        peak_rss_bytes=usage.peak_rss_bytes,
        gets_at_once_max=counts.gets_at_once_max,
        fake_cpu_share=counts.cpu_seconds / counts.seconds,
    )


def aws_environment() -> Environment:
    """Made-up credentials, and nothing of the user's AWS set-up."""
    nothing = dict.fromkeys(name for name in os.environ if name.startswith("AWS_"))
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**nothing, **nowhere, **CREDENTIALS}


def _scenarios(*, quick: bool) -> Iterator[Scenario]:
    if quick:
        for latency_ms, ahead in ((0, 8), (100, 8), (100, 64)):
            yield Scenario(TINY.of(1000), latency_ms, ahead, 200 if latency_ms and ahead == 8 else 3000)
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
