"""Message bodies that announce log files, in every form in which AWS sends them (its S3 and CloudTrail guides)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus

VALIDATION_MESSAGE = "CloudTrail validation message."


@dataclass(frozen=True)
class StoredObject:
    """An object in a bucket, as a notification names it. `etag` without quotes."""

    bucket: str
    key: str
    etag: str
    size_bytes: int


def cloudtrail_message(objects: Sequence[StoredObject]) -> str:
    """CloudTrail's own message: any number of keys, without ETag."""
    return json.dumps({"s3Bucket": objects[0].bucket, "s3ObjectKey": [stored.key for stored in objects]})


def s3_event(objects: Iterable[StoredObject]) -> str:
    """An S3 event notification, one Record for each object, keys URL-encoded."""
    return json.dumps({"Records": [_s3_record(stored) for stored in objects]})


def eventbridge_event(stored: StoredObject) -> str:
    """EventBridge's "Object Created" for one object, the key as it is."""
    return json.dumps(
        {
            "version": "0",
            "id": "17793124-05d4-b198-2fde-7ededc63b103",
            "detail-type": "Object Created",
            "source": "aws.s3",
            "account": "123456789012",
            "time": "2025-11-03T00:00:00Z",
            "region": "us-east-1",
            "resources": [f"arn:aws:s3:::{stored.bucket}"],
            "detail": {
                "version": "0",
                "bucket": {"name": stored.bucket},
                "object": {
                    "key": stored.key,
                    "size": stored.size_bytes,
                    "etag": stored.etag,
                    "sequencer": "00617F08299329D189",
                },
                "request-id": "N4N7GDK58NMKJ12R",
                "requester": "cloudtrail.amazonaws.com",
                "reason": "PutObject",
            },
        }
    )


def s3_test_event(bucket: str) -> str:
    """What S3 sends when event notifications are switched on for a bucket."""
    event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2025-11-03T00:00:00.000Z", "Bucket": bucket}
    return json.dumps(
        event | {"RequestId": "5582815E1AEA5ADF", "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR"}
    )


def sns_envelope(message: str) -> str:
    """`message` as SNS wraps it for a queue without raw delivery."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": "arn:aws:sns:us-east-1:123456789012:cloudtrail",
            "Message": message,
            "Timestamp": "2025-11-03T00:00:00.000Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem",
            "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
        }
    )


def _s3_record(stored: StoredObject) -> dict[str, object]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2025-11-03T00:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:AROAEXAMPLE:regional-delivery-session"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "log-files",
            "bucket": {"name": stored.bucket, "arn": f"arn:aws:s3:::{stored.bucket}"},
            "object": {
                "key": quote_plus(stored.key, safe="/"),
                "size": stored.size_bytes,
                "eTag": stored.etag,
                "sequencer": "0055AED6DCD90281E5",
            },
        },
    }
