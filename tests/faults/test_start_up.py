"""SQS and S3 away when a run begins: waited for, as later; a name that is wrong is told at once."""

import signal
import threading
from pathlib import Path

import pytest

from ingester import ProcessingExecutor, Settings
from tests.faults.oracle import assert_oracle
from tests.faults.proxy import Fault, Proxy, reset, stall, status
from tests.support.cli import ingester, running_ingester
from tests.support.lake import S3Lake
from tests.support.library import Taken
from tests.support.moto import Place
from tests.support.trail import message_bodies, small_world, store
from tests.support.waiting import wait_until

UNAVAILABLE = status(503, "ServiceUnavailable")
ATTEMPTS = 3
"""Of a client, for one call: with one more the product meets the fault."""


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        ("GetQueueAttributes", UNAVAILABLE),
        ("GetQueueAttributes", reset),
        ("CreateMultipartUpload", UNAVAILABLE),
        ("PutObject", reset),
    ],
    ids=["queue-503", "queue-reset", "output-503", "claim-reset"],
)
def test_who_is_away_at_the_start_is_waited_for(
    moto_place: Place, s3_lake: S3Lake, proxy: Proxy, proxy_options: list[str], operation: str, fault: Fault
) -> None:
    """Breaks with `ingester/supervisor/start_up.py`: `if not error.passing:` → `if True:`."""
    log_files = small_world(100)
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, log_files)))
    away = proxy.inject(operation, fault, times=ATTEMPTS + 1)

    ended = ingester(
        "run", "--queue-url", queue.url, *s3_lake.arguments, *proxy_options, "--until-empty", "--workers", "1"
    )

    assert away.met == ATTEMPTS + 1
    assert "degraded, start" in ended.stderr
    assert "recovered, start" in ended.stderr
    assert_oracle(s3_lake, moto_place, log_files, queue, ended=ended)


def test_an_output_that_does_not_exist_is_told_at_once(
    moto_place: Place, s3_lake: S3Lake, s3_options: list[str]
) -> None:
    queue = moto_place.queue()
    arguments = ["--output", "s3://there-is-none/lake", *s3_lake.arguments[2:], *s3_options]

    ended = ingester("run", "--queue-url", queue.url, *arguments)

    assert ended.exit_code == 2
    assert "degraded" not in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_service_told_to_stop_while_it_waits_for_its_start_has_done_its_job(
    moto_place: Place,
    s3_lake: S3Lake,
    proxy: Proxy,
    proxy_options: list[str],
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    """Breaks with `ingester/supervisor/run.py`: `with ending_on_signals(), ExitStack() as stack:` →
    `with ExitStack() as stack:`."""
    queue = moto_place.queue()
    proxy.inject("GetQueueAttributes", UNAVAILABLE, times=None)

    with running_ingester(
        tmp_path, "run", "--queue-url", queue.url, *s3_lake.arguments, *proxy_options, "--workers", "1"
    ) as running:
        wait_until(lambda: "degraded, start" in running.stderr_file.read_text(), what="the start to wait")
        running.send(number)
        ended = running.wait(10)

    assert ended.exit_code == 0, ended.stderr
    assert f"{number.name}: the run ends before it has begun; nothing was in hand" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_backfill_interrupted_in_a_call_that_nobody_answers_ends_at_once_as_incomplete(
    moto_place: Place, s3_lake: S3Lake, proxy: Proxy, proxy_options: list[str], tmp_path: Path
) -> None:
    """Breaks with `ingester/supervisor/signals.py`: `raise StopRequested(signal.Signals(number).name)` → `pass`."""
    silent = proxy.inject("ListObjectsV2", stall(60), times=None)
    source = f"s3://{moto_place.bucket}/AWSLogs/"

    with running_ingester(tmp_path, "backfill", source, *s3_lake.arguments, *proxy_options) as running:
        wait_until(lambda: silent.met > 0, what="the listing to be asked for")
        running.send(signal.SIGTERM)
        ended = running.wait(10)

    assert ended.exit_code == 130, ended.stderr
    assert "SIGTERM: the run ends before it has begun" in ended.stderr


def test_stop_ends_a_start_that_waits_and_neither_raises(moto_place: Place, proxy: Proxy) -> None:
    """Breaks with `ingester/supervisor/run.py`: `except StopRequested as asked:` → `except OutputError as asked:`."""
    queue = moto_place.queue()
    away = proxy.inject("GetQueueAttributes", UNAVAILABLE, times=None)
    settings = Settings(queue_url=queue.url, endpoint_url=proxy.endpoint_url)
    executor = ProcessingExecutor(Taken(), settings)
    raised: list[BaseException] = []

    def call(method: str) -> None:
        try:
            getattr(executor, method)()
        except BaseException as error:
            raised.append(error)

    starting = threading.Thread(target=call, args=("start",))
    starting.start()
    wait_until(lambda: away.met > ATTEMPTS, what="the start to be tried again")
    call("stop")
    starting.join(10)

    assert not starting.is_alive()
    assert raised == []
    assert not executor.is_running
    assert executor.wait(0)
