"""What the queues' threads post to the loop. Apart from `queues`, so that a backfill does not import boto3."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingester.model.errors import Doubt
from ingester.model.message import Message
from ingester.sqs.outcome import BatchOutcome

if TYPE_CHECKING:
    from ingester.sqs.depth import QueueDepth


@dataclass(frozen=True, slots=True)
class Received:
    """Messages of one receive call; empty when the queue had none to give."""

    queue_url: str
    messages: list[Message]
    doubts: Mapping[str, Doubt] = field(default_factory=dict)
    """Why some of them are not believed, by receipt handle."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Messages that were asked about again, as their certificates could not be had; `doubts` as in Received."""

    messages: list[Message]
    doubts: Mapping[str, Doubt]


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
    """How many messages the queues report; None when one could not be asked, and why."""

    depths: "dict[str, QueueDepth] | None"
    reason: str = ""


QueueEvent = Received | Checked | ReceiveTrouble | Deleted | Extended | Depths
