"""Rows 9 to 11: a run is asked to end under load, once or twice; workers come and go."""

import signal
import time
from pathlib import Path

import pytest

from ingester.supervisor.ending import SAME_SIGNAL_SECONDS
from scripts.demo_world.log_files import log_file
from scripts.demo_world.notifications import s3_event
from tests.faults.scene import Scene, kill
from tests.support.cli import is_running
from tests.support.moto import Place
from tests.support.trail import store
from tests.support.waiting import wait_until

_BOUND_SECONDS = 20.0
"""For an exit that must not wait for anybody: five seconds for the queue, the rest for a busy machine."""


def test_row_09_sigterm_under_load_drains_and_nothing_of_it_is_delivered_again(
    moto_place: Place, tmp_path: Path
) -> None:
    """A drain forgets nothing that was gathered, and deletes its messages.

    Breaks with `ingester/worker/loop.py`: `self._checkpoint() self._beat() return` → `return`.
    """
    scene = _many_small(moto_place, tmp_path)

    with scene.service("--flush-interval", "3600", "--workers", "1", environ=scene.armed(STOPPED)) as running:
        worker = scene.wait_fired()
        running.send(signal.SIGTERM)
        kill(worker, signal.SIGCONT)
        ended = running.wait()

    assert ended.exit_code == 0, ended.stderr
    assert scene.queue.counts()[1] == 0, "what was not begun is visible again at once"
    scene.assert_no_partial_rows()
    assert len({uri for uri, _ in scene.lake.places()}) >= BEGUN - 1
    assert sum(scene.queue.counts()) == len(scene.bodies) - len({uri for uri, _ in scene.lake.places()})
    left = scene.run_to_the_end()
    assert "already in" not in left.stdout, "nothing that is committed is delivered again"
    scene.assert_oracle()


@pytest.mark.parametrize(("grace", "signals"), [("1", 1), ("3600", 2)])
def test_row_10_a_drain_that_takes_too_long_ends_and_gives_back_what_is_unfinished(
    moto_place: Place, tmp_path: Path, grace: str, signals: int
) -> None:
    """Breaks with `ingester/supervisor/ending.py`:
    `return any(limit is not None and now_seconds >= limit for limit in limits)` → `return False`.
    Breaks [3600-2] with `ingester/supervisor/ending.py`:
    `self.deadline_seconds = min(self.deadline_seconds, now_seconds)` → `pass`.
    """
    scene = _many_small(moto_place, tmp_path)

    with scene.service("--workers", "1", "--grace", grace, environ=scene.armed(STOPPED)) as running:
        worker = scene.wait_fired()
        for number in range(1, signals + 1):
            running.send(signal.SIGTERM)
            wait_until(lambda n=number: running.stderr_file.read_text().count("SIGTERM") >= n, what="the signal")
            told_at = time.monotonic()
            wait_until(lambda at=told_at: time.monotonic() > at + SAME_SIGNAL_SECONDS, what="a signal of its own")
        running.wait(_BOUND_SECONDS)
        assert not is_running(worker)

    assert scene.queue.counts()[1] == 0, "unfinished messages are visible again"
    scene.assert_no_partial_rows()
    scene.run_to_the_end()
    scene.assert_oracle()


def test_row_11_workers_that_are_removed_and_added_under_load_lose_and_double_nothing(
    moto_place: Place, tmp_path: Path
) -> None:
    """A worker is removed by killing it, when the pool adds another; and by a restart with another number of workers.

    Breaks with `ingester/supervisor/pool.py`: `heapq.heappush(self._due, (due_seconds, worker.slot))` → `pass`.
    """
    scene = _many_small(moto_place, tmp_path)

    with scene.service("--workers", "1", environ=scene.armed(f"worker-begin-log-file:{BEGUN}")) as running:
        removed = scene.wait_fired()
        [added] = wait_until(lambda: [pid for pid in running.worker_pids() if pid != removed], what="a new worker")
        running.send(signal.SIGTERM)
        assert running.wait().exit_code == 0
    assert not is_running(added)
    scene.fired.unlink()
    ended = scene.run_to_the_end("--workers", "3", environ=scene.armed("worker-begin-log-file:2"))

    assert ended.exit_code == 0, ended.stderr
    scene.assert_oracle()


BEGUN = 12
STOPPED = f"worker-begin-log-file:{BEGUN}:stop"


def _many_small(place: Place, folder: Path) -> Scene:
    """Sixty log files, each announced by a message of its own."""
    scene = Scene(place, folder, log_files=())
    scene.log_files = [log_file(3, seed=number) for number in range(60)]
    scene.bodies = [s3_event([stored]) for stored in store(place, scene.log_files)]
    scene.queue.send(*scene.bodies)
    return scene
