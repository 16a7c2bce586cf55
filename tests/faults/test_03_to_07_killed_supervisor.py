"""Rows 3 to 7: the supervisor is killed with SIGKILL between two steps; its workers end, a restart recovers."""

from pathlib import Path

import pytest

from scripts.demo_world.log_files import log_file
from tests.faults.scene import OUTPUTS, Scene
from tests.support.moto import Place


@OUTPUTS
def test_row_03_staged_and_not_committed_is_swept(moto_place: Place, tmp_path: Path, output: str) -> None:
    """Breaks with `ingester/supervisor/run.py`: `patience(lambda: lake.sweep(frozenset()))` → `pass`."""
    scene = Scene(moto_place, tmp_path, output)
    scene.killed_at("supervisor-before-commit")
    assert scene.lake.leftovers() != []
    assert scene.lake.data_files() == []

    scene.redeliver()
    ended = scene.run_to_the_end()

    assert "commits of a former run published" not in ended.stdout
    scene.assert_oracle()


@OUTPUTS
def test_row_04_committed_and_not_published_is_rolled_forward(moto_place: Place, tmp_path: Path, output: str) -> None:
    """Its rows are lost for good otherwise, as the ledger has their log files.

    Breaks with `ingester/supervisor/commit.py`: `commits = ledger.unpublished()` → `commits = []`.
    """
    scene = Scene(moto_place, tmp_path, output)
    scene.killed_at("supervisor-after-commit")
    assert scene.lake.data_files() == []

    scene.redeliver()
    ended = scene.run_to_the_end()

    assert "1 commits of a former run published" in " ".join(ended.stdout.split())
    scene.assert_oracle()


@OUTPUTS
def test_row_05_a_commit_of_which_some_files_are_published_is_completed(
    moto_place: Place, tmp_path: Path, output: str
) -> None:
    """What is published already is no error; on S3 moto, as AWS, completes an upload a second time.

    Breaks [disk] with `ingester/lake/publish_disk.py`: `elif not _has_size(published, commit_id, data_file):` →
    `else:`.
    Breaks [s3] with `ingester/supervisor/commit.py`: `commits = ledger.unpublished()` → `commits = []`.
    """
    scene = Scene(moto_place, tmp_path, output)
    by_account = ("--partition-by", "account,region,date")
    scene.killed_at("supervisor-mid-publish", *by_account)
    assert scene.lake.data_files() != []
    assert scene.lake.leftovers() != []

    scene.redeliver()
    ended = scene.run_to_the_end(*by_account)

    assert "1 commits of a former run published" in " ".join(ended.stdout.split())
    scene.assert_oracle()


@OUTPUTS
@pytest.mark.parametrize("point", ["supervisor-after-publish", "supervisor-before-delete"])
def test_row_06_redelivery_after_publish_is_deleted_and_adds_no_row(
    moto_place: Place, tmp_path: Path, output: str, point: str
) -> None:
    """The ledger recognises what it has. (Where it does not, its unique key still refuses the rows, again and again.)

    Breaks with `ingester/ledger/sqlite.py`: `present.update(key for (key,) in found)` → `pass`.
    """
    scene = Scene(moto_place, tmp_path, output)
    scene.killed_at(point)
    scene.assert_no_partial_rows()
    assert scene.lake.data_files() != []

    scene.redeliver()
    ended = scene.run_to_the_end()

    assert "already in" in ended.stdout
    scene.assert_oracle()


@OUTPUTS
@pytest.mark.parametrize("point", ["worker-mid-download:5", "worker-mid-log-file:3", "worker-after-stage-finish"])
def test_row_07_workers_end_with_their_supervisor_whatever_they_do(
    moto_place: Place, tmp_path: Path, output: str, point: str
) -> None:
    """A worker that stands still reads no end of stream: the kernel ends it.

    Breaks with `ingester/worker/main.py`:
    `ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)` → `pass`.
    """
    scene = Scene(
        moto_place,
        tmp_path,
        output,
        log_files=[log_file(12_000, seed=1), *(log_file(3, seed=n) for n in range(2, 9))],
    )

    with scene.service(environ=scene.armed(f"{point}:stop")) as running:
        workers = scene.worker_pids(running)
        assert scene.wait_fired() in workers
        running.process.kill()
        running.wait()
        scene.assert_gone(workers)
    scene.assert_no_partial_rows()
    scene.redeliver()
    scene.run_to_the_end()

    scene.assert_oracle()
