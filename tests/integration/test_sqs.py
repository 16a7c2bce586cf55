"""The queue's side against a moto server in another process: what SQS itself does with our calls."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from queue import Queue as Mailbox
from typing import Any

import pytest

from ingester.model.errors import ConfigurationError
from ingester.model.message import Message
from ingester.model.settings import Settings
from ingester.sqs.calls import Operation, SqsCalls
from ingester.sqs.client import check_queue, make_sqs_client
from ingester.sqs.delete import delete_messages
from ingester.sqs.depth import QueueDepth, queue_depth
from ingester.sqs.receive import Receiver, receive_messages
from ingester.sqs.visibility import change_visibility
from tests.support.moto import Place, Queue

_SECONDS_MAX = 30


def _settings(place: Place) -> Settings:
    return Settings(endpoint_url=place.server.endpoint_url, until_empty=True, visibility_timeout_seconds=60)


@contextmanager
def _receiving(
    client: SqsCalls, queue: Queue, settings: Settings, deliver: Callable[[list[Message]], None], count: int = 1
) -> Iterator[list[Receiver]]:
    """Receivers at work; on leaving they have ended, without an error."""
    errors: list[tuple[Exception, int]] = []
    receivers = [
        Receiver(client, queue.url, settings, deliver=deliver, on_error=lambda *error: errors.append(error))
        for _ in range(count)
    ]
    for receiver in receivers:
        receiver.start()
    yield receivers
    for receiver in receivers:
        receiver.stop()
    for receiver in receivers:
        receiver.join(_SECONDS_MAX)
        assert not receiver.is_alive()
    assert errors == []


def test_two_receivers_share_a_queue_and_what_they_deliver_can_be_deleted(moto_place: Place) -> None:
    queue = moto_place.queue()
    bodies = {f"body {n}" for n in range(35)}
    queue.send(*bodies)
    client = make_sqs_client(_settings(moto_place), queue.url)
    mailbox: Mailbox[list[Message]] = Mailbox()
    received: list[Message] = []

    with _receiving(client, queue, _settings(moto_place), mailbox.put, count=2):
        while len(received) < len(bodies):
            received += mailbox.get(timeout=_SECONDS_MAX)
    assert queue_depth(client, queue.url) == QueueDepth(visible=0, in_flight=35, delayed=0)
    outcome = delete_messages(client, queue.url, received)

    assert {message.body for message in received} == bodies
    assert len({message.message_id for message in received}) == len(bodies)
    assert {message.receive_count for message in received} == {1}
    assert (len(outcome.done), outcome.retry, outcome.stale) == (35, [], [])
    assert queue_depth(client, queue.url) == QueueDepth(0, 0, 0)


def test_a_message_made_visible_again_comes_with_its_id_and_a_new_handle_and_count(moto_place: Place) -> None:
    queue = moto_place.queue()
    queue.send("body")
    client = make_sqs_client(_settings(moto_place), queue.url)

    def receive() -> list[Message]:
        return receive_messages(client, queue.url, wait_seconds=1, visibility_timeout_seconds=60)

    (first,) = receive()
    assert receive() == []
    assert change_visibility(client, queue.url, [(first, 0)]).done == [first]
    (second,) = receive()

    assert second.message_id == first.message_id
    assert second.receipt_handle != first.receipt_handle
    assert (first.receive_count, second.receive_count) == (1, 2)


class Watched:
    """A client that says when a poll begins."""

    def __init__(self, client: SqsCalls) -> None:
        self._client = client
        self.polls = threading.Event()

    def call(self, operation: Operation, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "ReceiveMessage":
            self.polls.set()
        return self._client.call(operation, parameters)


def test_messages_that_a_stopped_receiver_gets_are_visible_at_once(moto_place: Place) -> None:
    queue = moto_place.queue()
    settings = Settings(endpoint_url=moto_place.server.endpoint_url)  # polls for longer than the test waits
    client = Watched(make_sqs_client(settings, queue.url))
    delivered: list[Message] = []

    with _receiving(client, queue, settings, delivered.extend) as (receiver,):
        assert client.polls.wait(_SECONDS_MAX)
        receiver.stop()
        queue.send("late")

    assert delivered == []
    assert queue.counts() == (1, 0, 0)


def test_an_unknown_receipt_handle_is_stale_and_its_siblings_are_deleted(moto_place: Place) -> None:
    queue = moto_place.queue()
    queue.send("a", "b")
    client = make_sqs_client(_settings(moto_place), queue.url)
    messages: list[Message] = []
    while len(messages) < 2:
        messages += receive_messages(client, queue.url, wait_seconds=1, visibility_timeout_seconds=60)
    first, second = messages
    stranger = Message(queue.url, "unknown", "no handle at all", "", 1, 0.0)

    outcome = delete_messages(client, queue.url, [first, stranger, second])
    extended = change_visibility(client, queue.url, [(stranger, 60)])

    assert (outcome.done, outcome.stale, outcome.retry) == ([first, second], [stranger], [])
    assert (extended.done, extended.stale, extended.retry) == ([], [stranger], [])
    assert queue.is_empty()


def test_a_queue_says_how_often_a_message_may_fail_and_where_it_goes_then(moto_place: Place) -> None:
    queue = moto_place.queue(visibility_timeout_seconds=45, max_receive_count=3)
    assert queue.dead_letter_url is not None

    info = check_queue(make_sqs_client(_settings(moto_place), queue.url), queue.url)

    assert info.max_receive_count == 3
    assert info.dead_letter_arn == moto_place.arn(queue.dead_letter_url)
    assert info.visibility_timeout_seconds == 45


def test_a_queue_that_does_not_exist_is_told_before_a_run_starts(moto_place: Place) -> None:
    url = moto_place.queue().url + "-other"

    with pytest.raises(ConfigurationError, match=r"There is no queue .*-other .*Check --queue-url"):
        check_queue(make_sqs_client(_settings(moto_place), url), url)
