"""Row 22: two hosts, the same object. A lake belongs to one ledger, and to who has it."""

import signal
import socket
from pathlib import Path

from scripts.demo_world.log_files import log_file
from scripts.demo_world.notifications import s3_event
from tests.faults.oracle import assert_oracle
from tests.faults.scene import OUTPUTS
from tests.support.cli import ingester, running_ingester
from tests.support.lake import DiskLake, Lake, S3Lake
from tests.support.moto import Place
from tests.support.trail import store
from tests.support.waiting import wait_until

PACE = ["--workers", "1", "--flush-interval", "0.5", "--visibility-timeout", "10"]


def _lakes(output: str, place: Place, folder: Path) -> list[Lake]:
    """The same lake, as two hosts have it: each with its state on a disk of its own."""
    if output == "disk":
        return [DiskLake(folder / "lake")] * 2
    return [S3Lake(place, folder / name) for name in ("state-1", "state-2")]


@OUTPUTS
def test_row_22_a_second_host_is_kept_out_and_told_of_the_first(
    moto_place: Place, tmp_path: Path, s3_options: list[str], output: str
) -> None:
    """While the first one works, and when it has ended.

    Breaks [disk] with `ingester/lake/lock.py`: `fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)` → `pass`.
    Breaks [s3] with `ingester/lake/claim.py`: `if refusal is not None:` → `if False:`.
    """
    first_lake, second_lake = _lakes(output, moto_place, tmp_path)
    log_files = [log_file(20, seed=1), log_file(20, seed=2)]
    bodies = [s3_event([stored]) for stored in store(moto_place, log_files)]
    queue, other_queue = moto_place.queue(), moto_place.queue()
    queue.send(bodies[0])
    other_queue.send(*bodies)
    first = ["run", *first_lake.arguments, *s3_options, *PACE, "--queue-url", queue.url]
    second = ["run", *second_lake.arguments, *s3_options, *PACE, "--queue-url", other_queue.url, "--until-empty"]

    with running_ingester(tmp_path, *first) as running:
        wait_until(queue.is_empty, what="the message to be deleted")
        refused = ingester(*second)
        assert refused.exit_code == 2
        assert f"process {running.process.pid})" in refused.stderr
        assert sum(other_queue.counts()) == 2
        queue.send(bodies[1])
        wait_until(queue.is_empty, what="the first host to go on")
        running.send(signal.SIGTERM)
        ended = running.wait()
    assert_oracle(first_lake, moto_place, log_files, queue, ended=ended)

    if output == "s3":
        again = ingester(*second)
        assert again.exit_code == 2
        for word in (socket.gethostname(), str(tmp_path / "state-1"), "--rebuild-ledger"):
            assert word in again.stderr
    with_the_ledger = ingester(*first, "--queue-url", other_queue.url, "--until-empty")

    assert "2 already in" in " ".join(with_the_ledger.stdout.split())
    assert_oracle(first_lake, moto_place, log_files, other_queue, ended=with_the_ledger)


def test_row_22_on_s3_a_host_that_takes_over_shuts_out_the_first_and_finds_all_that_it_had_published(
    moto_place: Place, tmp_path: Path, s3_options: list[str]
) -> None:
    """Its ledger is lost to the others, or so they think; in truth it lives.

    Breaks with `ingester/lake/publish_s3.py`: `if head["ETag"] == self._claim_etag:` → `if True:`.
    """
    first_lake, second_lake = _lakes("s3", moto_place, tmp_path)
    log_files = [log_file(20, seed=1), log_file(20, seed=2)]
    bodies = [s3_event([stored]) for stored in store(moto_place, log_files)]
    queue = moto_place.queue()
    queue.send(bodies[0])
    run = ["run", *s3_options, *PACE, "--queue-url", queue.url]
    verify = ["verify", *second_lake.arguments[1:], *s3_options]

    with running_ingester(tmp_path, *run, *first_lake.arguments) as running:
        wait_until(queue.is_empty, what="the message to be deleted")
        taken_over = ingester(*verify, "--rebuild-ledger")
        queue.send(bodies[1])
        shut_out = running.wait()

    assert taken_over.exit_code == 0, taken_over.stdout
    assert shut_out.exit_code == 1
    assert "has been taken over by another ingester" in shut_out.stderr
    assert "Traceback" not in shut_out.stderr
    queue.send(bodies[0])
    ended = ingester(*run, *second_lake.arguments, "--until-empty")
    assert "1 already in" in " ".join(ended.stdout.split())
    assert_oracle(second_lake, moto_place, log_files, queue, ended=ended)
    assert ingester(*verify).exit_code == 0
