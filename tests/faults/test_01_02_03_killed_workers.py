"""Rows 1 to 3: a worker is killed with SIGKILL, at an exact point of its work."""

from pathlib import Path

import pytest

from scripts.demo_world.log_files import log_file
from tests.faults.scene import OUTPUTS, Scene
from tests.support.moto import Place


@OUTPUTS
def test_row_01_a_worker_killed_in_the_middle_of_a_download_loses_nothing(
    moto_place: Place, tmp_path: Path, output: str
) -> None:
    """Breaks with `ingester/supervisor/dispatch.py`: `self._in_flight.return_jobs(again)` → `pass`."""
    scene = Scene(moto_place, tmp_path, output)

    ended = scene.run_to_the_end(environ=scene.armed("worker-mid-download:5"))

    assert scene.fired.exists()
    assert "1 workers replaced" in _words(ended.stdout)
    scene.assert_oracle(ended=ended)


@OUTPUTS
def test_row_02_a_worker_killed_with_half_a_log_file_gathered_leaves_no_partial_rows(
    moto_place: Place, tmp_path: Path, output: str
) -> None:
    """A checkpoint lies only between log files.

    Breaks with `ingester/worker/gather.py`: `self._progress(batch.num_rows if batch else 0, 0)` →
    `self._progress(batch.num_rows if batch else 0, 0); self.checkpoint()`.
    """
    scene = Scene(moto_place, tmp_path, output, log_files=[log_file(12_000, seed=1), log_file(20, seed=2)])

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
    scene.assert_oracle(ended=ended)


@OUTPUTS
@pytest.mark.parametrize("point", ["worker-before-stage-finish", "worker-after-stage-finish"])
def test_row_03_what_a_killed_worker_staged_is_swept_and_staged_again(
    moto_place: Place, tmp_path: Path, point: str, output: str
) -> None:
    """Breaks [after-stage-finish] with `ingester/supervisor/from_workers.py`:
    `run.committer.sweep(worker.commit_prefix)` → `pass` and `ingester/supervisor/run.py`:
    `_sweep_at_end(ledger, lake)` → `pass`.
    Breaks [before-stage-finish] with `ingester/supervisor/dispatch.py`: `self._in_flight.return_jobs(again)` →
    `pass`.
    """
    scene = Scene(moto_place, tmp_path, output)

    ended = scene.run_to_the_end(environ=scene.armed(point))

    assert scene.fired.exists()
    assert "1 workers replaced" in _words(ended.stdout)
    scene.assert_oracle(ended=ended)


@OUTPUTS
def test_row_03_a_worker_killed_after_it_told_of_its_commit_has_done_its_work(
    moto_place: Place, tmp_path: Path, output: str
) -> None:
    """What is prepared is not its worker's any more, which may die.

    Breaks with `ingester/supervisor/commits.py`: `job.worker = WITH_COMMITTER` → `job.worker = slot`.
    """
    scene = Scene(moto_place, tmp_path, output)

    ended = scene.run_to_the_end(environ=scene.armed("worker-after-prepared"))

    assert scene.fired.exists()
    scene.assert_oracle(ended=ended)


def _words(text: str) -> str:
    return " ".join(text.split())
