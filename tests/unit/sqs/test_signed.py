"""The client of SQS when all goes well, and when it does not: what is tried again, how often, and what is told."""

import json
import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingester.aws.errors import FaultKind
from ingester.model.settings import Settings
from ingester.sqs.client import make_sqs_client
from ingester.sqs.errors import QueueOverLimitError, SqsError
from ingester.sqs.signed import SignedSqs, wait_seconds

from .conftest import RESET, Answer, Endpoint

_GOOD: Answer = Endpoint.ok({"Attributes": {"VisibilityTimeout": "30"}})
_WEB_PAGE: Answer = (200, {}, "<html>It works!</html>")
_UNAVAILABLE: Answer = (503, {}, "<html>Back soon</html>")


@pytest.fixture
def client(endpoint: Endpoint, waits: list[float]) -> SignedSqs:
    """A client that notes how long it waits, instead of waiting."""
    client = endpoint.client()
    client._pause = waits.append
    return client


@pytest.fixture
def waits() -> list[float]:
    """How long the client wanted to wait, attempt by attempt."""
    return []


def _answers(endpoint: Endpoint, *answers: Answer) -> None:
    """These, one after another."""
    rest = iter(answers)
    endpoint.answers["GetQueueAttributes"] = lambda _: next(rest)


def _ask(client: SignedSqs, endpoint: Endpoint) -> dict[str, Any]:
    return client.call("GetQueueAttributes", {"QueueUrl": endpoint.queue_url, "AttributeNames": ["All"]})


def test_a_call_is_one_request_as_boto3_makes_it(client: SignedSqs, endpoint: Endpoint) -> None:
    _answers(endpoint, _GOOD)

    assert _ask(client, endpoint) == _GOOD[2]

    (request,) = endpoint.requests
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert request.target == "/"
    assert json.loads(request.body) == {"QueueUrl": endpoint.queue_url, "AttributeNames": ["All"]}
    assert headers["x-amz-target"] == "AmazonSQS.GetQueueAttributes"
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert headers["x-amzn-query-mode"] == "true"
    assert headers["accept-encoding"] == "identity"
    assert headers["user-agent"].endswith("cloudtrail-ingester")
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIATESTTESTTEST/")


@pytest.mark.parametrize(
    "failure",
    [
        RESET,
        _UNAVAILABLE,
        _WEB_PAGE,
        (200, {}, '{"Attributes":'),
        (200, {}, "[]"),
        (200, {}, ""),
        (200, {"Content-Length": "1000"}, "{}"),
        Endpoint.error("InternalError", "We encountered an internal error.", 500),
        Endpoint.error("RequestThrottled", "Slow down.", 403),
        Endpoint.error("ThrottlingException", "Rate exceeded"),
        (429, {}, ""),
    ],
    ids=str,
)
def test_what_passes_is_tried_three_times(
    client: SignedSqs, endpoint: Endpoint, waits: list[float], failure: Answer
) -> None:
    _answers(endpoint, failure, failure, _GOOD, failure, failure, failure)

    assert _ask(client, endpoint) == _GOOD[2]
    assert len(waits) == 2
    with pytest.raises(SqsError):
        _ask(client, endpoint)
    assert len(endpoint.requests) == 6


@pytest.mark.parametrize(
    "failure",
    [
        Endpoint.error("AccessDenied", "User: me is not authorized", 403, "AccessDeniedException"),
        Endpoint.error("AWS.SimpleQueueService.NonExistentQueue", shape="QueueDoesNotExist"),
        Endpoint.error("InvalidParameterValue", "The receipt handle has expired"),
        Endpoint.error("OverLimit", "Too many messages in flight."),
        Endpoint.error("ExpiredToken", "The security token included in the request is expired", 403),
        Endpoint.error("SignatureDoesNotMatch", "", 403),
        (404, {}, "<html>Not found</html>"),
        (301, {"Location": "https://elsewhere.example.com/"}, ""),
    ],
    ids=str,
)
def test_what_does_not_pass_by_itself_is_tried_once(client: SignedSqs, endpoint: Endpoint, failure: Answer) -> None:
    _answers(endpoint, failure)

    with pytest.raises(SqsError):
        _ask(client, endpoint)
    assert len(endpoint.requests) == 1


def test_an_error_has_the_code_of_the_older_protocol_the_kind_and_what_sqs_says(
    client: SignedSqs, endpoint: Endpoint
) -> None:
    _answers(
        endpoint,
        Endpoint.error("AWS.SimpleQueueService.UnsupportedOperation", "Not today.", shape="UnsupportedOperation"),
        (400, {}, {"__type": "com.amazonaws.sqs#KmsThrottled", "Message": "Slower."}),
        Endpoint.error("AWS.SimpleQueueService.OverLimit", shape="OverLimit"),
    )
    found = []
    for _ in range(3):
        with pytest.raises(SqsError) as raised:
            client._attempt("GetQueueAttributes", {"QueueUrl": endpoint.queue_url})
        found.append(raised.value)

    assert [error.code for error in found] == ["UnsupportedOperation", "KmsThrottled", "OverLimit"]
    assert [error.kind for error in found] == [FaultKind.OTHER, FaultKind.THROTTLED, FaultKind.THROTTLED]
    assert "Not today." in str(found[0])
    assert "Slower." in str(found[1])
    assert isinstance(found[2], QueueOverLimitError)


def _error(kind: FaultKind) -> SqsError:
    return SqsError("", kind=kind)


@pytest.mark.parametrize(
    ("kind", "attempt", "longest"),
    [
        (FaultKind.UNREACHABLE, 1, 0.05),
        (FaultKind.UNREACHABLE, 2, 0.1),
        (FaultKind.SERVER, 1, 0.05),
        (FaultKind.THROTTLED, 1, 1.0),
        (FaultKind.THROTTLED, 2, 2.0),
    ],
)
def test_the_wait_doubles_is_left_to_chance_and_is_longer_when_throttled(
    kind: FaultKind, attempt: int, longest: float
) -> None:
    assert wait_seconds(_error(kind), attempt, 1.0) == longest
    assert wait_seconds(_error(kind), attempt, 0.25) == longest / 4
    assert wait_seconds(_error(kind), 3, 0.5) is None


def test_a_connection_that_the_server_closed_meanwhile_is_opened_anew(
    client: SignedSqs, endpoint: Endpoint, waits: list[float]
) -> None:
    _answers(endpoint, (200, {"Connection": "close"}, {"n": 1}), (200, {}, {"n": 2}))

    assert [_ask(client, endpoint)["n"] for _ in range(2)] == [1, 2]
    assert waits == []


def _write_credentials(path: Path, token: str) -> None:
    path.write_text(
        f"[default]\naws_access_key_id = AKIA{token}\naws_secret_access_key = very-secret\n"
        f"aws_session_token = {token}\n"
    )


@pytest.fixture
def profile(monkeypatch: pytest.MonkeyPatch, clean_environment: None, tmp_path: Path) -> Path:
    """The file of a profile with credentials for a while; nothing in the environment."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    path = tmp_path / "credentials"
    _write_credentials(path, "FIRST")
    return path


def _good_for(endpoint: Endpoint, token: str) -> Callable[[dict[str, Any]], Answer]:
    def answer(_: dict[str, Any]) -> Answer:
        if endpoint.requests[-1].headers["X-Amz-Security-Token"] == token:
            return _GOOD
        return Endpoint.error("ExpiredToken", "The security token included in the request is expired", 403)

    return answer


def test_credentials_that_expired_are_looked_up_again_and_the_call_succeeds(
    profile: Path, endpoint: Endpoint
) -> None:
    client = endpoint.client()
    endpoint.answers["GetQueueAttributes"] = _good_for(endpoint, "FIRST")
    assert _ask(client, endpoint) == _GOOD[2]

    _write_credentials(profile, "SECOND")
    endpoint.answers["GetQueueAttributes"] = _good_for(endpoint, "SECOND")

    assert _ask(client, endpoint) == _GOOD[2]
    tokens = [request.headers["X-Amz-Security-Token"] for request in endpoint.requests]
    assert tokens == ["FIRST", "FIRST", "SECOND"]


def test_credentials_that_stay_expired_are_looked_up_once_in_a_while_only(
    profile: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = endpoint.client()
    now_seconds = [0.0]
    monkeypatch.setattr(client._posts, "_clock", lambda: now_seconds[0])
    endpoint.answers["GetQueueAttributes"] = _good_for(endpoint, "THIRD")
    for token in ("FIRST", "SECOND", "THIRD"):
        _write_credentials(profile, token)
        with pytest.raises(SqsError, match="have expired"):
            _ask(client, endpoint)

    now_seconds[0] = 31.0

    assert _ask(client, endpoint) == _GOOD[2]


def test_no_secret_is_told_or_logged(
    profile: Path, endpoint: Endpoint, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQS repeats the request, session token and all, when it does not like the signature."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HTTP_PROXY", endpoint.url.replace("//", "//joe:password@"))
    client = make_sqs_client(Settings(endpoint_url="http://sqs.invalid"), "http://sqs.invalid/1/trail")
    client._pause = lambda _: None
    canonical = "POST\n/\n\nx-amz-security-token:FIRST"
    told = []
    for failure in (
        Endpoint.error("SignatureDoesNotMatch", f"The Canonical String should have been {canonical}", 403),
        Endpoint.error("InvalidClientTokenId", "The security token FIRST is invalid", 403),
        Endpoint.error("ExpiredToken", "The security token FIRST is expired", 403),
        RESET,
    ):
        endpoint.answers["GetQueueAttributes"] = lambda _, failure=failure: failure  # type: ignore[misc]
        with pytest.raises(SqsError) as raised:
            client.call("GetQueueAttributes", {"QueueUrl": "http://sqs.invalid/1/trail"})
        told += traceback.format_exception(raised.value)

    assert len(endpoint.requests) == 6
    for secret in ("FIRST", "very-secret", "password"):
        assert secret not in "".join(told) + caplog.text
