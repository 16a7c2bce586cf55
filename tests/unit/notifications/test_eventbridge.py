"""EventBridge events of S3, the document."""

from typing import Any

import pytest

from ingester.model.log_file import LogFile
from ingester.notifications.eventbridge import parse_eventbridge

from .envelopes import DIGEST_KEY, ETAG, KEY, eventbridge


@pytest.mark.parametrize("key", ["a+b", "a%2Bb", "a b", "é/ü", "a//b", "/a"])
def test_keys_are_taken_as_they_stand(key: str) -> None:
    notification = parse_eventbridge(eventbridge(key))

    assert notification is not None
    assert notification.log_files == (LogFile("trail-bucket", key, ETAG, None, 1024),)


@pytest.mark.parametrize("detail_type", ["Object Deleted", "Object Tags Added", "Object Restore Completed"])
def test_what_is_no_creation_is_skipped_and_counted(detail_type: str) -> None:
    notification = parse_eventbridge(eventbridge(KEY, detail_type))

    assert notification is not None
    assert (notification.log_files, notification.other_skipped) == ((), 1)


def test_digests_and_folders_are_skipped_and_counted_apart() -> None:
    digest = parse_eventbridge(eventbridge(DIGEST_KEY))
    folder = parse_eventbridge(eventbridge("AWSLogs/"))

    assert digest is not None
    assert folder is not None
    assert (digest.log_files, digest.digests, digest.other_skipped) == ((), 1, 0)
    assert (folder.log_files, folder.digests, folder.other_skipped) == ((), 0, 1)


@pytest.mark.parametrize("fields", [{"etag": f'"{ETAG}"'}, {"version-id": "null"}])
def test_quotes_and_the_null_version_are_taken_off(fields: dict[str, Any]) -> None:
    notification = parse_eventbridge(eventbridge(KEY, **fields))

    assert notification is not None
    assert notification.log_files == (LogFile("trail-bucket", KEY, ETAG, None, 1024),)


@pytest.mark.parametrize(
    "detail",
    [
        None,
        {},
        {"bucket": {"name": "b"}},
        {"bucket": {"name": 1}, "object": {"key": "k"}},
        {"bucket": {"name": "b"}, "object": {"key": ""}},
        {"bucket": {"name": "b"}, "object": {"key": "k", "etag": {}}},
    ],
)
def test_a_broken_event_is_unknown(detail: object) -> None:
    assert parse_eventbridge(eventbridge(KEY) | {"detail": detail}) is None
