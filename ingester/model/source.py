"""What announces log files to an executor: a message of a queue, or a listing."""

from msgspec import Struct

from ingester.model.log_file import LogFile
from ingester.model.notification import NotificationKind


class Source(Struct, frozen=True):
    """One message with the log files that it announces; or, without a queue, one listed log file.

    `receive_count` is SQS's own count, 1 at the first delivery, and 0 for a listed log file, which has no queue, no
    message and no kind either. `body` is the message's text as received.
    """

    log_files: tuple[LogFile, ...]
    kind: NotificationKind | None = None
    queue_url: str = ""
    message_id: str = ""
    receive_count: int = 0
    body: str = ""

    @property
    def account_ids(self) -> frozenset[str]:
        """The accounts that the log files' keys name; empty where the keys are not laid out as CloudTrail does."""
        return frozenset(found[0] for log_file in self.log_files if (found := log_file.account_and_region))
