"""The hooks of the library on a queue: what they are told, and what follows from what they say."""

import json
import socket
from collections import Counter
from typing import Any

import pytest

from ingester import (
    PARSERS,
    CloudTrailEvent,
    Decision,
    FetchError,
    FunctionError,
    LogFile,
    Notification,
    NotificationKind,
    ProcessingExecutor,
    ProcessingStoppedError,
    ProgressState,
    ProgressStatus,
    Source,
)
from scripts.demo_world.notifications import cloudtrail_message
from tests.support.library import Handler, Reporter, Taken, Trail, key_of, record, records, run, settings
from tests.support.moto import Place
from tests.support.waiting import wait_until


@pytest.fixture
def trail(moto_place: Place) -> Trail:
    """A bucket, and a queue without a redrive policy."""
    return Trail(moto_place, moto_place.queue())


def test_a_source_that_is_not_wanted_is_deleted_and_counted(trail: Trail) -> None:
    trail.deliver(key_of("a", account="111111111111"), records(1))
    trail.deliver(key_of("b", account="222222222222"), records(1, first=1))
    seen: list[Source] = []

    def source_filter(source: Source) -> bool:
        seen.append(source)
        return "222222222222" in source.account_ids

    taken = Taken()
    executor = run(trail, taken, source_filter=source_filter)

    assert taken.names == ["Event1"]
    assert trail.queue.is_empty()
    assert executor.counts.sources_filtered == 1
    assert {source.kind for source in seen} == {NotificationKind.S3_EVENT}
    assert {source.queue_url for source in seen} == {trail.queue.url}
    assert [source.receive_count for source in seen] == [1, 1]
    assert all(source.message_id and source.body.startswith('{"Records"') for source in seen)


def test_a_handler_is_told_of_a_queue_that_is_gone_in_the_words_of_the_library(trail: Trail) -> None:
    handler = Handler(SqsError=Decision.STOP)
    with ProcessingExecutor(Taken(), settings(trail, until_empty=False), exception_handler=handler) as executor:
        trail.place.sqs.delete_queue(QueueUrl=trail.queue.url)
        with pytest.raises(ProcessingStoppedError, match=r"Check Settings\.queue_urls"):
            executor.wait(60)

    error, context = handler.told[0]
    assert "Check Settings.queue_urls: name, account and region; and Settings.endpoint_url." in str(error)
    assert context.state is ProgressState.POLL_QUEUE


def test_one_log_file_that_fails_costs_neither_its_message_s_others_nor_other_messages(trail: Trail) -> None:
    """CPL throws away what it has of a message whose second log file fails, and never extends its message."""
    stored = [trail.put(key_of(name), records(1, first=number)) for number, name in enumerate("abc")]
    trail.queue.send(cloudtrail_message(stored))
    trail.deliver(key_of("d"), records(1, first=3))
    fails = iter([True])

    class Failing(Taken):
        def __call__(self, events: list[CloudTrailEvent]) -> None:
            if events[0].event_name == "Event1" and next(fails, False):
                raise ConnectionError("my database is away")
            super().__call__(events)

    handler = Handler()
    taken = Failing()
    run(trail, taken, exception_handler=handler)

    assert sorted(map(str, taken.names)) == ["Event0", "Event1", "Event2", "Event3"]
    ((error, context),) = handler.told
    assert isinstance(error, FunctionError)
    assert isinstance(error.__cause__, ConnectionError)
    assert context.source is not None
    assert [log_file.key for log_file in context.source.log_files] == [key_of("a"), key_of("b"), key_of("c")]
    assert trail.queue.is_empty()


@pytest.mark.parametrize("by", ["setting", "handler"])
def test_what_fails_for_good_can_be_deleted_at_once(trail: Trail, by: str) -> None:
    trail.deliver(key_of("a"), b"no gzip, no JSON")
    trail.deliver(key_of("b"), records(1))
    trail.queue.send("who are you?")

    def fails(events: list[CloudTrailEvent]) -> None:
        raise ValueError

    decisions = dict.fromkeys(["BadLogFileError", "FunctionError", "UnknownNotificationError"], Decision.QUARANTINE)
    handler = Handler(**(decisions if by == "handler" else {}))
    executor = run(trail, fails, {"delete_message_upon_failure": by == "setting"}, exception_handler=handler)

    assert {type(error).__name__ for error, _ in handler.told} == set(decisions)
    assert trail.queue.is_empty()
    assert len(executor.counts.quarantined) == 2


def test_a_message_that_nobody_understands_stays_in_the_queue_and_is_told(trail: Trail) -> None:
    trail.queue.send("who are you?")
    handler = Handler(UnknownNotificationError=Decision.STOP)
    with pytest.raises(ProcessingStoppedError, match="who are you"):
        run(trail, Taken(), exception_handler=handler)

    ((_, context),) = handler.told
    assert context.state is ProgressState.PARSE_MESSAGE
    assert context.source is not None
    assert context.source.body == "who are you?"
    assert trail.queue.counts() == (1, 0, 0)


def test_notifications_of_one_s_own_form_can_be_added(trail: Trail) -> None:
    stored = trail.put(key_of("a"), records(1))
    trail.queue.send(json.dumps({"mine": [stored.bucket, stored.key]}))

    def parse(document: object) -> Notification | None:
        if not isinstance(document, dict) or "mine" not in document:
            return None
        return Notification(NotificationKind.S3_EVENT, (LogFile(*document["mine"]),))

    taken = Taken()
    run(trail, taken, notifications=(*PARSERS, parse))
    assert taken.names == ["Event0"]


@pytest.mark.parametrize("workers", [0, 1])
def test_every_state_is_reported_with_its_token_and_true_counts(trail: Trail, workers: int) -> None:
    """CPL reports that it polled 0 messages, however many there were."""
    first = trail.deliver(key_of("a", account="111111111111"), [record(0), 7, record(1), record(2)])
    trail.deliver(key_of("b", account="222222222222"), records(1))
    reporter = Reporter()
    process: Any = Taken() if workers == 0 else "tests.support.processors:drop"
    run(
        trail,
        process,
        {"exclude": ("eventName=Event1",), "workers": workers},
        source_filter=lambda source: "111111111111" in source.account_ids,
        progress_reporter=reporter,
    )

    assert reporter.lost == []
    assert Counter(status.state for status in reporter.starts) == Counter(status.state for status, _ in reporter.ends)
    assert all(not status.info.success for status in reporter.starts)
    assert {status.state for status in reporter.starts} == set(ProgressState) - {ProgressState.UNCAUGHT_EXCEPTION}
    assert sum(info.messages for info in reporter.infos(ProgressState.POLL_QUEUE)) == 2
    assert [info.success for info in reporter.infos(ProgressState.PARSE_MESSAGE)] == [True, True]
    assert [info.success for info in reporter.infos(ProgressState.DELETE_MESSAGE)] == [True]
    assert [info.success for info in reporter.infos(ProgressState.DELETE_FILTERED_MESSAGE)] == [True]
    (download,) = reporter.infos(ProgressState.DOWNLOAD_LOG)
    assert (download.log_file.uri, download.success) == (first.uri, True)
    assert download.size_bytes > 0
    (log,) = reporter.infos(ProgressState.PROCESS_LOG)
    assert (log.events, log.events_filtered, log.records_quarantined, log.success) == (2, 1, 1, True)
    assert log.json_bytes > download.size_bytes
    assert log.source is not None
    assert log.source.account_ids == {"111111111111"}
    wanted, unwanted = sorted(reporter.infos(ProgressState.PROCESS_SOURCE), key=lambda info: info.filtered)
    assert (wanted.events, wanted.events_filtered, wanted.records_quarantined, wanted.success) == (2, 1, 1, True)
    assert (unwanted.filtered, unwanted.events, unwanted.success) == (True, 0, True)


def test_a_failure_is_reported_with_its_reason(trail: Trail) -> None:
    trail.deliver(key_of("a"), b"no gzip")
    reporter = Reporter()
    run(trail, Taken(), {"delete_message_upon_failure": True}, progress_reporter=reporter)

    (log,) = reporter.infos(ProgressState.PROCESS_LOG)
    assert not log.success
    assert "not JSON" in log.reason


def test_a_log_file_that_can_not_be_fetched_never_deletes_its_message(trail: Trail) -> None:
    trail.queue.send(json.dumps({"s3Bucket": trail.place.bucket, "s3ObjectKey": [key_of("gone")]}))
    handler = Handler()
    executor = run(
        trail, Taken(), {"delete_message_upon_failure": True, "max_attempts": 1}, exception_handler=handler
    )

    ((error, context),) = handler.told
    assert isinstance(error, FetchError)
    assert "NoSuchKey" in str(error)
    assert context.state is ProgressState.DOWNLOAD_LOG
    assert executor.counts.messages_deleted == 0
    assert trail.queue.counts() == (0, 1, 0)


def test_a_network_error_never_deletes_a_message(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens where S3 is asked for: no attempt is counted, nothing deleted, whatever the settings say."""
    trail.deliver(key_of("a"), records(1))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed_port = listener.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", trail.place.server.endpoint_url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{closed_port}")
    handler = Handler()
    more = settings(
        trail, endpoint_url=None, until_empty=False, delete_message_upon_failure=True, max_attempts=1, grace_seconds=1
    )
    with ProcessingExecutor(Taken(), more, exception_handler=handler) as executor:
        wait_until(lambda: handler.told, what="the first failure")

    error, context = handler.told[0]
    assert isinstance(error, FetchError)
    assert error.passing
    assert (context.state, context.attempts_max) == (ProgressState.DOWNLOAD_LOG, 0)
    assert executor.counts.messages_deleted == 0
    assert not executor.counts.quarantined
    assert trail.queue.counts() == (1, 0, 0)


def test_receivers_receive_at_once(trail: Trail) -> None:
    """CPL polls from one thread, whatever its numOfParallelReaders."""
    polls: list[int] = []

    class Polls:
        def report_start(self, status: ProgressStatus) -> None:
            polls.append(1 if status.state is ProgressState.POLL_QUEUE else 0)

        def report_end(self, status: ProgressStatus, _token: object) -> None:
            polls.append(-1 if status.state is ProgressState.POLL_QUEUE else 0)

    more = settings(trail, receivers_per_queue=3, until_empty=False)
    with ProcessingExecutor(Taken(), more, progress_reporter=Polls()):
        wait_until(lambda: sum(polls) == 3, what="three polls under way")
