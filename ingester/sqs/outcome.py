"""What came of a batch call, message by message."""

from dataclasses import dataclass, field

from ingester.model.message import Message


@dataclass(slots=True)
class BatchOutcome:
    """Each message of a call is in exactly one of the lists, in the order in which it was given.

    `stale`: the receipt handle is no longer good, and no retry helps: the message is deleted already, or came back
    to the queue and is delivered again with a new handle. `retry`: worth another try; `reason` says why the first
    of them failed, in one sentence.
    """

    done: list[Message] = field(default_factory=list)
    retry: list[Message] = field(default_factory=list)
    stale: list[Message] = field(default_factory=list)
    reason: str = ""

    def failed(self, messages: list[Message], reason: str) -> None:
        """Add messages that are worth another try."""
        if messages:
            self.retry += messages
            self.reason = self.reason or reason
