"""What a queue message announces."""

from enum import StrEnum

from msgspec import Struct

from ingester.model.log_file import LogFile


class NotificationKind(StrEnum):
    """The forms in which log files are announced, as counted in summaries and metrics."""

    CLOUDTRAIL_SNS = "cloudtrail_sns"
    S3_EVENT = "s3_event"
    EVENTBRIDGE = "eventbridge"
    VALIDATION_MESSAGE = "validation_message"
    TEST_EVENT = "test_event"


class Notification(Struct, frozen=True):
    """One understood message body: the log files to ingest, and how many keys were skipped and why.

    A notification with no log files (a test event, only digests) is deleted and counted.
    """

    kind: NotificationKind
    log_files: tuple[LogFile, ...] = ()
    digests: int = 0
    other_skipped: int = 0
    """Objects that are announced but no log file was written: folders, removals, other S3 events."""
