"""The library on a queue: what it takes, deletes, and gives back."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import boto3
import pytest

from ingester import (
    CloudTrailEvent,
    ConfigurationError,
    ProcessingExecutor,
    Settings,
    Source,
)
from scripts.demo_world.notifications import VALIDATION_MESSAGE, cloudtrail_message, s3_test_event
from tests.support.library import Taken, Trail, key_of, records, run, settings
from tests.support.moto import Place
from tests.support.waiting import wait_until


@pytest.fixture
def trail(moto_place: Place) -> Trail:
    """A bucket, and a queue without a redrive policy."""
    return Trail(moto_place, moto_place.queue())


def test_messages_are_deleted_when_the_function_has_taken_their_events(trail: Trail) -> None:
    log_file = trail.deliver(key_of("a"), records(3))
    trail.queue.send(VALIDATION_MESSAGE, s3_test_event("bucket"))
    taken = Taken()
    executor = run(trail, taken)

    assert taken.names == ["Event0", "Event1", "Event2"]
    assert taken.events[0].log_file.uri == log_file.uri
    assert (taken.events[0].log_file.bucket, taken.events[0].log_file.key) == (trail.place.bucket, key_of("a"))
    assert trail.queue.is_empty()
    assert executor.counts.messages_deleted == 3


def test_credentials_are_those_of_a_session_that_is_given(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trail.deliver(key_of("a"), records(1))
    empty = Trail(trail.place, trail.place.queue())
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ConfigurationError, match="No AWS credentials were found"):
        run(empty, Taken())

    session = boto3.Session("key", "secret", region_name="us-east-1")
    taken = Taken()
    run(trail, taken, {"session": session})
    assert taken.names == ["Event0"]

    with pytest.raises(ConfigurationError, match="can't be sent to worker processes"):
        run(trail, "tests.support.processors:drop", {"session": session})


def test_a_digest_is_skipped_and_insights_are_read(trail: Trail) -> None:
    digest = trail.put(key_of("d", kind="CloudTrail-Digest"), b"{}")
    insight = trail.put(key_of("i", kind="CloudTrail-Insight"), [{"insightDetails": {"state": "End"}}])
    trail.queue.send(cloudtrail_message([digest, insight]))
    taken = Taken()
    executor = run(trail, taken)

    (event,) = taken.events
    assert event.insight_details is not None
    assert event.insight_details.state == "End"
    assert executor.counts.digests_skipped == 1
    assert trail.queue.is_empty()


def test_a_log_file_that_is_announced_twice_is_taken_once(trail: Trail) -> None:
    trail.deliver(key_of("a"), records(1))
    trail.deliver(key_of("a"), records(1))
    trail.queue.send(json.dumps({"s3Bucket": trail.place.bucket, "s3ObjectKey": [key_of("a")]}))
    taken = Taken()
    run(trail, taken)

    assert taken.names == ["Event0"]
    assert trail.queue.is_empty()


def test_a_slow_hook_holds_up_no_extension_and_a_slow_function_loses_nothing(trail: Trail) -> None:
    """While a function and a filter take longer than the visibility timeout, no other consumer gets the messages."""
    trail.deliver(key_of("slow"), records(1))
    runs, may_return = threading.Event(), threading.Event()
    taken = Taken()

    def process(events: list[CloudTrailEvent]) -> None:
        runs.set()
        assert may_return.wait(60)
        taken(events)

    def source_filter(source: Source) -> bool:
        return "other" not in source.log_files[0].key or may_return.wait(60)

    with ProcessingExecutor(
        process, settings(trail, visibility_timeout_seconds=10), source_filter=source_filter
    ) as executor:
        assert runs.wait(20)
        trail.deliver(key_of("other"), records(1, first=1))
        wait_until(lambda: trail.queue.counts() == (0, 2, 0), what="both messages in hand")
        answer = trail.queue.client.receive_message(QueueUrl=trail.queue.url, WaitTimeSeconds=13)
        assert "Messages" not in answer
        may_return.set()
        executor.wait()

    assert taken.names == ["Event0", "Event1"]
    assert executor.counts.messages == 2
    assert trail.queue.is_empty()


def test_stop_gives_back_at_once_what_is_unfinished(trail: Trail) -> None:
    for number in range(30):
        trail.deliver(key_of(str(number)), records(1, first=number))
    runs, may_return = threading.Event(), threading.Event()
    taken = Taken()

    def process(events: list[CloudTrailEvent]) -> None:
        runs.set()
        assert may_return.wait(60)
        taken(events)

    executor = ProcessingExecutor(process, settings(trail, until_empty=False))
    executor.start()
    assert runs.wait(20)
    stopping = threading.Thread(target=executor.stop)
    stopping.start()
    wait_until(lambda: trail.queue.counts()[0] >= 28, what="all but those in the worker given back")
    assert executor.is_running
    may_return.set()
    stopping.join(30)

    assert not executor.is_running
    assert len(taken.events) == 1
    assert trail.queue.counts() == (29, 0, 0)


def test_after_the_grace_time_even_what_runs_is_given_back(trail: Trail) -> None:
    trail.deliver(key_of("a"), records(1))
    runs, never = threading.Event(), threading.Event()

    def process(events: list[CloudTrailEvent]) -> None:
        runs.set()
        never.wait(60)

    executor = ProcessingExecutor(process, settings(trail, until_empty=False, grace_seconds=0.2))
    executor.start()
    assert runs.wait(20)
    executor.stop()
    never.set()

    assert trail.queue.counts() == (1, 0, 0)


def test_a_queue_that_does_not_exist_is_told_by_start(trail: Trail) -> None:
    executor = ProcessingExecutor(
        Taken(), Settings(queue_url=trail.queue.url + "x", endpoint_url=trail.place.server.endpoint_url)
    )
    with pytest.raises(ConfigurationError, match="queue"):
        executor.start()
    assert not executor.is_running


def test_functions_go_beside_the_parquet_output(trail: Trail, tmp_path: Any) -> None:
    from tests.support.lake import DiskLake

    trail.deliver(key_of("a"), records(4))
    lake = DiskLake(tmp_path / "lake")
    taken = Taken()
    executor = run(
        trail, taken, {"output": str(lake.root), "exclude": ("eventName=Event1",)},
        event_filter=lambda event: event.event_name != "Event2",
    )  # fmt: skip

    assert taken.names == ["Event0", "Event3"]
    assert sorted(lake.table()["eventName"].to_pylist()) == ["Event0", "Event3"]
    assert sorted(lake.table()["recordIndex"].to_pylist()) == [0, 3]
    assert (executor.counts.events, executor.counts.events_filtered) == (2, 2)
