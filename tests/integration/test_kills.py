"""Processes are killed in the middle of a run, on disk and on S3: nothing is lost, nothing comes twice."""

import os
import random
import signal
from collections import Counter
from pathlib import Path

from scripts.demo_world.log_files import GeneratedLogFile
from tests.support.cli import Running, ingester, is_running, running_ingester
from tests.support.compare import assert_same_records
from tests.support.lake import Lake
from tests.support.moto import Place, Queue
from tests.support.trail import expected_records, message_bodies, small_world, store
from tests.support.waiting import wait_until

WORKERS = 3


def test_workers_killed_again_and_again_lose_and_double_nothing(
    moto_place: Place, lake: Lake, s3_options: list[str], tmp_path: Path
) -> None:
    rng = random.Random(7)
    log_files = small_world(6_000)
    bodies = message_bodies(store(moto_place, log_files))
    queue = moto_place.queue()
    service = _service(queue, lake, s3_options)

    with running_ingester(tmp_path, "run", *service) as running:
        for round_number in range(4):
            left = _send(queue, bodies[round_number::4])
            # now in the middle of the work in hand, now between two commits
            at = _something_in_hand if round_number % 2 else _something_deleted
            at(queue, left)
            victim = rng.choice(_workers(running))
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda victim=victim: not is_running(victim), what="the worker's death")
        wait_until(queue.is_empty, what="all messages to be deleted")
        running.send(signal.SIGTERM)
        ended = running.wait()

    assert ended.exit_code == 0, ended.stderr
    assert "4 workers replaced" in " ".join(ended.stdout.split())
    _assert_complete(lake, moto_place, log_files)


def test_all_workers_killed_at_once_with_their_hands_full_are_replaced(
    moto_place: Place, lake: Lake, s3_options: list[str], tmp_path: Path
) -> None:
    log_files = small_world(2_000)
    bodies = message_bodies(store(moto_place, log_files))
    queue = moto_place.queue()

    # what is sent once the workers work stays in their hands for two seconds
    with running_ingester(tmp_path, "run", *_service(queue, lake, s3_options, flush_seconds=2)) as running:
        _something_deleted(queue, _send(queue, bodies[::2]))
        queue.send(*bodies[1::2])
        wait_until(lambda: queue.counts()[0] == 0, what="all messages to be received")
        for pid in _workers(running):
            os.kill(pid, signal.SIGKILL)
        wait_until(queue.is_empty, what="all messages to be deleted")
        running.send(signal.SIGTERM)
        ended = running.wait()

    assert ended.exit_code == 0, ended.stderr
    _assert_complete(lake, moto_place, log_files)


def test_a_killed_supervisor_leaves_no_worker_behind_and_its_successor_completes_the_work(
    moto_place: Place, lake: Lake, s3_options: list[str], tmp_path: Path
) -> None:
    log_files = small_world(4_000)
    bodies = message_bodies(store(moto_place, log_files))
    queue = moto_place.queue()
    service = [*_service(queue, lake, s3_options), "--visibility-timeout", "10"]

    with running_ingester(tmp_path, "run", *service) as running:
        # some is published, some committed, some in hand; and half of it is announced twice
        _something_deleted(queue, _send(queue, bodies[::2]))
        _something_in_hand(queue, _send(queue, bodies))
        workers = _workers(running)
        running.send(signal.SIGKILL)
        wait_until(lambda: not any(map(is_running, workers)), timeout_seconds=5, what="the workers to end")
    before = set(lake.places().values())
    ended = ingester("run", *service, "--until-empty")

    assert before <= {1}, "a reader sees no row twice at any time"
    assert ended.exit_code == 0, ended.stderr
    assert queue.is_empty()
    _assert_complete(lake, moto_place, log_files)


def test_a_supervisor_killed_between_receiving_and_staging_has_lost_nothing(
    moto_place: Place, lake: Lake, s3_options: list[str], tmp_path: Path
) -> None:
    log_files = small_world(500)
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, log_files)))
    service = ["--queue-url", queue.url, *lake.arguments, *s3_options, "--workers", "1", "--visibility-timeout", "10"]

    with running_ingester(tmp_path, "run", *service, "--flush-interval", "3600") as running:
        wait_until(lambda: queue.counts()[0] == 0, what="all messages to be received")
        running.send(signal.SIGKILL)
    ended = ingester("run", *service, "--until-empty")

    assert ended.exit_code == 0, ended.stderr
    _assert_complete(lake, moto_place, log_files)


def _service(queue: Queue, lake: Lake, s3_options: list[str], flush_seconds: float = 0.5) -> list[str]:
    pace = ["--workers", str(WORKERS), "--flush-interval", str(flush_seconds)]
    return ["--queue-url", queue.url, *lake.arguments, *s3_options, *pace]


def _workers(running: Running) -> list[int]:
    """The worker processes, once all are there."""

    def all_workers() -> list[int] | None:
        pids = running.worker_pids()
        return pids if len(pids) == WORKERS else None

    return wait_until(all_workers, what=f"{WORKERS} workers")


def _send(queue: Queue, bodies: list[str]) -> int:
    """Sends messages. How many the queue then has if none is deleted meanwhile; on a slow machine all may be."""
    left = sum(queue.counts()) + len(bodies)
    queue.send(*bodies)
    return left


def _something_in_hand(queue: Queue, left: int) -> None:
    wait_until(lambda: queue.counts()[1] > 0 or sum(queue.counts()) < left, what=f"one of {left} messages in hand")


def _something_deleted(queue: Queue, left: int) -> None:
    wait_until(lambda: sum(queue.counts()) < left, what=f"one of {left} messages to be deleted")


def _assert_complete(lake: Lake, moto_place: Place, log_files: list[GeneratedLogFile]) -> None:
    expected = expected_records(moto_place.bucket, log_files)
    assert lake.places() == Counter(expected.keys())
    assert_same_records(lake.table(), expected)
    assert lake.leftovers() == []
