"""Which messages are believed, and how often SNS is asked for its certificate."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from ingester.model.errors import CertificateUnavailableError, UnverifiedMessageError
from ingester.model.message import Message
from ingester.notifications.verifier import CERTIFICATES_MAX, FETCHING_SECONDS_MAX, SnsVerifier
from tests.support.sns import CERTIFICATE_URL, TOPIC_ARN, certificate, signed_body, signed_envelope

AWAY = CertificateUnavailableError("no answer")
NONE = UnverifiedMessageError("404")


class Sns:
    """Answers with certificates, or with an error; each answer takes some seconds."""

    def __init__(self, *answers: bytes | Exception, takes_seconds: float = 0.0) -> None:
        self.answers = list(answers)
        self.takes_seconds = takes_seconds
        self.now_seconds = 100.0
        self.asked: list[tuple[str, float]] = []

    def fetch(self, url: str, seconds: float) -> bytes:
        self.asked.append((url, seconds))
        self.now_seconds += self.takes_seconds
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def verifier(self, *topics: str) -> SnsVerifier:
        return SnsVerifier(self.fetch, topics, clock=lambda: self.now_seconds, now=lambda: datetime.now(UTC))


def messages(*bodies: str) -> list[Message]:
    return [Message("queue", f"{number}", f"receipt {number}", body, 1, 0.0) for number, body in enumerate(bodies)]


def kinds(verifier: SnsVerifier, bodies: Sequence[str]) -> list[str]:
    """Of each message `believed`, or the name of the error."""
    doubts = verifier.doubts(messages(*bodies))
    return [
        type(doubts[f"receipt {number}"]).__name__ if f"receipt {number}" in doubts else "believed"
        for number in range(len(bodies))
    ]


def other_url(number: int) -> str:
    return f"{CERTIFICATE_URL.removesuffix('.pem')}{number}.pem"


def test_signed_messages_are_believed_and_the_others_are_not() -> None:
    forged = json.dumps(signed_envelope("m") | {"Message": "another"})

    assert kinds(Sns(certificate()).verifier(), [signed_body("m"), forged, "raw", signed_body("n", version="2")]) == [
        "believed", "UnverifiedMessageError", "UnverifiedMessageError", "believed",
    ]  # fmt: skip


def test_a_certificate_is_asked_for_once() -> None:
    sns = Sns(certificate())
    verifier = sns.verifier()
    for _ in range(3):
        assert kinds(verifier, [signed_body("m")] * 3) == ["believed"] * 3
        sns.now_seconds += 100_000

    assert sns.asked == [(CERTIFICATE_URL, FETCHING_SECONDS_MAX)]


def test_only_topics_that_are_expected_are_believed_and_no_certificate_is_asked_for_the_others() -> None:
    sns = Sns(certificate())
    other = signed_body("m", TopicArn="arn:aws:sns:us-east-1:999999999999:mine")

    assert kinds(sns.verifier(TOPIC_ARN, "arn:aws:sns:us-east-1:123456789012:b"), [other]) == [
        "UnverifiedMessageError"
    ]
    assert sns.asked == []
    assert kinds(sns.verifier(TOPIC_ARN), [signed_body("m")]) == ["believed"]


def test_messages_whose_certificate_can_t_be_had_are_asked_about_again_and_then_believed() -> None:
    sns = Sns(AWAY, certificate())
    verifier = sns.verifier()

    assert kinds(verifier, [signed_body("m")] * 3) == ["CertificateUnavailableError"] * 3
    assert len(sns.asked) == 1, "one batch asks once"
    sns.now_seconds += 2.0
    assert kinds(verifier, [signed_body("m")] * 3) == ["believed"] * 3


def test_a_certificate_that_sns_does_not_have_is_not_asked_for_again_soon() -> None:
    sns = Sns(NONE)
    verifier = sns.verifier()
    for _ in range(3):
        assert kinds(verifier, [signed_body("m")]) == ["UnverifiedMessageError"]
        sns.now_seconds += 60

    assert len(sns.asked) == 1


def test_what_is_no_certificate_is_remembered_as_none() -> None:
    sns = Sns(b"<html>")
    verifier = sns.verifier()

    assert kinds(verifier, [signed_body("m")] * 2) == ["UnverifiedMessageError"] * 2
    assert len(sns.asked) == 1


def test_a_check_waits_for_certificates_for_a_bounded_time_whatever_the_messages_name() -> None:
    sns = Sns(AWAY, takes_seconds=2.0)
    bodies = [signed_body("m", SigningCertURL=other_url(number)) for number in range(10)]

    assert kinds(sns.verifier(), bodies) == ["CertificateUnavailableError"] * 10
    assert [seconds for _, seconds in sns.asked] == [5.0, 3.0, 1.0]


def test_ever_more_certificates_do_not_fill_the_memory() -> None:
    sns = Sns(certificate())
    verifier = sns.verifier()
    for number in range(CERTIFICATES_MAX + 1):
        assert kinds(verifier, [signed_body("m", SigningCertURL=other_url(number))]) == ["believed"]

    assert kinds(verifier, [signed_body("m", SigningCertURL=other_url(1))]) == ["believed"]
    assert len(sns.asked) == CERTIFICATES_MAX + 1
    assert kinds(verifier, [signed_body("m", SigningCertURL=other_url(0))]) == ["believed"]
    assert len(sns.asked) == CERTIFICATES_MAX + 2


@pytest.mark.parametrize("body", ["", "{", "[]", "\ud800", '{"Type":"Notification"}', "[" * 100_000])
def test_whatever_a_body_is_it_is_doubted_and_nothing_is_raised(body: str) -> None:
    assert kinds(Sns(certificate()).verifier(), [body]) == ["UnverifiedMessageError"]
