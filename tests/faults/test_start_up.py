"""SQS and S3 away when a run begins: waited for, as later; a name that is wrong is told at once."""

import threading

import pytest

from ingester import ConfigurationError, ProcessingExecutor, Settings
from tests.faults.oracle import assert_oracle
from tests.faults.proxy import Fault, Proxy, reset, status
from tests.support.cli import ingester
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


def test_stop_ends_a_start_that_waits(moto_place: Place, proxy: Proxy) -> None:
    queue = moto_place.queue()
    away = proxy.inject("GetQueueAttributes", UNAVAILABLE, times=None)
    settings = Settings(queue_url=queue.url, endpoint_url=proxy.endpoint_url)
    executor = ProcessingExecutor(Taken(), settings)
    raised: list[ConfigurationError] = []

    def call(method: str) -> None:
        try:
            getattr(executor, method)()
        except ConfigurationError as error:
            raised.append(error)

    starting = threading.Thread(target=call, args=("start",))
    starting.start()
    wait_until(lambda: away.met > ATTEMPTS, what="the start to be tried again")
    call("stop")
    starting.join(10)

    assert not starting.is_alive()
    assert "ServiceUnavailable" in str(raised)
