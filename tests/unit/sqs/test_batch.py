"""Deleting and changing visibility in batches: each message ends as done, stale or to be tried again."""

from typing import Any

import pytest

from ingester.sqs.delete import delete_messages
from ingester.sqs.visibility import change_visibility

from .conftest import Answer, Endpoint

_OPERATIONS = ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"]


def _call(endpoint: Endpoint, operation: str, count: int) -> Any:
    messages = endpoint.messages(count)
    if operation == "DeleteMessageBatch":
        return delete_messages(endpoint.client(), endpoint.queue_url, messages)
    return change_visibility(endpoint.client(), endpoint.queue_url, [(message, 60) for message in messages])


def _handles(messages: list[Any]) -> list[str]:
    return [message.receipt_handle for message in messages]


@pytest.mark.parametrize("operation", _OPERATIONS)
def test_messages_go_in_batches_of_ten(endpoint: Endpoint, operation: str) -> None:
    endpoint.answers[operation] = lambda parameters: endpoint.batch(parameters, {})

    outcome = _call(endpoint, operation, 25)

    assert [len(call["Entries"]) for call in endpoint.calls(operation)] == [10, 10, 5]
    assert _handles(outcome.done) == [f"handle-{n}" for n in range(25)]
    assert (outcome.retry, outcome.stale, outcome.reason) == ([], [], "")


@pytest.mark.parametrize("operation", _OPERATIONS)
def test_nothing_to_do_is_no_call(endpoint: Endpoint, operation: str) -> None:
    assert _call(endpoint, operation, 0).done == []
    assert endpoint.calls(operation) == []


def test_each_message_is_hidden_for_its_own_time(endpoint: Endpoint) -> None:
    endpoint.answers["ChangeMessageVisibilityBatch"] = lambda parameters: endpoint.batch(parameters, {})
    first, second = endpoint.messages(2)

    change_visibility(endpoint.client(), endpoint.queue_url, [(first, 300), (second, 0)])

    (call,) = endpoint.calls("ChangeMessageVisibilityBatch")
    assert [(e["ReceiptHandle"], e["VisibilityTimeout"]) for e in call["Entries"]] == [
        ("handle-0", 300),
        ("handle-1", 0),
    ]


@pytest.mark.parametrize("operation", _OPERATIONS)
@pytest.mark.parametrize(
    "code",
    [
        "ReceiptHandleIsInvalid",
        "InvalidParameterValue",
        "MessageNotInflight",
        "AWS.SimpleQueueService.MessageNotInflight",
    ],
)
def test_a_stale_receipt_is_not_worth_a_retry(endpoint: Endpoint, operation: str, code: str) -> None:
    endpoint.answers[operation] = lambda parameters: endpoint.batch(parameters, {"handle-1": code})

    outcome = _call(endpoint, operation, 3)

    assert _handles(outcome.done) == ["handle-0", "handle-2"]
    assert _handles(outcome.stale) == ["handle-1"]
    assert outcome.retry == []


@pytest.mark.parametrize("operation", _OPERATIONS)
def test_only_the_messages_that_failed_are_tried_again(endpoint: Endpoint, operation: str) -> None:
    failed = {"handle-2": "InternalError", "handle-11": "ReceiptHandleIsInvalid", "handle-12": "RequestThrottled"}
    endpoint.answers[operation] = lambda parameters: endpoint.batch(parameters, failed)

    outcome = _call(endpoint, operation, 14)

    assert _handles(outcome.retry) == ["handle-2", "handle-12"]
    assert _handles(outcome.stale) == ["handle-11"]
    assert len(outcome.done) == 11
    assert outcome.reason == "InternalError: Because."


@pytest.mark.parametrize("operation", _OPERATIONS)
def test_a_message_that_the_answer_does_not_name_is_tried_again(endpoint: Endpoint, operation: str) -> None:
    endpoint.answers[operation] = lambda _: endpoint.ok({"Successful": [{"Id": "0"}], "Failed": []})

    outcome = _call(endpoint, operation, 2)

    assert (_handles(outcome.done), _handles(outcome.retry)) == (["handle-0"], ["handle-1"])


@pytest.mark.parametrize("operation", _OPERATIONS)
def test_a_call_that_fails_as_a_whole_leaves_the_rest_to_be_tried_again(endpoint: Endpoint, operation: str) -> None:
    def answer(parameters: dict[str, Any]) -> Answer:
        if len(endpoint.calls(operation)) == 2:
            return endpoint.error("AccessDenied", "User: me is not authorized", 403)
        return endpoint.batch(parameters, {})

    endpoint.answers[operation] = answer

    outcome = _call(endpoint, operation, 35)

    assert _handles(outcome.done) == [f"handle-{n}" for n in range(10)]
    assert _handles(outcome.retry) == [f"handle-{n}" for n in range(10, 35)]
    assert len(endpoint.calls(operation)) == 2
    permission = {"DeleteMessageBatch": "sqs:DeleteMessage."}.get(operation, "sqs:ChangeMessageVisibility.")
    assert permission in outcome.reason


@pytest.mark.parametrize("operation", _OPERATIONS)
def test_one_stale_receipt_does_not_spoil_its_batch_where_a_server_refuses_it_whole(
    endpoint: Endpoint, operation: str
) -> None:
    def answer(parameters: dict[str, Any]) -> Answer:
        handles = [entry["ReceiptHandle"] for entry in parameters["Entries"]]
        if "handle-1" in handles:
            return endpoint.error("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
        if handles == ["handle-3"]:
            return endpoint.error("AccessDenied", "", 403)
        return endpoint.batch(parameters, {})

    endpoint.answers[operation] = answer

    outcome = _call(endpoint, operation, 12)

    assert _handles(outcome.stale) == ["handle-1"]
    assert _handles(outcome.retry) == ["handle-3"]
    assert len(outcome.done) == 10
