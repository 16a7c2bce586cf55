"""Batch calls of ten messages, and what SQS says of each: done, stale, or to be tried again.

A batch call succeeds as a whole while single entries fail; its `Failed` list must always be read.
"""

from collections.abc import Sequence
from typing import Any

from ingester.model.message import Message
from ingester.sqs.calls import Operation, SqsCalls
from ingester.sqs.errors import SqsError, bare_code
from ingester.sqs.outcome import BatchOutcome

MESSAGES_IN_BATCH_MAX = 10
"""SQS's own limit for every batch call, and for one receive."""

# AWS answers ReceiptHandleIsInvalid to what was never a handle, and InvalidParameterValue ("The receipt handle has
# expired", "Message does not exist or is not available for visibility timeout change") to one that was; the same
# when a message has been held for twelve hours. MessageNotInflight is documented and has hardly been seen.
_STALE_CODES = frozenset({"ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight"})

Entry = tuple[Message, dict[str, Any]]
"""A message, and what its entry holds beside id and receipt handle."""


def call_in_batches(client: SqsCalls, operation: Operation, queue_url: str, entries: Sequence[Entry]) -> BatchOutcome:
    """What came of `operation` for each message. Blocks for one call each ten messages; raises nothing.

    When a whole call fails (network, throttling, permission), its messages and those not sent yet are worth a
    retry: the next call would fail as well.
    """
    outcome = BatchOutcome()
    for start in range(0, len(entries), MESSAGES_IN_BATCH_MAX):
        batch = entries[start : start + MESSAGES_IN_BATCH_MAX]
        try:
            _call(client, operation, queue_url, batch, outcome)
        except SqsError as error:
            outcome.failed([message for message, _ in entries[start:]], str(error))
            break
    return outcome


def _call(
    client: SqsCalls, operation: Operation, queue_url: str, batch: Sequence[Entry], outcome: BatchOutcome
) -> None:
    listed = [
        {"Id": str(place), "ReceiptHandle": message.receipt_handle, **extra}
        for place, (message, extra) in enumerate(batch)
    ]
    try:
        answer = client.call(operation, {"QueueUrl": queue_url, "Entries": listed})
    except SqsError as error:
        if error.code not in _STALE_CODES:
            raise
        _find_stale(client, operation, queue_url, batch, outcome)
        return
    _sort(answer, [message for message, _ in batch], outcome)


def _find_stale(
    client: SqsCalls, operation: Operation, queue_url: str, batch: Sequence[Entry], outcome: BatchOutcome
) -> None:
    """Some servers refuse a whole batch because of one stale handle: then each goes alone."""
    if len(batch) == 1:
        outcome.stale.append(batch[0][0])
        return
    for place in range(len(batch)):
        try:
            _call(client, operation, queue_url, batch[place : place + 1], outcome)
        except SqsError as error:
            outcome.failed([batch[place][0]], str(error))


def _sort(answer: dict[str, Any], messages: Sequence[Message], outcome: BatchOutcome) -> None:
    done = {entry["Id"] for entry in answer.get("Successful") or ()}
    failed = {entry["Id"]: entry for entry in answer.get("Failed") or ()}
    for place, message in enumerate(messages):
        name = str(place)
        if name in failed:
            code = bare_code(failed[name].get("Code", ""))
            if code in _STALE_CODES:
                outcome.stale.append(message)
            else:
                outcome.failed([message], f"{code}: {failed[name].get('Message', '')}".rstrip(": "))
        elif name in done:
            outcome.done.append(message)
        else:
            outcome.failed([message], "SQS's answer does not name the message")
