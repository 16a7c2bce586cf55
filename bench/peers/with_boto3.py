"""boto3's client in the place of ours: what its calls to SQS cost the supervisor."""

from collections.abc import Mapping
from typing import Any

from botocore.config import Config

from ingester.aws.clients import make_client
from ingester.model.settings import Settings
from ingester.sqs.calls import Operation


class BotoSqs:
    """`SqsCalls` through boto3, whose errors are none that the product knows."""

    def __init__(self, client: Any) -> None:
        self._methods = {
            "ReceiveMessage": client.receive_message,
            "ChangeMessageVisibilityBatch": client.change_message_visibility_batch,
            "DeleteMessageBatch": client.delete_message_batch,
            "GetQueueAttributes": client.get_queue_attributes,
        }

    def call(self, operation: Operation, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """See `SqsCalls`."""
        answer: dict[str, Any] = self._methods[operation](**parameters)
        return answer


def make_boto3_client(settings: Settings, _queue_url: str) -> BotoSqs:
    """A client as a user who minds its cost makes it: without the check of the parameters, a sixth of a call."""
    return BotoSqs(make_client("sqs", settings, "us-east-1", config=Config(parameter_validation=False)))
