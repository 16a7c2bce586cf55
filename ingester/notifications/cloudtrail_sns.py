"""CloudTrail's own message: `{"s3Bucket": "b", "s3ObjectKey": ["AWSLogs/…json.gz", …]}`, keys not URL-encoded."""

from ingester.model.log_file import LogFile
from ingester.model.notification import Notification, NotificationKind
from ingester.notifications.announced import announced


def parse_cloudtrail_sns(document: object) -> Notification | None:
    """The log files of CloudTrail's own message, None if `document` is none.

    `s3ObjectKey` is a list of keys; some senders put a single key there as a plain string, on which the Java
    library (CPL) fails (its issue 4).
    """
    if not isinstance(document, dict) or "s3ObjectKey" not in document:
        return None
    bucket = document.get("s3Bucket")
    keys = document["s3ObjectKey"]
    if isinstance(keys, str):
        keys = [keys]
    if not (isinstance(bucket, str) and bucket and isinstance(keys, list) and keys):
        return None
    for key in keys:
        if not (isinstance(key, str) and key):
            return None  # never half read: see `announced`
    return announced(NotificationKind.CLOUDTRAIL_SNS, [LogFile(bucket, key) for key in keys])
