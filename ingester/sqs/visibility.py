"""Hide messages for longer, or make them visible again, in batches of ten."""

from collections.abc import Iterable

from ingester.model.message import Message
from ingester.sqs.batch import call_in_batches
from ingester.sqs.calls import SqsCalls
from ingester.sqs.outcome import BatchOutcome


def change_visibility(client: SqsCalls, queue_url: str, changes: Iterable[tuple[Message, int]]) -> BatchOutcome:
    """Hide messages of one queue for so many seconds from now, 0 for making them visible at once.

    What came of each. Blocks; from any thread; raises nothing. SQS hides a message for at most twelve hours from
    its receipt; an extension beyond that is `stale`.
    """
    entries = [(message, {"VisibilityTimeout": seconds}) for message, seconds in changes]
    return call_in_batches(client, "ChangeMessageVisibilityBatch", queue_url, entries)
