"""Every form of notification, in every way of delivery."""

import json
from collections.abc import Callable

import pytest

from ingester.model.errors import UnknownNotificationError
from ingester.model.log_file import LogFile
from ingester.model.notification import Notification, NotificationKind
from ingester.notifications.read import PARSERS, read_notification

from .envelopes import DELIVERIES, KEY, MESSAGES, cloudtrail, s3_event, s3_record, through_sns


@pytest.mark.parametrize("deliver", DELIVERIES.values(), ids=DELIVERIES)
@pytest.mark.parametrize(("message", "expected"), MESSAGES.values(), ids=MESSAGES)
def test_every_message_is_read_in_every_delivery(
    message: str, expected: Notification, deliver: Callable[[str], str]
) -> None:
    assert read_notification(deliver(message)) == expected


_CLOUDTRAIL_LOG = {
    "Records": [
        {
            "eventVersion": "1.08",
            "eventSource": "s3.amazonaws.com",
            "eventName": "PutObject",
            "awsRegion": "us-east-1",
            "requestParameters": {"bucketName": "b", "key": "k"},
        }
    ]
}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "CloudTrail validation message. And more.",
        "null",
        "[]",
        "3",
        '"text"',
        "{}",
        '{"s3Bucket":"b"}',
        '{"Records":[]}',
        json.dumps(_CLOUDTRAIL_LOG),
        '{"Type":"SubscriptionConfirmation","Message":"CloudTrail validation message."}',
        '{"Type":"Notification"}',
        '{"Type":"Notification","Message":{"s3Bucket":"b","s3ObjectKey":["k"]}}',
        '{"source":"aws.s3","detail-type":"AWS API Call via CloudTrail","detail":{}}',
        '{"source":"my.app","detail-type":"Object Created","detail":{"bucket":{"name":"b"},"object":{"key":"k"}}}',
        "{" * 3 + '"cut": ',
        "[" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
    ],
    ids=lambda body: body[:40],
)
def test_a_body_in_no_known_form_is_unknown(body: str) -> None:
    for delivered in (body, through_sns(body), through_sns(through_sns(json.dumps(cloudtrail(KEY))))):
        with pytest.raises(UnknownNotificationError):
            read_notification(delivered)


def test_an_unknown_body_is_quoted_by_its_beginning_only() -> None:
    with pytest.raises(UnknownNotificationError) as raised:
        read_notification("x" * 150 + "y" * 100_000)

    assert "x" * 150 + "y" * 50 in str(raised.value)
    assert "y" * 51 not in str(raised.value)
    assert "…" in str(raised.value)


def test_a_quoted_body_stays_on_one_line_and_cannot_act_on_a_terminal() -> None:
    with pytest.raises(UnknownNotificationError) as raised:
        read_notification("a\nb\x1b[2J\u2028\u202ec\ud800 größer")

    quoted = str(raised.value)
    assert quoted.isprintable()
    assert r"a\nb\x1b[2J\u2028\u202ec\ud800 größer" in quoted


def test_a_further_form_is_one_function_more() -> None:
    def parse_mine(document: object) -> Notification | None:
        if not isinstance(document, dict) or "mine" not in document:
            return None
        return Notification(NotificationKind.S3_EVENT, (LogFile("b", document["mine"]),))

    parsers = (*PARSERS, parse_mine)

    assert read_notification(through_sns('{"mine": "k"}'), parsers).log_files == (LogFile("b", "k"),)
    assert read_notification(json.dumps(s3_event(s3_record(KEY))), parsers).log_files[0].key == KEY
