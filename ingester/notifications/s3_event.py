"""S3 event notifications: `{"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {…}}]}`.

A CloudTrail log has `Records` with eventVersion, eventSource and eventName too; an S3 event is told from it by
`aws:s3` and by the `s3` object. The event's own version is not looked at: it runs through 2.0, 2.1, 2.2, 2.3 …,
and all that is needed is checked by itself.
"""

from urllib.parse import unquote_plus

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


def parse_s3_event(document: object) -> Notification | None:
    """The log files of an S3 event, None if `document` is none, or one with a broken record (see `announced`).

    What is not `ObjectCreated:*` (removals, restores, tags) is counted as skipped.
    """
    records = document.get("Records") if isinstance(document, dict) else None
    if not isinstance(records, list) or not records:
        return None
    try:
        created = [_created(record) for record in records]
    except (BrokenEnvelopeError, UnicodeDecodeError):
        return None
    log_files = [log_file for log_file in created if log_file is not None]
    return announced(NotificationKind.S3_EVENT, log_files, len(created) - len(log_files))


def _created(record: object) -> LogFile | None:
    """The object that one record says was created, None if it tells of something else."""
    if not isinstance(record, dict) or record.get("eventSource") != "aws:s3":
        raise BrokenEnvelopeError("eventSource")
    s3 = part(record, "s3")
    if not text(record, "eventName").startswith("ObjectCreated:"):
        return None
    s3_object = part(s3, "object")
    # strict: a key that is no UTF-8 when decoded would be another object's, with replacement characters
    key = unquote_plus(text(s3_object, "key"), errors="strict")
    bucket = text(part(s3, "bucket"), "name")
    return LogFile(bucket, key, etag(s3_object, "eTag"), version_id(s3_object, "versionId"), size_bytes(s3_object))
