"""S3 events, the document."""

from typing import Any

import pytest

from ingester.notifications.s3_event import parse_s3_event

from .envelopes import DIGEST_KEY, ETAG, KEY, s3_event, s3_record


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("a+b", "a b"),
        ("a%2Bb", "a+b"),
        ("a%20b", "a b"),
        ("a%252Bb", "a%2Bb"),
        ("%C3%A9/%E6%97%A5", "é/日"),
        ("a//b", "a//b"),
        ("%2Fa", "/a"),
        ("a%zz", "a%zz"),
        ("a%3Db%26c", "a=b&c"),
    ],
)
def test_keys_are_url_decoded_once(encoded: str, key: str) -> None:
    notification = parse_s3_event(s3_event(s3_record(encoded)))

    assert notification is not None
    assert [log_file.key for log_file in notification.log_files] == [key]


def test_a_key_that_decodes_to_no_utf8_is_unknown_not_another_key() -> None:
    assert parse_s3_event(s3_event(s3_record("a%ff"))) is None


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2", "2.3", "2.10"])
def test_any_event_version_is_read(version: str) -> None:
    assert parse_s3_event(s3_event(s3_record(KEY) | {"eventVersion": version})) is not None


@pytest.mark.parametrize(
    "event_name",
    [
        "ObjectRemoved:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "ObjectRestore:Completed",
        "ObjectTagging:Put",
        "ObjectAcl:Put",
        "LifecycleExpiration:Delete",
        "ReducedRedundancyLostObject",
    ],
)
def test_what_is_no_creation_is_skipped_and_counted(event_name: str) -> None:
    notification = parse_s3_event(s3_event(s3_record(KEY, event_name)))

    assert notification is not None
    assert (notification.log_files, notification.other_skipped) == ((), 1)


def test_digests_and_folders_are_skipped_and_counted_apart() -> None:
    event = s3_event(
        s3_record(DIGEST_KEY), s3_record("AWSLogs/x/", size=0), s3_record("AWSLogs/y%2F"), s3_record(KEY)
    )
    notification = parse_s3_event(event)

    assert notification is not None
    assert [log_file.key for log_file in notification.log_files] == [KEY]
    assert (notification.digests, notification.other_skipped) == (1, 2)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"eTag": f'"{ETAG}"'}, (ETAG, None, 1024)),
        ({"eTag": None}, (None, None, 1024)),
        ({"eTag": ""}, (None, None, 1024)),
        ({"eTag": '""'}, (None, None, 1024)),
        ({"eTag": "abc-12"}, ("abc-12", None, 1024)),
        ({"versionId": "null"}, (ETAG, None, 1024)),
        ({"versionId": None}, (ETAG, None, 1024)),
        ({"versionId": "v1"}, (ETAG, "v1", 1024)),
        ({"size": None}, (ETAG, None, None)),
        ({"size": "12"}, (ETAG, None, None)),
        ({"size": True}, (ETAG, None, None)),
        ({"size": -1}, (ETAG, None, None)),
        ({"size": 0}, (ETAG, None, 0)),
    ],
    ids=str,
)
def test_etag_version_and_size_are_taken_where_they_make_sense(
    fields: dict[str, Any], expected: tuple[str | None, str | None, int | None]
) -> None:
    notification = parse_s3_event(s3_event(s3_record(KEY, **fields)))

    assert notification is not None
    (log_file,) = notification.log_files
    assert (log_file.etag, log_file.version_id, log_file.size_bytes) == expected


_GOOD = s3_record(KEY)


@pytest.mark.parametrize(
    "broken",
    [
        3,
        None,
        {},
        _GOOD | {"eventSource": "s3.amazonaws.com"},
        _GOOD | {"eventName": None},
        _GOOD | {"s3": None},
        _GOOD | {"s3": {"bucket": {"name": "b"}}},
        _GOOD | {"s3": {"bucket": {}, "object": {"key": "k"}}},
        _GOOD | {"s3": {"bucket": {"name": ""}, "object": {"key": "k"}}},
        _GOOD | {"s3": {"bucket": {"name": "b"}, "object": {"key": ""}}},
        _GOOD | {"s3": {"bucket": {"name": "b"}, "object": {"key": 3}}},
        s3_record(KEY, eTag=3),
        s3_record(KEY, versionId=["v"]),
    ],
    ids=str,
)
def test_one_broken_record_makes_the_whole_message_unknown(broken: Any) -> None:
    assert parse_s3_event(s3_event(_GOOD)) is not None
    assert parse_s3_event(s3_event(_GOOD, broken)) is None
    assert parse_s3_event(s3_event(broken, _GOOD)) is None


def test_a_cloudtrail_log_is_not_taken_for_an_s3_event() -> None:
    record = {"eventVersion": "1.08", "eventSource": "s3.amazonaws.com", "eventName": "ObjectCreated:Put", "s3": {}}

    assert parse_s3_event({"Records": [record]}) is None
