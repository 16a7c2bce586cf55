"""What the queues' threads post to the loop. Apart from `queues`, so that a backfill does not import boto3."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingester.model.message import Message
from ingester.sqs.outcome import BatchOutcome

if TYPE_CHECKING:
    from ingester.sqs.depth import QueueDepth


@dataclass(frozen=True, slots=True)
class Received:
    """Messages of one receive call; empty when the queue had none to give."""

    queue_url: str
    messages: list[Message]


@dataclass(frozen=True, slots=True)
class ReceiveTrouble:
    """A receive call failed, the `consecutive`th in a row; the receiver goes on by itself."""

    queue_url: str
    error: Exception
    consecutive: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """What came of deleting."""

    outcome: BatchOutcome


@dataclass(frozen=True, slots=True)
class Extended:
    """What came of changing visibility."""

    outcome: BatchOutcome


@dataclass(frozen=True, slots=True)
class Depths:
    """How many messages the queues report; None when one could not be asked."""

    depths: "dict[str, QueueDepth] | None"
