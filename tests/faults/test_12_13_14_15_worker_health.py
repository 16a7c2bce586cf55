"""Rows 12 to 15: workers that stand still, can't start, are crashed by a log file, or grow too large."""

import signal
from pathlib import Path

from scripts.demo_world.log_files import log_file
from scripts.demo_world.notifications import s3_event
from tests.faults.patched import patched
from tests.faults.scene import Scene, kill
from tests.support.cli import ingester, is_running
from tests.support.moto import Place
from tests.support.trail import generated, store
from tests.support.waiting import wait_until

SILENCE = ("--worker-silence", "4")

NOTHING_CAN_BE_KILLED = """
import subprocess
subprocess.Popen.send_signal = lambda self, number: None
"""
"""As for a process that waits in the kernel: no signal of its parent reaches it."""


def test_row_12_a_worker_that_wakes_up_after_it_was_replaced_speaks_to_nobody(
    moto_place: Place, tmp_path: Path
) -> None:
    """It is stopped when everything is staged, right before it says so, and can't be killed.

    Breaks with `ingester/supervisor/pool.py`: `return self._gone(worker)` → `return Died(worker, "was given up")`.
    """
    scene = Scene(moto_place, tmp_path)
    environ = scene.armed("worker-after-stage-finish:stop") | patched(tmp_path, NOTHING_CAN_BE_KILLED)

    with scene.service("--workers", "1", *SILENCE, environ=environ) as running:
        late = scene.wait_fired()
        wait_until(scene.queue.is_empty, what="its successor to do the work")
        assert is_running(late)
        kill(late, signal.SIGCONT)
        wait_until(lambda: not is_running(late), what="the late worker to end by itself")
        running.send(signal.SIGTERM)
        ended = running.wait()

    assert ended.exit_code == 0, ended.stderr
    assert "1 workers replaced" in " ".join(ended.stdout.split())
    scene.assert_oracle()


def test_row_12_a_worker_that_is_stopped_is_killed_and_replaced(moto_place: Place, tmp_path: Path) -> None:
    """Breaks with `ingester/supervisor/oversight.py`:
    `return [self._pool.give_up(worker) for worker in workers if self._is_lost(worker, now_seconds)]` → `return []`.
    """
    scene = Scene(moto_place, tmp_path)

    ended = scene.run_to_the_end("--workers", "1", *SILENCE, environ=scene.armed("worker-mid-log-file:stop"))

    assert not is_running(scene.wait_fired())
    assert "1 workers replaced" in " ".join(ended.stdout.split())
    scene.assert_oracle()


def test_row_12_a_worker_that_hangs_tells_where_and_is_replaced(moto_place: Place, tmp_path: Path) -> None:
    """Breaks with `ingester/supervisor/processes.py`: `self._process.send_signal(signal.SIGABRT)` →
    `self._process.kill()`.
    """
    scene = Scene(moto_place, tmp_path)

    ended = scene.run_to_the_end("--workers", "1", *SILENCE, environ=scene.armed("worker-mid-log-file:hang"))

    assert "has been silent for" in ended.stderr
    assert "most recent call first" in ended.stderr
    assert "gather.py" in ended.stderr
    scene.assert_oracle()


def test_row_13_workers_that_never_start_end_the_run_with_a_clear_reason(moto_place: Place, tmp_path: Path) -> None:
    """The run would go on for ever.

    Breaks with `ingester/supervisor/restart.py`: `if self.deaths_at_start > DEATHS_AT_START_MAX:` → `if False:`.
    """
    scene = Scene(moto_place, tmp_path)

    ended = ingester(*scene.arguments("--until-empty"), environ={"INGESTER_CRASH_POINT": "worker-start"})

    assert ended.exit_code == 1
    assert "Workers keep dying before they do any work" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert sum(scene.queue.counts()) == len(scene.bodies)
    scene.redeliver()
    scene.run_to_the_end()
    scene.assert_oracle()


def test_row_14_a_log_file_that_crashes_its_worker_is_tried_alone_and_only_it_is_quarantined(
    moto_place: Place, tmp_path: Path
) -> None:
    """Breaks with `ingester/supervisor/isolation.py`: `if len(jobs) > 1: self._add_groups(jobs) return []` →
    `return jobs`.
    """
    scene = Scene(moto_place, tmp_path, log_files=())
    scene.log_files = [log_file(3, seed=number) for number in range(40)]
    poison = generated("AWSLogs/poison.json.gz", log_file(3, seed=99).body)
    [poisoned, *bodies] = [s3_event([stored]) for stored in store(moto_place, [poison, *scene.log_files])]
    scene.queue = moto_place.queue(max_receive_count=1)
    scene.queue.send(*bodies[:20], poisoned, *bodies[20:])

    ended = scene.run_to_the_end(
        environ={"INGESTER_CRASH_POINT": "worker-begin-log-file", "INGESTER_CRASH_POINT_ONLY": "poison"}
    )

    assert "poison" in ended.stdout
    [entry] = scene.lake.quarantine().values()
    assert "AWSLogs/poison.json.gz" in entry
    assert "SIGKILL" in entry
    assert scene.queue.dead_letters() == [poisoned]
    scene.assert_oracle()


def test_row_15_a_worker_that_is_too_large_after_a_commit_is_replaced_between_log_files(
    moto_place: Place, tmp_path: Path
) -> None:
    """Breaks with `ingester/supervisor/oversight.py`: `self._pool.send(worker, Drain())` → `pass`."""
    scene = Scene(moto_place, tmp_path)

    with scene.service("--workers", "1", "--worker-memory", "100MB") as running:
        [first] = scene.worker_pids(running, 1)
        wait_until(scene.queue.is_empty, what="the first log files")
        wait_until(lambda: not is_running(first), what="the large worker to end")
        more = [log_file(3, seed=number) for number in range(100, 130)]
        scene.log_files = [*scene.log_files, *more]
        scene.queue.send(*[s3_event([stored]) for stored in store(moto_place, more)])
        wait_until(scene.queue.is_empty, what="the other log files")
        running.send(signal.SIGTERM)
        ended = running.wait()

    assert ended.exit_code == 0, ended.stderr
    assert "workers recycled" in ended.stdout
    assert "workers replaced" not in ended.stdout
    scene.assert_oracle()
