"""What dead workers staged is removed while the service goes on, and nothing else is."""

import signal
from pathlib import Path

import pytest

from ingester.model.crash_points import WORKER_AFTER_STAGE_FINISH
from tests.faults.scene import Scene
from tests.support.moto import Place
from tests.support.waiting import wait_until


@pytest.mark.parametrize("output", ["disk", "s3"])
@pytest.mark.parametrize("end", ["kill", "stop"])
def test_what_a_dead_or_hung_worker_staged_is_swept_during_the_run(
    moto_place: Place, tmp_path: Path, output: str, end: str
) -> None:
    """Fails when `Supervisor._worker_died` does not call `self._committer.sweep`."""
    scene = Scene(moto_place, tmp_path, output)
    armed = scene.armed(f"{WORKER_AFTER_STAGE_FINISH}:{end}")

    with scene.service("--worker-silence", "3", environ=armed) as running:
        scene.wait_fired()
        wait_until(lambda: scene.lake.places() == scene.expected(), what="all rows")
        wait_until(lambda: scene.lake.leftovers() == [], what="the staged files to go")
        assert running.is_alive
        running.send(signal.SIGTERM)
        assert running.wait().exit_code == 0

    scene.assert_oracle()
