"""What a queue message announces."""

from enum import StrEnum

from msgspec import Struct

from ingester.model.log_file import LogFile


class NotificationKind(StrEnum):
    """The forms in which log files are announced, as counted in summaries and metrics."""

    CLOUDTRAIL_SNS = "cloudtrail_sns"
    """CloudTrail's own message."""
    S3_EVENT = "s3_event"
    """An S3 event notification, direct or through SNS."""
    EVENTBRIDGE = "eventbridge"
    """EventBridge's "Object Created"."""
    VALIDATION_MESSAGE = "validation_message"
    """What CloudTrail sends to a new topic, to see whether it may. No log files."""
    TEST_EVENT = "test_event"
    """What S3 sends to a new destination. No log files."""


class Notification(Struct, frozen=True):
    """One understood message body: the log files to ingest, and how many keys were skipped and why.

    A notification with no log files (a test event, only digests) is deleted and counted.
    """

    kind: NotificationKind
    """Its form; a parser of one's own takes the one that is nearest."""
    log_files: tuple[LogFile, ...] = ()
    """What to ingest."""
    digests: int = 0
    """How many digest files are announced; they are skipped."""
    other_skipped: int = 0
    """Objects that are announced but no log file was written: folders, removals, other S3 events."""
