"""Delete messages, in batches of ten."""

from collections.abc import Iterable

from ingester.model.message import Message
from ingester.sqs.batch import call_in_batches
from ingester.sqs.calls import SqsCalls
from ingester.sqs.outcome import BatchOutcome


def delete_messages(client: SqsCalls, queue_url: str, messages: Iterable[Message]) -> BatchOutcome:
    """Delete messages of one queue; what came of each. Blocks; from any thread; raises nothing.

    `done` means that SQS said so. To a standard queue's old handle AWS may say so and keep the message: then it
    comes again, and the ledger recognises its log files.
    """
    return call_in_batches(client, "DeleteMessageBatch", queue_url, [(message, {}) for message in messages])
