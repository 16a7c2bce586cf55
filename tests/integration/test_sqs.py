"""The queue's side against moto and MiniStack, in processes of their own: what SQS itself does with our calls."""

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
from tests.support.other_servers import OtherServers, ministack, program

_SECONDS_MAX = 30


@pytest.fixture(scope="module")
def ministack_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MiniStack, for all tests here."""
    if program("ministack") is None:
        pytest.skip("MiniStack is installed by ./scripts/test")
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture(params=["moto", "ministack"])
def place(request: pytest.FixtureRequest, moto_place: Place) -> Place:
    """Queues of one test, on each server. moto's fixture brings the made-up credentials, too."""
    if request.param == "moto":
        return moto_place
    url = request.getfixturevalue("ministack_url")
    return Place(OtherServers(s3_url=url, sqs_url=url))  # type: ignore[arg-type]


def _settings(place: Place) -> Settings:
    return Settings(endpoint_url=_endpoint_url(place), until_empty=True, visibility_timeout_seconds=60)


def _endpoint_url(place: Place) -> str:
    return str(place.sqs.meta.endpoint_url)


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


def test_two_receivers_share_a_queue_and_what_they_deliver_can_be_deleted(place: Place) -> None:
    queue = place.queue()
    bodies = {f"body {n}" for n in range(35)}
    queue.send(*bodies)
    client = make_sqs_client(_settings(place), queue.url)
    mailbox: Mailbox[list[Message]] = Mailbox()
    received: list[Message] = []

    with _receiving(client, queue, _settings(place), mailbox.put, count=2):
        while len(received) < len(bodies):
            received += mailbox.get(timeout=_SECONDS_MAX)
    assert queue_depth(client, queue.url) == QueueDepth(visible=0, in_flight=35, delayed=0)
    outcome = delete_messages(client, queue.url, received)

    assert {message.body for message in received} == bodies
    assert len({message.message_id for message in received}) == len(bodies)
    assert {message.receive_count for message in received} == {1}
    assert (len(outcome.done), outcome.retry, outcome.stale) == (35, [], [])
    assert queue_depth(client, queue.url) == QueueDepth(0, 0, 0)


def test_a_message_made_visible_again_comes_with_its_id_and_a_new_handle_and_count(place: Place) -> None:
    queue = place.queue()
    queue.send("body")
    client = make_sqs_client(_settings(place), queue.url)

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


def test_messages_that_a_stopped_receiver_gets_are_visible_at_once(place: Place) -> None:
    queue = place.queue()
    settings = Settings(endpoint_url=_endpoint_url(place))  # polls for longer than the test waits
    client = Watched(make_sqs_client(settings, queue.url))
    delivered: list[Message] = []

    with _receiving(client, queue, settings, delivered.extend) as (receiver,):
        assert client.polls.wait(_SECONDS_MAX)
        receiver.stop()
        queue.send("late")

    assert delivered == []
    assert queue.counts() == (1, 0, 0)


def test_an_unknown_receipt_handle_is_stale_and_its_siblings_are_deleted(place: Place) -> None:
    queue = place.queue()
    queue.send("a", "b")
    client = make_sqs_client(_settings(place), queue.url)
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


def test_a_queue_says_how_often_a_message_may_fail_and_where_it_goes_then(place: Place) -> None:
    queue = place.queue(visibility_timeout_seconds=45, max_receive_count=3)
    assert queue.dead_letter_url is not None

    info = check_queue(make_sqs_client(_settings(place), queue.url), queue.url)

    assert info.max_receive_count == 3
    assert info.dead_letter_arn == place.arn(queue.dead_letter_url)
    assert info.visibility_timeout_seconds == 45


def test_a_queue_that_does_not_exist_is_told_before_a_run_starts(place: Place) -> None:
    url = place.queue().url + "-other"

    with pytest.raises(ConfigurationError, match=r"There is no queue .*-other .*Check --queue-url"):
        check_queue(make_sqs_client(_settings(place), url), url)
