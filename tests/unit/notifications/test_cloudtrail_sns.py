"""CloudTrail's own message, the document."""

import pytest

from ingester.model.log_file import LogFile
from ingester.notifications.cloudtrail_sns import parse_cloudtrail_sns

from .envelopes import DIGEST_KEY, KEY, cloudtrail


@pytest.mark.parametrize("key", ["a+b", "a%2Bb", "a b", "é/ü", "a//b", "/a", "../a", "a%zz"])
def test_keys_are_taken_as_they_stand(key: str) -> None:
    notification = parse_cloudtrail_sns(cloudtrail(key))

    assert notification is not None
    assert notification.log_files == (LogFile("trail-bucket", key),)


def test_digests_and_folders_are_skipped_and_counted_apart() -> None:
    notification = parse_cloudtrail_sns(
        cloudtrail(DIGEST_KEY, "AWSLogs/123456789012/CloudTrail/", KEY, DIGEST_KEY + "2")
    )

    assert notification is not None
    assert [log_file.key for log_file in notification.log_files] == [KEY]
    assert (notification.digests, notification.other_skipped) == (2, 1)


def test_a_key_named_twice_is_one_log_file() -> None:
    notification = parse_cloudtrail_sns(cloudtrail(KEY, "b", KEY))

    assert notification is not None
    assert [log_file.key for log_file in notification.log_files] == [KEY, "b"]


@pytest.mark.parametrize("keys", [[], [KEY, 3], [KEY, ""], [KEY, None], [[KEY]], None, 3, "", {}])
def test_one_bad_key_makes_the_whole_message_unknown(keys: object) -> None:
    assert parse_cloudtrail_sns({"s3Bucket": "b", "s3ObjectKey": keys}) is None


@pytest.mark.parametrize("bucket", [None, "", 3, ["b"]])
def test_a_message_without_a_bucket_is_unknown(bucket: object) -> None:
    assert parse_cloudtrail_sns({"s3Bucket": bucket, "s3ObjectKey": [KEY]}) is None
