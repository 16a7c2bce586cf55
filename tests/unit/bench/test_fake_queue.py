"""The fake queue: what a run against it relies on."""

import json
from typing import Any

from bench.fakes.sqs import FakeQueue


def received(
    queue: FakeQueue, now_seconds: float, most: int = 10, hidden_seconds: float = 30
) -> list[dict[str, Any]]:
    answer = queue.receive(most, hidden_seconds, now_seconds)
    messages: list[dict[str, Any]] = json.loads(answer)["Messages"] if answer else []
    return messages


def entries(messages: list[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    return [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"], **more} for n, one in enumerate(messages)]


def test_every_message_is_received_once_while_it_is_hidden() -> None:
    queue = FakeQueue([f'body "{n}"' for n in range(25)], 0)

    bodies = [one["Body"] for _ in range(3) for one in received(queue, 1.0)]

    assert sorted(bodies) == sorted(f'body "{n}"' for n in range(25))
    assert received(queue, 1.0) == []


def test_a_message_that_is_not_deleted_comes_back_with_a_higher_count() -> None:
    queue = FakeQueue(["a"], 0)
    (first,) = received(queue, 1.0, hidden_seconds=30)

    assert received(queue, 30.9) == []
    (again,) = received(queue, 31.0)

    assert first["Attributes"]["ApproximateReceiveCount"] == "1"
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    assert again["ReceiptHandle"] != first["ReceiptHandle"]


def test_a_deleted_message_never_comes_back_and_an_old_handle_deletes_nothing() -> None:
    queue = FakeQueue(["a"], 0)
    old = received(queue, 1.0)
    new = received(queue, 100.0)

    queue.delete(entries(old))
    assert queue.deleted == 0
    queue.delete(entries(new))

    assert queue.deleted == 1
    assert received(queue, 1000.0) == []


def test_visibility_is_extended_and_given_up() -> None:
    queue = FakeQueue(["a"], 0)
    message = received(queue, 1.0, hidden_seconds=30)

    queue.change_visibility(entries(message, VisibilityTimeout=100), 20.0)
    assert received(queue, 119.0) == []
    queue.change_visibility(entries(message, VisibilityTimeout=0), 119.5)

    assert len(received(queue, 119.5)) == 1


def test_messages_arrive_in_bursts_of_ten_at_the_rate_that_was_asked_for() -> None:
    queue = FakeQueue(["a"] * 100, 1000)

    assert len(received(queue, 5.0)) == 10
    assert received(queue, 5.009) == []
    assert queue.next_release_seconds(5.009) == 5.01
    assert len(received(queue, 5.0101)) == 10


def test_what_has_not_arrived_yet_counts_as_visible_so_that_no_run_ends_before_it() -> None:
    queue = FakeQueue(["a"] * 30, 10)
    received(queue, 0.0, most=4)

    attributes = json.loads(queue.attributes(0.0))["Attributes"]

    assert attributes["ApproximateNumberOfMessages"] == "26"
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "4"
