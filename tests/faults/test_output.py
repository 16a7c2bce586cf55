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
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str], tmp_path: Path
) -> None:
    """Fails when `sink_disk` raises the OSError as it is: the worker dies of it, again and again."""
    log_files = small_world(600)
    bodies = message_bodies(store(moto_place, log_files))
    half = len(bodies) // 2
    queue = moto_place.queue(max_receive_count=2)
    full = tmp_path / "full"
    service = ["run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *PACE]

    with running_ingester(tmp_path, *service, environ=injecting(root=disk_lake.root, switch=full)) as running:
        wait_until(lambda: len(running.worker_pids()) == 2, what="the workers")
        full.touch()
        queue.send(*bodies[:half])
        wait_until(lambda: PAUSED in running.stderr_file.read_text(), what="the trouble to be told")
        sent_meanwhile = bodies[half:]
        queue.send(*sent_meanwhile)
        assert sum(queue.counts()) == len(bodies), "nothing is acknowledged"
        assert disk_lake.data_files() == []
        full.unlink()
        wait_until(queue.is_empty, timeout_seconds=60, what="all messages to be deleted")
        running.send(signal.SIGTERM)
        ended = running.wait()

    assert_oracle(disk_lake, moto_place, log_files, queue, ended=ended)
    assert disk_lake.quarantine() == {}


def test_row_35_an_s3_output_that_answers_503_pauses_receiving_and_the_run_goes_on_when_it_is_back(
    moto_place: Place, s3_lake: S3Lake, proxy: Proxy, proxy_options: list[str], tmp_path: Path
) -> None:
    """Fails when `sink_s3` raises S3's error as it is: then the worker dies of it, again and again."""
    log_files = small_world(300)
    queue = moto_place.queue(max_receive_count=2)
    queue.send(*message_bodies(store(moto_place, log_files)))
    service = ["run", "--queue-url", queue.url, *s3_lake.arguments, *proxy_options, *PACE]

    with running_ingester(tmp_path, *service) as running:
        wait_until(lambda: proxy.count("GetObject") > 0, what="the first log file")
        for operation in ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"):
            proxy.inject(operation, status(503, "SlowDown"), times=None)
        wait_until(lambda: PAUSED in running.stderr_file.read_text(), what="the trouble to be told")
        proxy.heal()
        wait_until(queue.is_empty, timeout_seconds=60, what="all messages to be deleted")
        running.send(signal.SIGTERM)
        ended = running.wait()

    assert_oracle(s3_lake, moto_place, log_files, queue, ended=ended)
    assert s3_lake.quarantine() == {}
