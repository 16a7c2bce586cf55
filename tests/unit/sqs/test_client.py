"""A client for a queue, and whether the queue can be used: what can't be is one sentence and a hint."""

import socket
import traceback

import pytest

from ingester.model.errors import ConfigurationError
from ingester.model.settings import Settings
from ingester.sqs.client import QueueInfo, check_queue, make_sqs_client

from .conftest import Answer, Endpoint

_AWS_QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/trail"
_OWN_QUEUE = "http://127.0.0.1:1/123456789012/trail"


def _region(settings: Settings, queue_url: str) -> str:
    return make_sqs_client(settings, queue_url).region


def test_the_region_is_the_setting_then_the_urls_then_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")

    assert _region(Settings(region="eu-north-1"), _AWS_QUEUE) == "eu-north-1"
    assert _region(Settings(), _AWS_QUEUE) == "eu-west-1"
    assert _region(Settings(), "https://queue.example.com/1/trail") == "us-west-2"
    assert _region(Settings(endpoint_url="http://127.0.0.1:1"), _OWN_QUEUE) == "us-west-2"


def test_a_server_of_ones_own_needs_no_region() -> None:
    assert _region(Settings(endpoint_url="http://127.0.0.1:1"), _OWN_QUEUE) == "us-east-1"


def test_without_any_region_the_user_is_told_how_to_give_one() -> None:
    with pytest.raises(ConfigurationError, match="Give --region"):
        make_sqs_client(Settings(), "https://queue.example.com/1/trail")


def test_without_credentials_the_user_is_told_how_to_give_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(ConfigurationError, match=r"No AWS credentials were found\. Set AWS_ACCESS_KEY_ID"):
        make_sqs_client(Settings(), _AWS_QUEUE)


def test_a_malformed_url_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ConfigurationError, match="is no queue URL"):
        make_sqs_client(Settings(), "trail")


@pytest.mark.parametrize("count", ["5", '"5"'])
def test_the_redrive_policy_and_the_visibility_timeout_are_read(endpoint: Endpoint, count: str) -> None:
    dead_letter_arn = "arn:aws:sqs:us-east-1:123456789012:dead"
    policy = f'{{"deadLetterTargetArn":"{dead_letter_arn}","maxReceiveCount":{count}}}'
    endpoint.answers["GetQueueAttributes"] = lambda _: endpoint.ok(
        {"Attributes": {"RedrivePolicy": policy, "VisibilityTimeout": "45"}}
    )

    assert check_queue(endpoint.client(), endpoint.queue_url) == QueueInfo(endpoint.queue_url, 5, dead_letter_arn, 45)


def test_a_queue_without_a_redrive_policy_is_fine(endpoint: Endpoint) -> None:
    endpoint.answers["GetQueueAttributes"] = lambda _: endpoint.ok({"Attributes": {"VisibilityTimeout": "30"}})

    assert check_queue(endpoint.client(), endpoint.queue_url) == QueueInfo(endpoint.queue_url, None, None, 30)


_TOKEN = "FwoGZXIvYXdzEBYaDHsession-token"
_REFUSALS: dict[str, tuple[Answer, str]] = {
    "no such queue": (
        Endpoint.error(
            "AWS.SimpleQueueService.NonExistentQueue",
            "The specified queue does not exist.",
            shape="QueueDoesNotExist",
        ),
        r"There is no queue http://127\.0\.0\.1:\d+/123456789012/trail .*Check --queue-url",
    ),
    "an address that is none": (
        Endpoint.error("InvalidAddress", "The address is not valid for this endpoint."),
        r"There is no queue .*region",
    ),
    "denied": (
        Endpoint.error(
            "AccessDenied", "User: arn:aws:iam::1:user/me is not authorized", 403, "AccessDeniedException"
        ),
        r"denied: this needs sqs:GetQueueAttributes\..*user/me.*IAM policy",
    ),
    "key denied": (
        Endpoint.error("KMS.AccessDeniedException", "The ciphertext refers to a key", shape="KmsAccessDenied"),
        r"denied: this needs kms:Decrypt",
    ),
    "unknown access key": (
        Endpoint.error("InvalidClientTokenId", "The security token included in the request is invalid.", 403),
        r"does not accept the credentials .*\(InvalidClientTokenId\)\. Check the AWS credentials",
    ),
    "wrong secret": (
        Endpoint.error("SignatureDoesNotMatch", f"The Canonical String should be x-amz-security-token:{_TOKEN}", 403),
        r"does not accept the credentials .*\(SignatureDoesNotMatch\)",
    ),
    "expired": (
        Endpoint.error("ExpiredToken", "The security token included in the request is expired", 403),
        r"credentials for queue .* have expired .*Renew",
    ),
    "something else": (Endpoint.error("UnsupportedOperation", "Not today."), r"did not take .* Not today\."),
    "a web page": ((200, {}, "<html>It works!</html>"), r"is no SQS\. Check --queue-url and --endpoint-url"),
    "other JSON": ((200, {}, {"Attributes": {"VisibilityTimeout": "soon"}}), r"is no SQS\."),
    "a web server without such a page": ((404, {}, "<html>Not found</html>"), r"There is no queue .*--endpoint-url"),
}


@pytest.mark.parametrize(("answer", "told"), _REFUSALS.values(), ids=_REFUSALS)
def test_every_refusal_is_one_sentence_and_a_hint(endpoint: Endpoint, answer: Answer, told: str) -> None:
    endpoint.answers["GetQueueAttributes"] = lambda _: answer

    with pytest.raises(ConfigurationError, match=told) as raised:
        check_queue(endpoint.client(), endpoint.queue_url)

    shown = "".join(traceback.format_exception(raised.value))
    assert "\n" not in str(raised.value)
    assert _TOKEN not in shown
    assert "very-secret" not in shown


def test_an_endpoint_that_does_not_answer_is_named() -> None:
    with socket.socket() as bound:  # bound and not listening: connections are refused
        bound.bind(("127.0.0.1", 0))
        endpoint_url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        client = make_sqs_client(Settings(endpoint_url=endpoint_url), f"{endpoint_url}/1/trail")

        with pytest.raises(ConfigurationError, match=r"can't be reached.*127\.0\.0\.1:\d+.*Check the network"):
            check_queue(client, f"{endpoint_url}/1/trail")
