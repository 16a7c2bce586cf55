"""Row 35: the output can't be written. Receiving pauses, nothing is acknowledged, and it goes on by itself."""

import signal
from pathlib import Path

from tests.faults.injection import injecting
from tests.faults.oracle import assert_oracle
from tests.faults.proxy import Proxy, status
from tests.support.cli import running_ingester
from tests.support.lake import DiskLake, S3Lake
from tests.support.moto import Place
from tests.support.trail import message_bodies, small_world, store
from tests.support.waiting import wait_until

PACE = ["--workers", "2", "--flush-interval", "0.5"]
PAUSED = "the output can't be written, receiving pauses"


def test_row_35_a_full_disk_pauses_receiving_and_the_run_goes_on_when_there_is_space(
    moto_place: Place, disk_lake: DiskLake, proxy: Proxy, proxy_options: list[str], tmp_path: Path
) -> None:
    """Breaks with `ingester/lake/sink_disk.py`: `raise disk_error(error, staged) from error` → `raise`.
    Breaks with `ingester/supervisor/flow.py`: `self._intake.pause()` → `pass`.
    """
    log_files = small_world(600)
    bodies = message_bodies(store(moto_place, log_files))
    half = len(bodies) // 2
    queue = moto_place.queue(max_receive_count=2)
    full = tmp_path / "full"
    service = ["run", "--queue-url", queue.url, *disk_lake.arguments, *proxy_options, *PACE]

    with running_ingester(tmp_path, *service, environ=injecting(root=disk_lake.root, switch=full)) as running:
        wait_until(lambda: len(running.worker_pids()) == 2, what="the workers")
        full.touch()
        queue.send(*bodies[:half])
        wait_until(lambda: PAUSED in running.stderr_file.read_text(), what="the trouble to be told")
        wait_until(lambda: not proxy.under_way["ReceiveMessage"], what="receiving to pause")
        visible, in_flight, _ = queue.counts()
        queue.send(*bodies[half:])
        assert queue.counts() == (visible + len(bodies) - half, in_flight, 0), "nothing is received"
        assert visible + in_flight == half, "nothing is acknowledged"
        assert disk_lake.data_files() == []
        full.unlink()
        wait_until(queue.is_empty, what="all messages to be deleted")
        running.send(signal.SIGTERM)
        ended = running.wait()

    assert_oracle(disk_lake, moto_place, log_files, queue, ended=ended)
    assert disk_lake.quarantine() == {}


def test_row_35_an_s3_output_that_answers_503_pauses_receiving_and_the_run_goes_on_when_it_is_back(
    moto_place: Place, s3_lake: S3Lake, proxy: Proxy, proxy_options: list[str], tmp_path: Path
) -> None:
    """Breaks with `ingester/lake/sink_s3.py`:
    `from ingester.lake.s3 import AWS_ERRORS, make_s3_client, s3_error, s3_location` →
    `from ingester.lake.s3 import make_s3_client, s3_error, s3_location; AWS_ERRORS = ()`.
    Breaks with `ingester/supervisor/flow.py`: `self._intake.pause()` → `pass`.
    """
    log_files = small_world(600)
    bodies = message_bodies(store(moto_place, log_files))
    half = len(bodies) // 2
    queue = moto_place.queue(max_receive_count=2)
    service = ["run", "--queue-url", queue.url, *s3_lake.arguments, *proxy_options, *PACE]

    with running_ingester(tmp_path, *service) as running:
        wait_until(lambda: len(running.worker_pids()) == 2, what="the workers")
        for operation in ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"):
            proxy.inject(operation, status(503, "SlowDown"), times=None)
        queue.send(*bodies[:half])
        wait_until(lambda: PAUSED in running.stderr_file.read_text(), what="the trouble to be told")
        wait_until(lambda: not proxy.under_way["ReceiveMessage"], what="receiving to pause")
        visible, in_flight, _ = queue.counts()
        queue.send(*bodies[half:])
        assert queue.counts() == (visible + len(bodies) - half, in_flight, 0), "nothing is received"
        assert visible + in_flight == half, "nothing is acknowledged"
        assert s3_lake.data_files() == []
        proxy.heal()
        wait_until(queue.is_empty, what="all messages to be deleted")
        running.send(signal.SIGTERM)
        ended = running.wait()

    assert_oracle(s3_lake, moto_place, log_files, queue, ended=ended)
    assert s3_lake.quarantine() == {}
