"""Rows 3 to 7: the supervisor is killed with SIGKILL between two steps; its workers end, a restart recovers."""

from pathlib import Path

import pytest

from scripts.demo_world.log_files import log_file
from tests.faults.scene import Scene
from tests.support.moto import Place

OUTPUTS = pytest.mark.parametrize("output", ["disk", "s3"])


@OUTPUTS
def test_row_03_staged_and_not_committed_is_swept(moto_place: Place, tmp_path: Path, output: str) -> None:
    """Breaks without `lake.sweep(frozenset())` in `supervisor/run.py`: the staged files of the dead run stay."""
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
    """Breaks when `roll_forward` publishes nothing: `commits = []`. The rows then are lost for good, as the ledger
    has their log files."""
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
    """Breaks when what is published already is an error: on disk, in `_publish_file`, `else` for
    `elif not _has_size(published, …)`; on S3, where moto completes an upload twice, when `roll_forward` publishes
    nothing: `commits = ()`."""
    scene = Scene(moto_place, tmp_path, output)
    by_account = ("--partition-by", "account,region,date")
    scene.killed_at("supervisor-mid-publish", *by_account)
    assert scene.lake.data_files() != []
    assert scene.lake.leftovers() != []

    scene.redeliver()
    ended = scene.run_to_the_end(*by_account)

    assert "1 commits of a former run published" in " ".join(ended.stdout.split())
    scene.assert_oracle()


@pytest.mark.parametrize(
    ("point", "output"),
    [
        ("supervisor-after-publish", "disk"),
        ("supervisor-after-publish", "s3"),
        ("supervisor-before-delete", "disk"),
    ],
)
def test_row_06_redelivery_after_publish_is_deleted_and_adds_no_row(
    moto_place: Place, tmp_path: Path, output: str, point: str
) -> None:
    """Breaks when the ledger does not recognise what it has: `present.update(…)` → `pass` in `ledger/sqlite.py`. The
    unique key still refuses the rows, so the run never ends."""
    scene = Scene(moto_place, tmp_path, output)
    scene.killed_at(point)
    scene.assert_no_partial_rows()
    assert scene.lake.data_files() != []

    scene.redeliver()
    ended = scene.run_to_the_end()

    assert "already in" in ended.stdout
    scene.assert_oracle()


@pytest.mark.parametrize("point", ["worker-mid-download:5", "worker-mid-log-file:3", "worker-after-stage-finish"])
def test_row_07_workers_end_with_their_supervisor_whatever_they_do(
    moto_place: Place, tmp_path: Path, point: str
) -> None:
    """Breaks without PR_SET_PDEATHSIG: `_die_with_parent` does nothing. A worker that stands still reads no end of
    stream."""
    scene = Scene(
        moto_place, tmp_path, log_files=[log_file(3_000, seed=1), *(log_file(3, seed=n) for n in range(2, 9))]
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
