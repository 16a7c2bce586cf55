"""A client for a queue, and the question, before a run starts, whether the queue can be used at all."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.config import Config
from msgspec import Struct

from ingester.aws.clients import make_client, make_session
from ingester.aws.errors import FaultKind
from ingester.model.errors import ConfigurationError
from ingester.model.settings import Settings
from ingester.sqs.calls import Operation, SqsCalls
from ingester.sqs.errors import SqsError, shown, sqs_error
from ingester.sqs.queue_url import check_queue_url, region_of_queue_url

_REGION_OF_OTHER_SERVERS = "us-east-1"


class QueueInfo(Struct, frozen=True):
    """What a queue says of itself. Without a redrive policy, `max_receive_count` and `dead_letter_arn` are None."""

    queue_url: str
    max_receive_count: int | None
    dead_letter_arn: str | None
    visibility_timeout_seconds: int


class BotoSqs:
    """`SqsCalls` through boto3. From any thread of the process that made it."""

    def __init__(self, client: Any) -> None:
        self._methods = {
            "ReceiveMessage": client.receive_message,
            "ChangeMessageVisibilityBatch": client.change_message_visibility_batch,
            "DeleteMessageBatch": client.delete_message_batch,
            "GetQueueAttributes": client.get_queue_attributes,
        }

    def call(self, operation: Operation, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """See `SqsCalls`."""
        try:
            answer: dict[str, Any] = self._methods[operation](**parameters)
        except Exception as error:  # whatever a client raises: the callers' threads must go on
            failure = sqs_error(error, operation, parameters["QueueUrl"])
            # the text of boto3's own error may hold a session token: see errors.py
            raise failure from (None if failure.kind is FaultKind.CREDENTIALS else error)
        return answer


def make_sqs_client(settings: Settings, queue_url: str) -> SqsCalls:
    """A client for this queue, for all threads of this process. Sends nothing to SQS yet.

    The region is that of the settings, else the one in the queue URL, else boto3's (environment, profile), else,
    at a server of one's own (`endpoint_url`), us-east-1. Raises ConfigurationError: a URL that is none, no region,
    no credentials, an endpoint that is no URL.
    """
    check_queue_url(queue_url)
    region = settings.sqs_region or settings.region or region_of_queue_url(queue_url)
    if region is None and settings.endpoint_url:
        region = make_session(settings).region_name or _REGION_OF_OTHER_SERVERS
    # our parameters have one fixed shape: checking them anew takes 5 to 8 % of a batch call's CPU time (measured)
    return BotoSqs(make_client("sqs", settings, region, config=Config(parameter_validation=False)))


def check_queue(client: SqsCalls, queue_url: str) -> QueueInfo:
    """What the queue says of itself. Blocks for one call; needs sqs:GetQueueAttributes.

    Raises ConfigurationError, with a hint: no such queue, credentials that are not accepted or have expired,
    access denied, an endpoint that does not answer or is no SQS.
    """
    parameters = {"QueueUrl": queue_url, "AttributeNames": ["RedrivePolicy", "VisibilityTimeout"]}
    try:
        answer = client.call("GetQueueAttributes", parameters)
    except SqsError as error:
        raise ConfigurationError(error.args[0], hint=error.hint) from error.__cause__
    try:
        attributes = answer["Attributes"]
        policy = json.loads(attributes.get("RedrivePolicy") or "{}")
        max_receive_count = policy.get("maxReceiveCount")  # a number, or the same as text
        return QueueInfo(
            queue_url,
            int(max_receive_count) if max_receive_count is not None else None,
            policy.get("deadLetterTargetArn"),
            int(attributes["VisibilityTimeout"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(
            f"What answers for queue {shown(queue_url)} is no SQS.", hint="Check --queue-url and --endpoint-url."
        ) from error
