"""What announces log files to an executor: a message of a queue, or a listing."""

from msgspec import Struct

from ingester.model.log_file import LogFile
from ingester.model.notification import NotificationKind


class Source(Struct, frozen=True):
    """One message with the log files that it announces; or, without a queue, one listed log file."""

    log_files: tuple[LogFile, ...]
    """The log files, digests left out."""
    kind: NotificationKind | None = None
    """The form of the message; None for a listed log file, or a message that nobody understood."""
    queue_url: str = ""
    """The queue; empty for a listed log file."""
    message_id: str = ""
    """The message's id at SQS; empty for a listed log file."""
    receive_count: int = 0
    """SQS's own count of deliveries, 1 at the first; 0 for a listed log file."""
    body: str = ""
    """The message's text as received; empty for a listed log file."""

    @property
    def account_ids(self) -> frozenset[str]:
        """The accounts that the log files' keys name; empty where the keys are not laid out as CloudTrail does."""
        return frozenset(found[0] for log_file in self.log_files if (found := log_file.account_and_region))
