"""What AWS's errors mean, and that an operator is told no secret."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from ingester.aws.errors import FaultKind, explain, explain_code


def client_error(code: str, message: str = "", status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "Op",
    )


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccessDenied", 403, FaultKind.DENIED),
        ("KMS.AccessDeniedException", 400, FaultKind.DENIED),
        ("ExpiredToken", 400, FaultKind.EXPIRED),
        ("SignatureDoesNotMatch", 403, FaultKind.CREDENTIALS),
        ("NoSuchBucket", 404, FaultKind.MISSING),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, FaultKind.MISSING),
        ("PermanentRedirect", 301, FaultKind.WRONG_REGION),
        ("PreconditionFailed", 412, FaultKind.CHANGED),
        ("SlowDown", 503, FaultKind.THROTTLED),
        ("RequestThrottled", 403, FaultKind.THROTTLED),
        ("InternalError", 500, FaultKind.SERVER),
        ("NeverHeardOf", 507, FaultKind.SERVER),
        ("NeverHeardOf", 503, FaultKind.THROTTLED),
        ("NeverHeardOf", 400, FaultKind.OTHER),
        ("", 404, FaultKind.MISSING),
    ],
)
def test_an_error_code_of_aws_is_told_by_what_must_happen_next(code: str, status: int, kind: FaultKind) -> None:
    assert explain(client_error(code, "why", status)).kind is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NoCredentialsError(), FaultKind.CREDENTIALS),
        (EndpointConnectionError(endpoint_url="http://h:1/x"), FaultKind.UNREACHABLE),
        (ConnectTimeoutError(endpoint_url="http://h:1/x"), FaultKind.UNREACHABLE),
        (ReadTimeoutError(endpoint_url="http://h:1/x"), FaultKind.UNREACHABLE),
        (ConnectionResetError(), FaultKind.UNREACHABLE),
        (ParamValidationError(report="bad bucket"), FaultKind.OTHER),
        (RuntimeError("odd"), FaultKind.OTHER),
    ],
)
def test_an_error_of_the_client_is_told_by_what_must_happen_next(error: Exception, kind: FaultKind) -> None:
    assert explain(error).kind is kind


def test_only_what_may_pass_by_itself_is_called_passing() -> None:
    passing = {kind for kind in FaultKind if explain_code(_code_of(kind), "").is_passing}
    assert passing == {FaultKind.EXPIRED, FaultKind.THROTTLED, FaultKind.UNREACHABLE, FaultKind.SERVER} - {
        FaultKind.UNREACHABLE  # no code of AWS says so
    }


@pytest.mark.parametrize("code", ["SlowDown", "503", "InternalError", "502"])
def test_who_answers_that_he_can_not_now_is_away(code: str) -> None:
    assert explain_code(code, "").is_away


@pytest.mark.parametrize("error", [ConnectionClosedError, ReadTimeoutError])
def test_who_breaks_off_is_away(error: type[Exception]) -> None:
    assert explain(error(endpoint_url="http://here", error="")).is_away


@pytest.mark.parametrize("code", ["NoSuchBucket", "AccessDenied", "ExpiredToken", "PermanentRedirect", "501"])
def test_what_somebody_must_mend_is_not_away(code: str) -> None:
    assert not explain_code(code, "", 501 if code == "501" else 400).is_away


@pytest.mark.parametrize("error", [EndpointConnectionError, ConnectTimeoutError])
def test_where_nobody_answers_at_all_the_address_may_be_wrong(error: type[Exception]) -> None:
    assert not explain(error(endpoint_url="http://here", error="")).is_away


def test_the_sentence_quotes_aws_and_names_the_permission() -> None:
    message = "User: arn:aws:iam::1:user/x is not authorized to perform: s3:GetObject"
    assert explain(client_error("AccessDenied", message, 403)).sentence == f"AccessDenied: {message}."


def test_user_names_and_passwords_in_a_url_are_not_told() -> None:
    fault = explain(
        EndpointConnectionError(endpoint_url="https://joe:secret@proxy.example:8443/b?X-Amz-Signature=abc")
    )
    assert "proxy.example:8443" in fault.sentence
    assert not any(word in fault.sentence + fault.hint for word in ("joe", "secret", "abc"))


def test_a_long_message_of_a_server_is_cut_to_one_line() -> None:
    sentence = explain_code("Odd", "line\n" * 1000).sentence
    assert "\n" not in sentence
    assert len(sentence) < 600


def _code_of(kind: FaultKind) -> str:
    codes = {
        FaultKind.DENIED: "AccessDenied",
        FaultKind.CREDENTIALS: "AuthFailure",
        FaultKind.EXPIRED: "ExpiredToken",
        FaultKind.MISSING: "NoSuchKey",
        FaultKind.WRONG_REGION: "PermanentRedirect",
        FaultKind.CHANGED: "PreconditionFailed",
        FaultKind.THROTTLED: "SlowDown",
        FaultKind.SERVER: "InternalError",
    }
    return codes.get(kind, "Whatever")


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("It is wrong. The Canonical String for this request should have been 'GET /b", "It is wrong. The."),
        ("Wrong: 'POST / x-amz-security-token:abc'", "Wrong."),
        ("Bad X-Amz-Security-Token abc", "Bad."),
        ("Proxy https://joe:abc@host refuses", "Proxy."),
        ("Not known: token=abc", "Not known."),
        ("User: arn:aws:sts::1:assumed-role/r/joe@example.com is not authorized", None),
        ("The security token included in the request is expired", None),
    ],
)
def test_a_message_is_cut_where_it_begins_to_quote_a_request(message: str, told: str | None) -> None:
    assert explain_code("Code", message, 403).sentence == f"Code: {told or message + '.'}"
