"""What every fault test of rows 1 to 17 has: log files, a queue that announces them, a lake, and the oracle."""

import os
import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.demo_world.log_files import GeneratedLogFile
from tests.faults.oracle import assert_oracle
from tests.support.cli import Ended, Running, ingester, is_running, running_ingester
from tests.support.lake import DiskLake, Lake, S3Lake
from tests.support.moto import Place
from tests.support.trail import expected_records, message_bodies, small_world, store
from tests.support.waiting import wait_until

OUTPUTS = pytest.mark.parametrize("output", ["disk", "s3"])
"""A test once on disk and once on S3."""

ORPHANS_GONE_SECONDS = 2.0
"""How long workers may outlive their supervisor: row 7."""


class Scene:
    """One test's log files in its bucket, announced in its queue, and its lake.

    `output`: "disk" or "s3". `bodies`: the messages. `fired`: the file that says that an armed crash point fired.
    """

    def __init__(
        self,
        place: Place,
        folder: Path,
        output: str = "disk",
        log_files: Sequence[GeneratedLogFile] | None = None,
    ) -> None:
        self.place = place
        self.folder = folder
        self.lake: Lake = DiskLake(folder / "lake") if output == "disk" else S3Lake(place, folder / "state")
        self.log_files = small_world(400) if log_files is None else log_files
        self.bodies = message_bodies(store(place, self.log_files))
        self.queue = place.queue()
        self.queue.send(*self.bodies)
        self.fired = folder / "fired"

    def arguments(self, *more: str) -> list[str]:
        """The command line, with two workers unless `more` says otherwise."""
        endpoint = ["--endpoint-url", self.place.server.endpoint_url, "--region", "us-east-1"]
        return ["run", "--queue-url", self.queue.url, *self.lake.arguments, *endpoint, "--workers", "2", *more]

    def armed(self, point: str, *, only: str = "") -> dict[str, str]:
        """The environment in which a crash point fires once; see `ingester.model.crash_points`."""
        return {
            "INGESTER_CRASH_POINT": point,
            "INGESTER_CRASH_POINT_ONLY": only,
            "INGESTER_CRASH_POINT_FILE": str(self.fired),
        }

    def run_to_the_end(self, *more: str, environ: Mapping[str, str] | None = None) -> Ended:
        """A run until the queue is empty. It must end well."""
        ended = ingester(*self.arguments("--until-empty", *more), environ=environ)
        assert ended.exit_code == 0, ended.stderr
        return ended

    @contextmanager
    def service(self, *more: str, environ: Mapping[str, str] | None = None) -> Iterator[Running]:
        """A run that goes on, which stages twice a second unless `more` says otherwise."""
        with running_ingester(
            self.folder, *self.arguments("--flush-interval", "0.5", *more), environ=environ
        ) as running:
            yield running

    def worker_pids(self, running: Running, number: int = 2) -> list[int]:
        """The worker processes, once all are there."""

        def all_of_them() -> list[int] | None:
            pids = running.worker_pids()
            return pids if len(pids) == number else None

        return wait_until(all_of_them, what=f"{number} workers")

    def wait_fired(self) -> int:
        """Wait until the armed crash point has fired; the process in which it did."""
        wait_until(lambda: self.fired.exists() and self.fired.read_text(), what="the crash point to fire")
        return int(self.fired.read_text())

    def killed_at(self, point: str, *more: str, environ: Mapping[str, str] | None = None) -> None:
        """A run whose supervisor is killed at a point; nobody survives it, and the queue has lost no message."""
        with self.service("--workers", "1", *more, environ=self.armed(point) | dict(environ or {})) as running:
            workers = self.worker_pids(running, 1)
            assert running.wait().exit_code == -signal.SIGKILL
            self.assert_gone(workers)
        assert self.fired.exists()
        assert sum(self.queue.counts()) == len(self.bodies), "a message was deleted too early"

    def assert_gone(self, pids: list[int]) -> None:
        """The workers end soon after their supervisor."""
        wait_until(
            lambda: not any(map(is_running, pids)), timeout_seconds=ORPHANS_GONE_SECONDS, what="the workers to end"
        )

    def redeliver(self) -> None:
        """Deliver every message again, as SQS does when their visibility runs out; but without waiting for that.

        In a new queue, since a killed receiver's last long poll may still take messages out of the old one.
        """
        self.queue = self.place.queue()
        self.queue.send(*self.bodies)

    def expected(self) -> Counter[tuple[str, int]]:
        """What the lake must hold in the end."""
        return Counter(expected_records(self.place.bucket, self.log_files).keys())

    def assert_oracle(self, *, ended: Ended | None = None, dead_letters: Iterable[str] = ()) -> None:
        """The oracle; see `tests.faults.oracle`."""
        assert_oracle(self.lake, self.place, self.log_files, self.queue, ended=ended, dead_letters=dead_letters)

    def assert_no_partial_rows(self) -> None:
        """What a reader sees now: of each log file all records, once, or none."""
        expected = self.expected()
        rows = Counter(uri for uri, _ in expected)
        seen = self.lake.places()
        assert set(seen.values()) <= {1}
        assert {uri: rows[uri] for uri, _ in seen} == Counter(uri for uri, _ in seen)


def kill(pid: int, signal_number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal; a process that is killed is waited for."""
    os.kill(pid, signal_number)
    if signal_number is signal.SIGKILL:
        wait_until(lambda: not is_running(pid), what=f"the end of {pid}")
