"""Rows 1 to 3: a worker is killed with SIGKILL, at an exact point of its work."""

from pathlib import Path

import pytest

from scripts.demo_world.log_files import log_file
from tests.faults.scene import Scene
from tests.support.moto import Place


def test_row_01_a_worker_killed_in_the_middle_of_a_download_loses_nothing(moto_place: Place, tmp_path: Path) -> None:
    """Breaks when `Dispatch.died` returns no jobs: `in_flight.return_jobs(again)` → `return_jobs(())`."""
    scene = Scene(moto_place, tmp_path)

    ended = scene.run_to_the_end(environ=scene.armed("worker-mid-download:5"))

    assert scene.fired.exists()
    assert "1 workers replaced" in _words(ended.stdout)
    scene.assert_oracle()


def test_row_02_a_worker_killed_with_half_a_log_file_gathered_leaves_no_partial_rows(
    moto_place: Place, tmp_path: Path
) -> None:
    """Breaks when a checkpoint lies inside a log file: `self.checkpoint()` at the end of
    `Gathering._write`'s loop."""
    scene = Scene(moto_place, tmp_path, log_files=[log_file(3_000, seed=1), log_file(20, seed=2)])

    with scene.service(environ=scene.armed("worker-mid-log-file:3:stop")) as running:
        scene.wait_fired()
        scene.assert_no_partial_rows()
        running.process.kill()
        running.wait()
    scene.assert_no_partial_rows()
    scene.fired.unlink()
    scene.redeliver()
    ended = scene.run_to_the_end(environ=scene.armed("worker-mid-log-file:3"))

    assert scene.fired.exists()
    assert "1 workers replaced" in _words(ended.stdout)
    scene.assert_oracle()


@pytest.mark.parametrize(
    ("point", "output"),
    [
        ("worker-before-stage-finish", "disk"),
        ("worker-after-stage-finish", "disk"),
        ("worker-after-stage-finish", "s3"),
    ],
)
def test_row_03_what_a_killed_worker_staged_is_swept_and_staged_again(
    moto_place: Place, tmp_path: Path, point: str, output: str
) -> None:
    """Breaks when `_sweep_after_deaths` in `supervisor/run.py` does nothing."""
    scene = Scene(moto_place, tmp_path, output)

    ended = scene.run_to_the_end(environ=scene.armed(point))

    assert scene.fired.exists()
    assert "1 workers replaced" in _words(ended.stdout)
    scene.assert_oracle()


def test_row_03_a_worker_killed_after_it_told_of_its_commit_has_done_its_work(
    moto_place: Place, tmp_path: Path
) -> None:
    """Breaks when a prepared job still counts as its worker's: `job.worker = slot` in `Commits.prepared`."""
    scene = Scene(moto_place, tmp_path)

    scene.run_to_the_end(environ=scene.armed("worker-after-prepared"))

    assert scene.fired.exists()
    scene.assert_oracle()


def _words(text: str) -> str:
    return " ".join(text.split())
