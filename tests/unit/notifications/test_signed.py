"""What SNS signed, and where its certificate may lie."""

import base64
import json

import pytest

from ingester.model.errors import UnverifiedMessageError
from ingester.notifications.signed import is_certificate_name, is_certificate_url, signed_notification
from tests.support.sns import CERTIFICATE_URL, TOPIC_ARN, signed_envelope


def test_the_signed_text_is_each_field_and_its_value_on_lines_of_their_own_in_aws_s_order() -> None:
    envelope = signed_envelope("a\nmessage", MessageId="id", Subject="subject", Timestamp="time")

    signed = signed_notification(json.dumps(envelope))

    assert (
        signed.text
        == (
            "Message\na\nmessage\nMessageId\nid\nSubject\nsubject\nTimestamp\ntime\n"
            f"TopicArn\n{TOPIC_ARN}\nType\nNotification\n"
        ).encode()
    )
    assert (signed.hash_name, signed.certificate_url, signed.topic_arn) == ("SHA1", CERTIFICATE_URL, TOPIC_ARN)
    assert base64.b64encode(signed.signature).decode() == envelope["Signature"]


@pytest.mark.parametrize("without", [{}, {"Subject": None}])
def test_a_subject_that_is_not_there_is_not_signed(without: dict[str, None]) -> None:
    body = json.dumps(signed_envelope("m", version="2") | without)

    signed = signed_notification(body)

    assert b"Subject" not in signed.text
    assert signed.hash_name == "SHA256"


@pytest.mark.parametrize(
    "body",
    ["", "[]", "null", "CloudTrail validation message.", '{"s3Bucket":"b","s3ObjectKey":["k"]}', '{"Records":[]}',
     '{"Type":"SubscriptionConfirmation"}', '{"source":"aws.s3"}', "[" * 100_000],
)  # fmt: skip
def test_what_is_in_no_envelope_can_t_be_verified_and_is_told_what_to_do(body: str) -> None:
    with pytest.raises(UnverifiedMessageError, match=r"no SNS envelope.*switch raw delivery off"):
        signed_notification(body)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("SignatureVersion", "3", "neither 1 nor 2: '3'"),
        ("SignatureVersion", 1, "neither 1 nor 2: 1"),
        ("SignatureVersion", None, "neither 1 nor 2"),
        ("Signature", "not base64!", "signature .* is none"),
        ("Signature", "é", "signature .* is none"),
        ("Signature", "", "signature .* is none"),
        ("Signature", "A" * 2000, "signature .* is none"),
        ("Signature", None, "no Signature"),
        ("Message", None, "no Message"),
        ("Message", {"s3Bucket": "b"}, "no Message"),
        ("Subject", 7, "no Subject"),
        ("TopicArn", [], "no TopicArn"),
        ("SigningCertURL", None, "no SigningCertURL"),
        ("SigningCertURL", "https://evil.example/\x1b[2J", r"not on a host of SNS: 'https://evil.example/\\x1b"),
        ("MessageId", "a\nSubject\nb", "more than one line"),
        ("Subject", "a\nTimestamp\nb", "more than one line"),
    ],
)
def test_an_envelope_with_a_part_that_is_none_is_refused_with_the_part(name: str, value: object, reason: str) -> None:
    with pytest.raises(UnverifiedMessageError, match=reason):
        signed_notification(json.dumps(signed_envelope("m") | {name: value}))


@pytest.mark.parametrize(
    "host",
    ["sns.us-east-1.amazonaws.com", "sns.us-gov-west-1.amazonaws.com", "sns.ap-southeast-7.amazonaws.com",
     "sns.cn-north-1.amazonaws.com.cn", "sns.eusc-de-east-1.amazonaws.eu", "sns.us-iso-east-1.c2s.ic.gov",
     "sns.us-isob-east-1.sc2s.sgov.gov", "sns.eu-isoe-west-1.cloud.adc-e.uk", "sns.us-isof-south-1.csp.hci.ic.gov"],
)  # fmt: skip
def test_sns_s_own_hosts_have_its_certificates(host: str) -> None:
    assert is_certificate_url(f"https://{host}/SimpleNotificationService-a86cb10b4e1f29c941702d737128f7b6.pem")


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
        "HTTPS://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.us-east-1.amazonaws.com:8443/SimpleNotificationService-a.pem",
        "https://sns.us-east-1.amazonaws.com@evil.example/SimpleNotificationService-a.pem",
        "https://evil.example@sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://evil.example/sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.us-east-1.amazonaws.com.evil.example/SimpleNotificationService-a.pem",
        "https://sns.us-east-1.amazonaws.com.cn.evil/SimpleNotificationService-a.pem",
        "https://evil-sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://x.sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.amazonaws.com/SimpleNotificationService-a.pem",
        "https://s3.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.bucket.s3-website.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.us-east-1xamazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-.pem",
        "https://sns.us-east-1.amazonaws.com/evil.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a/../b.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-%2e.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem?x=.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem#.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem\n",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-" + "a" * 129 + ".pem",
        "https://sns.us-east-٣.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.us-iso-east-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.us-east-1.c2s.ic.gov/SimpleNotificationService-a.pem",
        "file:///SimpleNotificationService-a.pem",
        "",
    ],
)
def test_no_other_place_has_them(url: str) -> None:
    assert not is_certificate_url(url)


@pytest.mark.parametrize(
    ("name", "is_sns"),
    [
        ("sns.amazonaws.com", True),
        ("sns-signing.af-south-1.amazonaws.com", True),
        ("sns.eu-west-1.amazonaws.com", True),
        ("sns-us-gov-west-1.amazonaws.com", True),
        ("sns-cn-north-1.amazonaws.com.cn", True),
        ("sns-us-iso-east-1.c2s.ic.gov", True),
        ("s3.amazonaws.com", False),
        ("sns.amazonaws.com.evil.example", False),
        ("evil.sns.amazonaws.com", False),
        ("*.amazonaws.com", False),
        ("", False),
    ],
)
def test_a_certificate_is_made_out_to_sns_or_it_is_not_sns_s(name: str, is_sns: bool) -> None:
    assert is_certificate_name(name) is is_sns
