"""How many messages a queue still has, as far as it knows."""

from msgspec import Struct

from ingester.sqs.calls import SqsCalls
from ingester.sqs.errors import SqsError, shown

_NAMES = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class QueueDepth(Struct, frozen=True):
    """Messages of a queue, approximate: SQS counts settle a while after the last change."""

    visible: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        """All messages, whoever holds them."""
        return self.visible + self.in_flight + self.delayed


def queue_depth(client: SqsCalls, queue_url: str) -> QueueDepth:
    """How many messages are visible, received by someone and not deleted, and not yet visible.

    Blocks for one call; from any thread; needs sqs:GetQueueAttributes. Raises SqsError.
    """
    answer = client.call("GetQueueAttributes", {"QueueUrl": queue_url, "AttributeNames": list(_NAMES)})
    try:
        return QueueDepth(*(int(answer["Attributes"][name]) for name in _NAMES))
    except (KeyError, TypeError, ValueError) as error:
        raise SqsError(f"Queue {shown(queue_url)} did not say how many messages it has.") from error
