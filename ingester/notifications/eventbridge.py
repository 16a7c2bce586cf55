"""EventBridge's form of an S3 event: `{"source": "aws.s3", "detail-type": "Object Created", "detail": {…}}`.

Keys are not URL-encoded here (S3 user guide, "Using EventBridge": event message structure).
"""

from ingester.model.log_file import LogFile
from ingester.model.notification import Notification, NotificationKind
from ingester.notifications.announced import (
    BrokenEnvelopeError,
    announced,
    etag,
    part,
    size_bytes,
    text,
    version_id,
)


def parse_eventbridge(document: object) -> Notification | None:
    """The log file of an EventBridge event of S3, None if `document` is none.

    `Object Deleted`, `Object Tags Added` and S3's other events are counted as skipped.
    """
    if not isinstance(document, dict) or document.get("source") != "aws.s3":
        return None
    detail_type = document.get("detail-type")
    if not isinstance(detail_type, str) or not detail_type.startswith("Object "):
        return None
    if detail_type != "Object Created":
        return Notification(NotificationKind.EVENTBRIDGE, other_skipped=1)
    try:
        detail = part(document, "detail")
        s3_object = part(detail, "object")
        log_file = LogFile(
            text(part(detail, "bucket"), "name"),
            text(s3_object, "key"),
            etag(s3_object, "etag"),
            version_id(s3_object, "version-id"),
            size_bytes(s3_object),
        )
    except BrokenEnvelopeError:
        return None
    return announced(NotificationKind.EVENTBRIDGE, [log_file])
