"""How many messages a queue has."""

import pytest

from ingester.sqs.depth import QueueDepth, queue_depth
from ingester.sqs.errors import SqsError

from .conftest import Endpoint


def test_messages_of_others_count_as_well_as_the_visible_ones(endpoint: Endpoint) -> None:
    attributes = {
        "ApproximateNumberOfMessages": "3",
        "ApproximateNumberOfMessagesNotVisible": "20",
        "ApproximateNumberOfMessagesDelayed": "100",
    }
    endpoint.answers["GetQueueAttributes"] = lambda parameters: endpoint.ok(
        {"Attributes": {name: attributes[name] for name in parameters["AttributeNames"]}}
    )

    depth = queue_depth(endpoint.client(), endpoint.queue_url)

    assert depth == QueueDepth(visible=3, in_flight=20, delayed=100)
    assert depth.total == 123


@pytest.mark.parametrize("body", [{}, {"Attributes": {}}, {"Attributes": {"ApproximateNumberOfMessages": "3"}}])
def test_an_answer_without_numbers_is_an_error_and_never_an_empty_queue(endpoint: Endpoint, body: object) -> None:
    endpoint.answers["GetQueueAttributes"] = lambda _: endpoint.ok(body)

    with pytest.raises(SqsError, match="did not say how many messages"):
        queue_depth(endpoint.client(), endpoint.queue_url)


def test_an_error_is_an_sqs_error(endpoint: Endpoint) -> None:
    endpoint.answers["GetQueueAttributes"] = lambda _: endpoint.error("AccessDenied", "", 403)

    with pytest.raises(SqsError, match="sqs:GetQueueAttributes"):
        queue_depth(endpoint.client(), endpoint.queue_url)
