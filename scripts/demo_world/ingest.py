"""Runs the real `ingester run` on the demo's queue while the feeder fills it."""

import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO

from rich.progress import Progress

from scripts.demo_world.command import INGESTER, environment
from scripts.demo_world.feed import Feeder
from scripts.demo_world.moto_server import REGION
from scripts.demo_world.place import Place

FLUSH_INTERVAL_SECONDS = 3
"""Short, so that the messages of the queue go before moto crawls; a real queue deserves the default."""

_POLL_SECONDS = 0.1
_STALLED_SECONDS_MAX = 90
_END_SECONDS_MAX = 30


class DemoError(Exception):
    """The demo can't go on; the message is for its user."""


def ingest(place: Place, feeder: Feeder, arguments: Sequence[str], progress: Progress) -> float:
    """Announces all and ingests all. Gives the seconds from the ingester's start to its end.

    Raises DemoError when the ingester fails or nothing moves any more.
    """
    feeder.hold()
    announced = progress.add_task("Announcing through SQS", total=feeder.total, unit="messages")
    ingested = progress.add_task("Ingesting", total=feeder.total, unit="messages")
    began = time.monotonic()
    with _running(_command(place, arguments)) as (process, log), ThreadPoolExecutor(1) as threads:
        feeding = threads.submit(feeder.run)
        try:
            for _ in _until_ended(process, feeder, feeding):
                progress.update(announced, completed=feeder.sent)
                progress.update(ingested, completed=feeder.sent - feeder.remaining)
            seconds = time.monotonic() - began
        finally:
            feeder.stop()
        if process.returncode != 0:
            log.seek(0)
            raise DemoError(f"`ingester run` ended with exit code {process.returncode}. It wrote:\n{log.read()}")
    progress.update(ingested, completed=feeder.sent)
    return seconds


def _command(place: Place, arguments: Sequence[str]) -> list[str]:
    return [
        *(*INGESTER, "run", "--queue-url", place.queue_url, "--until-empty"),
        *("--endpoint-url", place.server.endpoint_url, "--region", REGION),
        *("--flush-interval", str(FLUSH_INTERVAL_SECONDS), *arguments),
    ]


@contextmanager
def _running(command: list[str]) -> Iterator[tuple["subprocess.Popen[str]", IO[str]]]:
    """A process, and the file that takes all it writes. It has ended when this is left, one way or another."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment(), text=True)
        try:
            yield process, log
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(_END_SECONDS_MAX)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _until_ended(process: "subprocess.Popen[str]", feeder: Feeder, feeding: "Future[None]") -> Iterator[None]:
    """Yields from time to time until the process has ended. Raises what stopped the feeder."""
    last_seen, changed_at = (0, 0), time.monotonic()
    while process.poll() is None:
        if feeding.done():
            feeding.result()
        seen = (feeder.sent, feeder.remaining)
        if seen != last_seen:
            last_seen, changed_at = seen, time.monotonic()
        if time.monotonic() > changed_at + _STALLED_SECONDS_MAX:
            raise DemoError(
                f"Nothing has moved for {_STALLED_SECONDS_MAX} seconds; {feeder.remaining} messages are left."
            )
        yield
        time.sleep(_POLL_SECONDS)
