"""The chaos run itself: a producer, mischief, restarts, and the verdict at the end."""

import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from scripts.chaos_world.deeds import deeds
from scripts.chaos_world.drawing import as_png, as_text
from scripts.chaos_world.gauges import Gauges, growth
from scripts.chaos_world.mischief import Mischief
from scripts.chaos_world.producer import Producer
from scripts.chaos_world.verdict import oracle, tracebacks, verified
from scripts.demo_world.moto_server import MotoServer
from tests.faults.proxy import Proxy, fault_proxy
from tests.support.cli import Running, ingester, is_running, running_ingester
from tests.support.lake import DiskLake, Lake, S3Lake
from tests.support.moto import Place

_LOOK_EVERY_SECONDS = 0.25
_END_SECONDS_MAX = 300
_PACE = [
    *("--region", "us-east-1", "--workers", "2", "--flush-interval", "0.5", "--visibility-timeout", "10"),
    *("--worker-silence", "5", "--max-attempts", "1000"),
]


@dataclass(frozen=True)
class _Scene:
    folder: Path
    service: list[str]
    proxy: Proxy
    mischief: Mischief
    gauges: Gauges
    seconds: float


def chaos(
    server: MotoServer, folder: Path, seed: int, seconds: float, *, output: str, drawing: Path | None = None
) -> list[str]:
    """What is found to be wrong after `seconds` of chaos: nothing, it is to be hoped. Prints what was done."""
    place = Place(server)
    queue = place.queue(visibility_timeout_seconds=10)
    lake: Lake = DiskLake(folder / "lake") if output == "disk" else S3Lake(place, folder / "state")
    state = folder / "lake" / "_ingester" if output == "disk" else folder / "state"
    with fault_proxy(server.endpoint_url) as proxy:
        service = ["run", "--queue-url", queue.url, *lake.arguments, "--endpoint-url", proxy.endpoint_url, *_PACE]
        mischief = Mischief(deeds(seed, seconds, output=output), proxy)
        scene = _Scene(folder, service, proxy, mischief, Gauges(state / "ledger.sqlite"), seconds)
        producer = Producer(place, queue, seed, scene.gauges.started_seconds + seconds)
        producer.start()
        exits = _disturb(scene)
        producer.join()
        mischief.end()
        last = ingester(*service, "--until-empty", timeout_seconds=_END_SECONDS_MAX)
    samples = scene.gauges.samples
    print(f"output {output}: {producer.messages:,} messages, {len(producer.log_files):,} log files")
    print(f"{mischief.calls_met:,} calls met a fault;", _counted(mischief.done))
    print(f"{exits.total()} starts, which ended so:", _counted(exits))
    print(as_text(samples))
    if drawing is not None:
        as_png(samples, drawing, f"Chaos of {seconds / 60:g} minutes, seed {seed}, output on {output}")
        print(f"drawn in {drawing}")
    return [
        *oracle(lake, place, producer.log_files, queue, last),
        *verified(lake, place, server.endpoint_url, _END_SECONDS_MAX + seconds),
        *tracebacks(folder),
        *growth(samples),
    ]


def _disturb(scene: _Scene) -> Counter[str]:
    """Keep the ingester running, and do it harm. How its lives ended."""
    ends: Counter[str] = Counter()
    while _now(scene) < scene.seconds:
        with ExitStack() as stack:
            running = stack.enter_context(running_ingester(scene.folder, *scene.service))
            workers: set[int] = set()
            while running.is_alive and _now(scene) < scene.seconds:
                time.sleep(_LOOK_EVERY_SECONDS)
                workers |= set(running.worker_pids())
                scene.gauges.read(running, life=ends.total())
                scene.mischief.do_due(running, _now(scene))
                scene.proxy.calls.clear()  # their bodies would fill this process
            code = running.process.poll()
        ends["by itself, with 0" if code == 0 else _how(code)] += 1
        _wait_for_end(running, workers)
    return ends


def _now(scene: _Scene) -> float:
    return time.monotonic() - scene.gauges.started_seconds


def _how(code: int | None) -> str:
    if code is None:
        return "time was up"
    return f"signal {-code}" if code < 0 else f"by itself, with {code}"


def _wait_for_end(running: Running, workers: set[int]) -> None:
    running.process.wait()
    deadline = time.monotonic() + 10
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {what}" for what, number in counts.most_common())
