"""The chaos run itself: producers, mischief, restarts, and the oracle at the end."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from scripts.chaos_world.gauges import Gauges
from scripts.chaos_world.mischief import Mischief
from scripts.demo_world.log_files import GeneratedLogFile
from scripts.demo_world.moto_server import MotoServer
from tests.faults.proxy import fault_proxy
from tests.support.cli import Running, ingester, is_running, running_ingester
from tests.support.lake import DiskLake, Lake, S3Lake
from tests.support.moto import Place, Queue
from tests.support.trail import expected_records, message_bodies, small_world, store

_QUEUED_MAX = 150
"""moto looks at every message on each call: more of them, and nothing else would happen."""
_EVENTS_A_BATCH = 300
_TAKEN_AGAIN = 0.3
_END_SECONDS_MAX = 300


class _Producer(threading.Thread):
    """Puts log files into the bucket and announces them, some twice, in every envelope, as the queue drains."""

    def __init__(self, place: Place, queue: Queue, seed: int, until_seconds: float) -> None:
        super().__init__(name="producer", daemon=True)
        self._place, self._queue, self._until_seconds = place, queue, until_seconds
        self._rng = random.Random(seed + 1)
        self.log_files: list[GeneratedLogFile] = []
        self.messages = 0

    def run(self) -> None:
        """The thread's loop."""
        for number in self._rounds():
            some = small_world(_EVENTS_A_BATCH, seed=self._rng.randint(1, 1 << 30) + number)
            bodies = message_bodies(store(self._place, some))
            self.log_files += some
            bodies += [body for body in bodies if self._rng.random() < _TAKEN_AGAIN]
            self._rng.shuffle(bodies)
            self._queue.send(*bodies)
            self.messages += len(bodies)

    def _rounds(self) -> Iterator[int]:
        number = 0
        while time.monotonic() < self._until_seconds:
            if sum(self._queue.counts()) < _QUEUED_MAX:
                number += 1
                yield number
            else:
                time.sleep(0.2)


def chaos(server: MotoServer, folder: Path, seed: int, seconds: float, *, output: str) -> list[str]:
    """What the oracle finds wrong after `seconds` of chaos: nothing, it is to be hoped."""
    place = Place(server)
    queue = place.queue(visibility_timeout_seconds=10)
    lake: Lake = DiskLake(folder / "lake") if output == "disk" else S3Lake(place, folder / "state")
    state = folder / "lake" / "_ingester" if output == "disk" else folder / "state"
    gauges = Gauges(state / "ledger.sqlite")
    until_seconds = time.monotonic() + seconds
    producer = _Producer(place, queue, seed, until_seconds)
    with fault_proxy(server.endpoint_url) as proxy:
        service = ["run", "--queue-url", queue.url, *lake.arguments, "--endpoint-url", proxy.endpoint_url]
        service += [
            "--region",
            "us-east-1",
            "--workers",
            "2",
            "--flush-interval",
            "0.5",
            "--visibility-timeout",
            "10",
        ]
        service += ["--max-attempts", "1000"]
        mischief = Mischief(random.Random(seed), proxy)
        producer.start()
        starts = _disturb(folder, service, mischief, gauges, until_seconds)
        producer.join()
        proxy.heal()
        last = ingester(*service, "--until-empty", timeout_seconds=_END_SECONDS_MAX)
    print(f"output {output}: {producer.messages:,} messages, {len(producer.log_files):,} log files, {starts} starts")
    print(", ".join(f"{number} {what}" for what, number in mischief.done.most_common()))
    print(gauges.draw())
    return list(_findings(lake, place, producer, queue, last.exit_code, last.stderr))


def _disturb(folder: Path, service: list[str], mischief: Mischief, gauges: Gauges, until_seconds: float) -> int:
    """Keep the ingester running, and do it harm. How often it was started."""
    rng = random.Random(0)
    starts = 0
    while time.monotonic() < until_seconds:
        starts += 1
        with ExitStack() as stack:
            running = stack.enter_context(running_ingester(folder, *service))
            workers: set[int] = set()
            while running.is_alive and time.monotonic() < until_seconds:
                time.sleep(0.3 + rng.random())
                workers |= set(running.worker_pids())
                gauges.read(running)
                mischief.do(running)
        _wait_for_end(running, workers)
    return starts


def _wait_for_end(running: Running, workers: set[int]) -> None:
    running.process.wait()
    deadline = time.monotonic() + 10
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)


def _findings(
    lake: Lake, place: Place, producer: _Producer, queue: Queue, exit_code: int, stderr: str
) -> Iterator[str]:
    if exit_code:
        yield f"the last run ended with {exit_code}: {stderr[-2000:]}"
    expected = Counter(expected_records(place.bucket, producer.log_files).keys())
    found = lake.places()
    for what, places in (("missing", expected - found), ("too many", found - expected)):
        if places:
            yield f"{places.total():,} rows {what}, such as {sorted(places)[:3]}"
    if not queue.is_empty():
        yield f"the queue still has messages: {queue.counts()}"
    if lake.leftovers():
        yield f"staged and left behind: {lake.leftovers()[:3]}"
    if lake.quarantine():
        yield f"quarantined, though all is good: {list(lake.quarantine().values())[:3]}"
