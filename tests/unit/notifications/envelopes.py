"""Message bodies as AWS sends them, each with what it announces; shared by the table tests."""

import json
from typing import Any

from ingester.model.log_file import LogFile
from ingester.model.notification import Notification, NotificationKind

KEY = "AWSLogs/o-abcde12345/123456789012/CloudTrail/us-east-1/2024/03/13/123456789012_CloudTrail_us-east-1_20240313T0800Z_be046975d5755038.json.gz"  # noqa: E501
DIGEST_KEY = "AWSLogs/123456789012/CloudTrail-Digest/us-east-1/2024/03/13/123456789012_CloudTrail-Digest_us-east-1_trail_us-east-1_20240313T085921Z.json.gz"  # noqa: E501
ETAG = "d41d8cd98f00b204e9800998ecf8427e"


def cloudtrail(*keys: str, bucket: str = "trail-bucket") -> dict[str, Any]:
    """CloudTrail's own message."""
    return {"s3Bucket": bucket, "s3ObjectKey": list(keys)}


def s3_record(
    key: str, event_name: str = "ObjectCreated:Put", bucket: str = "trail-bucket", **object_fields: Any
) -> dict[str, Any]:
    """One record of an S3 event; `key` as it stands there, URL-encoded."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2024-03-13T08:00:03.123Z",
        "eventName": event_name,
        "userIdentity": {"principalId": "AWS:AROAEXAMPLE:regionalDeliverySession"},
        "requestParameters": {"sourceIPAddress": "192.0.2.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8="},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "ingest",
            "bucket": {"name": bucket, "ownerIdentity": {"principalId": "A3NL1"}, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {"key": key, "size": 1024, "eTag": ETAG, "sequencer": "0055AED6DCD90281E5", **object_fields},
        },
    }


def s3_event(*records: dict[str, Any]) -> dict[str, Any]:
    """An S3 event."""
    return {"Records": list(records)}


def eventbridge(
    key: str, detail_type: str = "Object Created", bucket: str = "trail-bucket", **object_fields: Any
) -> dict[str, Any]:
    """EventBridge's form of an S3 event; `key` is not URL-encoded."""
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2024-03-13T08:00:03Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": {"key": key, "size": 1024, "etag": ETAG, "sequencer": "617f08299329d189", **object_fields},
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "123456789012",
            "source-ip-address": "192.0.2.1",
            "reason": "PutObject",
        },
    }


def through_sns(message: str) -> str:
    """The body in SQS of a message that SNS delivered, raw delivery being off."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": "arn:aws:sns:us-east-1:123456789012:trail",
            "Subject": "Amazon S3 Notification",
            "Message": message,
            "Timestamp": "2024-03-13T08:00:03.456Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLEw6JRN...",
            "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-f3ec.pem",
            "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=arn",
        }
    )


def _found(kind: NotificationKind, *log_files: LogFile, digests: int = 0, other_skipped: int = 0) -> Notification:
    return Notification(kind, log_files, digests, other_skipped)


_LOG_FILE = LogFile("trail-bucket", KEY)
_LOG_FILE_WITH_ETAG = LogFile("trail-bucket", KEY, ETAG, None, 1024)

MESSAGES: dict[str, tuple[str, Notification]] = {
    "cloudtrail": (json.dumps(cloudtrail(KEY)), _found(NotificationKind.CLOUDTRAIL_SNS, _LOG_FILE)),
    "cloudtrail, several keys and a digest": (
        json.dumps(cloudtrail(KEY, DIGEST_KEY, "AWSLogs/a")),
        _found(NotificationKind.CLOUDTRAIL_SNS, _LOG_FILE, LogFile("trail-bucket", "AWSLogs/a"), digests=1),
    ),
    "cloudtrail, one key as a string": (
        json.dumps({"s3Bucket": "trail-bucket", "s3ObjectKey": KEY}),
        _found(NotificationKind.CLOUDTRAIL_SNS, _LOG_FILE),
    ),
    "s3 event": (json.dumps(s3_event(s3_record(KEY))), _found(NotificationKind.S3_EVENT, _LOG_FILE_WITH_ETAG)),
    "s3 event, several records": (
        json.dumps(
            s3_event(
                s3_record(KEY, versionId="096fKKXTRTtl3on89fVO.nfljtsv6qko"),
                s3_record("gone.json.gz", "ObjectRemoved:Delete"),
                s3_record(DIGEST_KEY, "ObjectCreated:CompleteMultipartUpload"),
                s3_record("AWSLogs/b", "ObjectCreated:Copy", "other-bucket"),
            )
        ),
        _found(
            NotificationKind.S3_EVENT,
            LogFile("trail-bucket", KEY, ETAG, "096fKKXTRTtl3on89fVO.nfljtsv6qko", 1024),
            LogFile("other-bucket", "AWSLogs/b", ETAG, None, 1024),
            digests=1,
            other_skipped=1,
        ),
    ),
    "eventbridge": (json.dumps(eventbridge(KEY)), _found(NotificationKind.EVENTBRIDGE, _LOG_FILE_WITH_ETAG)),
    "eventbridge, versioned": (
        json.dumps(eventbridge(KEY, **{"version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"})),
        _found(
            NotificationKind.EVENTBRIDGE,
            LogFile("trail-bucket", KEY, ETAG, "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", 1024),
        ),
    ),
    "eventbridge, a digest": (json.dumps(eventbridge(DIGEST_KEY)), _found(NotificationKind.EVENTBRIDGE, digests=1)),
    "eventbridge, a removal": (
        json.dumps(eventbridge(KEY, "Object Deleted")),
        _found(NotificationKind.EVENTBRIDGE, other_skipped=1),
    ),
    "validation message": ("CloudTrail validation message.", _found(NotificationKind.VALIDATION_MESSAGE)),
    "s3 test event": (
        json.dumps(
            {
                "Service": "Amazon S3",
                "Event": "s3:TestEvent",
                "Time": "2024-03-13T08:00:00.000Z",
                "Bucket": "trail-bucket",
                "RequestId": "5582815E1AEA5ADF",
                "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
            }
        ),
        _found(NotificationKind.TEST_EVENT),
    ),
}
"""By name: what SNS or the service itself puts on the way, and what it announces."""

DELIVERIES = {
    "direct, or through SNS with raw delivery": lambda message: message,
    "through SNS": through_sns,
}
