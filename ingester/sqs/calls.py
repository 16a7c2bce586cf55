"""The seam to SQS: the four calls that we make, as one method.

Parameters and answers have the names and shapes of SQS's JSON protocol.
"""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

Operation = Literal["ReceiveMessage", "ChangeMessageVisibilityBatch", "DeleteMessageBatch", "GetQueueAttributes"]


class SqsCalls(Protocol):
    """A client of SQS, usable from any thread of the process that made it."""

    def call(self, operation: Operation, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """SQS's answer to `operation`. Blocks. Raises SqsError, and nothing else."""
