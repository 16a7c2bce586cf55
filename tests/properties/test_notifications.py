"""Whatever a queue message holds: it is understood, or it is unknown. Nothing else, ever."""

import json
from typing import Any
from urllib.parse import quote_plus

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from ingester.model.errors import UnknownNotificationError
from ingester.model.notification import Notification, NotificationKind
from ingester.notifications.read import read_notification

_KEY = "AWSLogs/123456789012/CloudTrail/us-east-1/2024/03/13/a.json.gz"
_S3_RECORD = {
    "eventVersion": "2.1",
    "eventSource": "aws:s3",
    "eventName": "ObjectCreated:Put",
    "s3": {"bucket": {"name": "b"}, "object": {"key": _KEY, "size": 1, "eTag": "e", "versionId": "v"}},
}
_ENVELOPES: list[dict[str, Any]] = [
    {"s3Bucket": "b", "s3ObjectKey": [_KEY, _KEY + "2"]},
    {"Records": [_S3_RECORD, _S3_RECORD]},
    {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": "b"}, "object": {"key": _KEY, "etag": "e", "size": 1, "version-id": "v"}},
    },
    {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"},
    {"Type": "Notification", "Message": json.dumps({"s3Bucket": "b", "s3ObjectKey": [_KEY]})},
]
_NAMES = sorted(
    {"Type", "Message", "s3Bucket", "s3ObjectKey", "Records", "eventSource", "eventName", "s3", "bucket", "object"}
    | {"name", "key", "eTag", "etag", "versionId", "version-id", "size", "source", "detail-type", "detail", "Event"}
)
_VALUES = ["Notification", "aws:s3", "aws.s3", "ObjectCreated:Put", "Object Created", "s3:TestEvent", "%FF", "a/", ""]

_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(_VALUES)
_json = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_NAMES) | st.text(), inner, max_size=6)
    ),
    max_leaves=25,
)


def _is_understood_or_unknown(body: str) -> None:
    try:
        notification = read_notification(body)
    except UnknownNotificationError as error:
        said = str(error)
    else:
        said = ""
        _is_sound(notification)
    assert said == "" or said.isprintable()
    assert len(said) < 2_200  # 200 characters are quoted, each escaped at most as \U0010ffff


def _is_sound(notification: Notification) -> None:
    assert isinstance(notification, Notification)
    for log_file in notification.log_files:
        assert log_file.bucket
        assert log_file.key
        assert not log_file.is_digest
        assert len(log_file.place) == 16


@given(st.text())
@example("\ud800")
@example("\x00")
@example("[" * 1_000_000)
@example('{"Type":"Notification","Message":"' + "[" * 1_000_000 + '"}')
@example('{"Records":' * 200_000)
def test_any_text_is_understood_or_unknown(body: str) -> None:
    _is_understood_or_unknown(body)


@given(_json)
def test_any_json_is_understood_or_unknown_direct_and_through_sns(document: Any) -> None:
    body = json.dumps(document)

    _is_understood_or_unknown(body)
    _is_understood_or_unknown(json.dumps({"Type": "Notification", "Message": body}))


def _mutated(document: Any, data: st.DataObject) -> Any:
    """The document with one value, at any depth, replaced, removed or doubled."""
    if not isinstance(document, dict | list) or not document or data.draw(st.integers(0, 3)) == 0:
        return data.draw(_json)
    if isinstance(document, dict):
        name = data.draw(st.sampled_from(sorted(document)))
        if data.draw(st.integers(0, 4)) == 0:
            return {other: value for other, value in document.items() if other != name}
        return document | {name: _mutated(document[name], data)}
    place = data.draw(st.integers(0, len(document) - 1))
    if data.draw(st.integers(0, 4)) == 0:
        return [*document, document[place]]
    return [*document[:place], _mutated(document[place], data), *document[place + 1 :]]


@given(st.sampled_from(_ENVELOPES), st.data())
def test_a_mutated_envelope_is_understood_or_unknown(envelope: dict[str, Any], data: st.DataObject) -> None:
    body = json.dumps(_mutated(envelope, data))

    _is_understood_or_unknown(body)
    _is_understood_or_unknown(json.dumps({"Type": "Notification", "Message": body}))


@given(st.sampled_from(_ENVELOPES), st.data())
def test_an_envelope_cut_or_changed_at_any_byte_is_understood_or_unknown(
    envelope: dict[str, Any], data: st.DataObject
) -> None:
    body = json.dumps(envelope)
    place = data.draw(st.integers(0, len(body)))

    _is_understood_or_unknown(body[:place])
    _is_understood_or_unknown(body[:place] + data.draw(st.characters()) + body[place + 1 :])


_keys = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda key: not key.endswith("/"))


@given(st.lists(_keys, min_size=1, unique=True))
def test_every_form_gives_back_the_very_keys(keys: list[str]) -> None:
    def announced_keys(document: object) -> list[str]:
        notification = read_notification(json.dumps(document))
        assert notification.digests == 0
        return [log_file.key for log_file in notification.log_files]

    keys = [key for key in keys if "CloudTrail-Digest" not in key]
    records = [
        _S3_RECORD | {"s3": {"bucket": {"name": "b"}, "object": {"key": quote_plus(key, safe="/")}}} for key in keys
    ]
    if keys:
        assert announced_keys({"s3Bucket": "b", "s3ObjectKey": keys}) == keys
        assert announced_keys({"Records": records}) == keys
    for key in keys:
        assert announced_keys(_ENVELOPES[2] | {"detail": {"bucket": {"name": "b"}, "object": {"key": key}}}) == [key]


def test_the_envelopes_here_are_understood_before_they_are_mutated() -> None:
    kinds = {read_notification(json.dumps(envelope)).kind for envelope in _ENVELOPES}

    assert kinds == set(NotificationKind) - {NotificationKind.VALIDATION_MESSAGE}
    with pytest.raises(UnknownNotificationError):
        read_notification("{}")
