"""Messages that announce nothing: what CloudTrail and S3 send once, when a notification is set up."""

from ingester.model.notification import Notification, NotificationKind

_VALIDATION_MESSAGE = "CloudTrail validation message."


def parse_validation_message(document: object) -> Notification | None:
    """CloudTrail's `CloudTrail validation message.`: plain text, not JSON. None if `document` is something else."""
    if isinstance(document, str) and document.strip() == _VALIDATION_MESSAGE:
        return Notification(NotificationKind.VALIDATION_MESSAGE)
    return None


def parse_test_event(document: object) -> Notification | None:
    """S3's `s3:TestEvent`, which has no Records. None if `document` is something else."""
    if isinstance(document, dict) and document.get("Event") == "s3:TestEvent" and "Records" not in document:
        return Notification(NotificationKind.TEST_EVENT)
    return None
