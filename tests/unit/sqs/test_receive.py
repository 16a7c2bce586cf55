"""The receiver: a thread that goes on whatever happens, and loses nothing when it is paused or stopped."""

import threading
from collections.abc import Callable, Iterator
from hashlib import md5
from queue import Empty, Queue
from typing import Any

import pytest

from ingester.model.message import Message
from ingester.model.settings import Settings
from ingester.sqs.errors import QueueOverLimitError, SqsError
from ingester.sqs.receive import LONG_POLL_SECONDS, Receiver, backoff_seconds

from .conftest import Answer, Endpoint

_SECONDS_MAX = 20
"""How long a test waits for what must happen."""


class Stage:
    """A receiver at an endpoint: each answer that a test puts into `answers` answers one long poll."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.answers: Queue[Answer] = Queue()
        self.polls: Queue[dict[str, Any]] = Queue()
        self.delivered: Queue[list[Message]] = Queue()
        self.errors: Queue[tuple[Exception, int]] = Queue()
        self.deliver: Callable[[list[Message]], None] = self.delivered.put
        self.on_error: Callable[[Exception, int], None] = lambda error, times: self.errors.put((error, times))
        self.receivers: list[Receiver] = []
        endpoint.answers["ReceiveMessage"] = self._poll
        endpoint.answers["ChangeMessageVisibilityBatch"] = lambda parameters: endpoint.batch(parameters, {})

    def _poll(self, parameters: dict[str, Any]) -> Answer:
        self.polls.put(parameters)
        return self.answers.get(timeout=_SECONDS_MAX)

    def receiver(self, **settings: Any) -> Receiver:
        """A receiver that is not started yet."""
        made = Settings(endpoint_url=self.endpoint.url, **settings)
        receiver = Receiver(
            self.endpoint.client(made),
            self.endpoint.queue_url,
            made,
            deliver=lambda messages: self.deliver(messages),
            on_error=lambda error, times: self.on_error(error, times),
        )
        self.receivers.append(receiver)
        return receiver

    def polled(self) -> dict[str, Any]:
        """Waits for the next poll; its parameters."""
        return self.polls.get(timeout=_SECONDS_MAX)

    def give(self, *numbers: int) -> None:
        """Answers a poll with messages."""
        found = [
            {
                "MessageId": f"id-{n}",
                "ReceiptHandle": f"handle-{n}",
                "Body": f"body-{n}",
                "Attributes": {"ApproximateReceiveCount": str(n)},
            }
            for n in numbers
        ]
        self.answers.put(self.endpoint.ok({"Messages": found} if found else {}))

    def given_back(self) -> list[tuple[str, int]]:
        """Receipt handles whose visibility was changed, and to how many seconds."""
        return [
            (entry["ReceiptHandle"], entry["VisibilityTimeout"])
            for call in self.endpoint.calls("ChangeMessageVisibilityBatch")
            for entry in call["Entries"]
        ]


@pytest.fixture
def stage(endpoint: Endpoint) -> Iterator[Stage]:
    made = Stage(endpoint)
    yield made
    for receiver in made.receivers:
        receiver.stop()
        made.give()
        if receiver.ident is not None:
            receiver.join(_SECONDS_MAX)
            assert not receiver.is_alive()


def test_messages_are_delivered_with_what_it_takes_to_extend_and_delete_them(stage: Stage) -> None:
    stage.receiver().start()
    stage.give(1, 7)

    first, second = stage.delivered.get(timeout=_SECONDS_MAX)

    assert (first.queue_url, first.message_id, first.receipt_handle) == (stage.endpoint.queue_url, "id-1", "handle-1")
    assert (first.body, first.receive_count) == ("body-1", 1)
    assert (second.message_id, second.receive_count) == ("id-7", 7)
    assert first.received_at_seconds > 0


def test_each_poll_asks_for_ten_messages_hidden_for_the_visibility_timeout(stage: Stage) -> None:
    stage.receiver(visibility_timeout_seconds=77).start()

    asked = stage.polled()

    assert asked["MaxNumberOfMessages"] == 10
    assert asked["VisibilityTimeout"] == 77
    assert asked["WaitTimeSeconds"] == LONG_POLL_SECONDS
    assert asked["MessageSystemAttributeNames"] == ["ApproximateReceiveCount"]


def test_an_emptying_run_polls_for_a_second_only(stage: Stage) -> None:
    stage.receiver(until_empty=True).start()

    assert stage.polled()["WaitTimeSeconds"] == 1


def test_a_body_that_was_damaged_on_its_way_is_an_error_and_is_not_delivered(stage: Stage) -> None:
    stage.receiver().start()
    message = {"MessageId": "id-1", "ReceiptHandle": "handle-1", "Body": "body-1", "MD5OfBody": "0" * 32}
    stage.answers.put(stage.endpoint.ok({"Messages": [message]}))
    stage.answers.put(
        stage.endpoint.ok({"Messages": [message | {"MD5OfBody": md5(b"body-1", usedforsecurity=False).hexdigest()}]})
    )

    error, _ = stage.errors.get(timeout=_SECONDS_MAX)

    assert "its MD5 is another" in str(error)
    assert [m.body for m in stage.delivered.get(timeout=_SECONDS_MAX)] == ["body-1"]


def test_an_empty_poll_is_told_too(stage: Stage) -> None:
    stage.receiver().start()
    stage.give()

    assert stage.delivered.get(timeout=_SECONDS_MAX) == []


def test_errors_in_a_row_are_counted_until_a_call_succeeds(stage: Stage) -> None:
    stage.receiver().start()
    for code in ("ExpiredToken", "AccessDenied"):
        stage.answers.put(stage.endpoint.error(code, status=403))
    stage.give(1)
    stage.answers.put(stage.endpoint.error("UnsupportedOperation"))

    errors = [stage.errors.get(timeout=_SECONDS_MAX) for _ in range(3)]

    assert [times for _, times in errors] == [1, 2, 1]
    assert [type(error) for error, _ in errors] == [SqsError] * 3
    assert "sqs:ReceiveMessage" in str(errors[1][0])
    assert len(stage.delivered.get(timeout=_SECONDS_MAX)) == 1


@pytest.mark.parametrize("code", ["OverLimit", "AWS.SimpleQueueService.OverLimit"])
def test_too_many_messages_in_flight_is_an_error_of_its_own(stage: Stage, code: str) -> None:
    stage.receiver().start()
    stage.answers.put(stage.endpoint.error(code, "Too many messages in flight.", shape="OverLimit"))

    error, _ = stage.errors.get(timeout=_SECONDS_MAX)

    assert isinstance(error, QueueOverLimitError)


def test_a_paused_receiver_makes_no_call_until_it_is_resumed(stage: Stage) -> None:
    receiver = stage.receiver()
    receiver.pause()
    receiver.start()

    with pytest.raises(Empty):
        stage.polls.get(timeout=0.2)

    receiver.resume()
    stage.polled()


def test_a_poll_under_way_when_paused_still_delivers_and_is_the_last(stage: Stage) -> None:
    receiver = stage.receiver()
    receiver.start()
    stage.polled()
    receiver.pause()
    stage.give(1)

    assert [m.message_id for m in stage.delivered.get(timeout=_SECONDS_MAX)] == ["id-1"]
    with pytest.raises(Empty):
        stage.polls.get(timeout=0.2)
    assert stage.given_back() == []


def test_what_arrives_after_stop_is_made_visible_again_and_not_delivered(stage: Stage) -> None:
    receiver = stage.receiver()
    receiver.start()
    stage.polled()
    receiver.stop()
    stage.give(1, 2)
    receiver.join(_SECONDS_MAX)

    assert not receiver.is_alive()
    assert stage.delivered.empty()
    assert stage.given_back() == [("handle-1", 0), ("handle-2", 0)]


def test_messages_that_could_not_be_given_back_are_reported(stage: Stage) -> None:
    stage.endpoint.answers["ChangeMessageVisibilityBatch"] = lambda _: stage.endpoint.error("AccessDenied", "", 403)
    receiver = stage.receiver()
    receiver.start()
    stage.polled()
    receiver.stop()
    stage.give(1, 2)

    error, _ = stage.errors.get(timeout=_SECONDS_MAX)

    assert "2 messages" in str(error)
    assert "after 300 seconds" in str(error)
    assert "sqs:ChangeMessageVisibility" in str(error)


def test_stop_ends_a_receiver_that_is_paused_in_whatever_order(stage: Stage) -> None:
    before, after, unstarted = stage.receiver(), stage.receiver(), stage.receiver()
    before.pause()
    before.start()
    before.stop()
    after.stop()
    after.pause()
    after.start()
    unstarted.stop()
    unstarted.start()

    for receiver in (before, after, unstarted):
        receiver.join(_SECONDS_MAX)
        assert not receiver.is_alive()
    assert stage.polls.empty()


def test_stop_ends_a_receiver_that_waits_after_an_error(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingester.sqs.receive._BACKOFF_SECONDS_MIN", 30.0)
    receiver = stage.receiver()
    receiver.start()
    stage.answers.put(stage.endpoint.error("UnsupportedOperation"))
    stage.errors.get(timeout=_SECONDS_MAX)
    receiver.stop()

    receiver.join(5)

    assert not receiver.is_alive()


def test_messages_that_nobody_could_take_are_given_back_and_receiving_goes_on(stage: Stage) -> None:
    def full(messages: list[Message]) -> None:
        raise RuntimeError("full")

    stage.deliver = full
    stage.receiver().start()
    stage.give(1)
    error, _ = stage.errors.get(timeout=_SECONDS_MAX)
    assert str(error) == "full"
    assert stage.given_back() == [("handle-1", 0)]

    stage.deliver = stage.delivered.put
    stage.give(2)
    assert [m.message_id for m in stage.delivered.get(timeout=_SECONDS_MAX)] == ["id-2"]


def test_a_listener_that_fails_does_not_end_the_receiver(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    asked = threading.Event()

    def broken(error: Exception, times: int) -> None:
        asked.set()
        raise RuntimeError("no ears")

    stage.on_error = broken
    stage.receiver().start()
    stage.answers.put(stage.endpoint.error("UnsupportedOperation"))
    assert asked.wait(_SECONDS_MAX)
    stage.give(1)

    assert len(stage.delivered.get(timeout=_SECONDS_MAX)) == 1
    assert "could not report" in caplog.text


def test_a_receiver_does_not_keep_its_process_alive(stage: Stage) -> None:
    assert stage.receiver().daemon


@pytest.mark.parametrize(
    ("consecutive", "shortest", "longest"),
    [(1, 0.25, 0.5), (2, 0.5, 1.0), (3, 1.0, 2.0), (6, 8.0, 16.0), (7, 15.0, 30.0), (100_000, 15.0, 30.0)],
)
def test_backoff_doubles_up_to_half_a_minute(consecutive: int, shortest: float, longest: float) -> None:
    assert backoff_seconds(consecutive, 0.0) == shortest
    assert backoff_seconds(consecutive, 1.0) == longest
