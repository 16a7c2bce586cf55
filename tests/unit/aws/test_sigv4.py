"""Our signature is botocore's, whatever is signed."""

from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from ingester.aws.sigv4 import PostSigner

_HEADERS = {"X-Amz-Target": "AmazonSQS.ReceiveMessage", "Content-Type": "application/x-amz-json-1.0"}
_NOW_SECONDS = 1_710_314_159.0


def _of_botocore(url: str, region: str, credentials: ReadOnlyCredentials, body: bytes, now: float) -> dict[str, str]:
    request = AWSRequest("POST", url, _HEADERS, body)
    with patch("botocore.auth.get_current_datetime", lambda: datetime.fromtimestamp(now, UTC)):
        SigV4Auth(credentials, "sqs", region).add_auth(request)
    return dict(request.headers.items())


def _of_ours(url: str, region: str, credentials: ReadOnlyCredentials, body: bytes, now: float) -> dict[str, str]:
    signed = PostSigner(url, "sqs", region).sign(credentials, _HEADERS, body, now)
    del signed["Host"]  # botocore signs it and leaves it to the HTTP client to send it
    return signed


_text = st.text(st.characters(codec="ascii", categories=("L", "N"), include_characters="/+="), min_size=1)


@given(
    credentials=st.builds(ReadOnlyCredentials, _text, _text, st.none() | _text),
    body=st.binary(),
    now=st.integers(0, 4_000_000_000),
)
def test_it_is_botocores_for_all_credentials_bodies_and_times(
    credentials: ReadOnlyCredentials, body: bytes, now: int
) -> None:
    arguments = ("https://sqs.eu-west-1.amazonaws.com/", "eu-west-1", credentials, body, float(now))

    assert _of_ours(*arguments) == _of_botocore(*arguments)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4566/",
        "http://localhost:80/",
        "https://sqs.example.com:443/",
        "https://sqs.example.com:8443/",
        "http://[::1]:4566/",
        "https://SQS.example.com/some/prefix",
        "https://sqs.example.com/a b/ü%20~",
        "https://vpce-1a2b.sqs.us-east-1.vpce.amazonaws.com/",
    ],
)
def test_it_is_botocores_for_endpoints_of_every_form(url: str) -> None:
    arguments = (url, "us-east-1", ReadOnlyCredentials("AKID", "secret", None), b"{}", _NOW_SECONDS)

    assert _of_ours(*arguments)["Authorization"] == _of_botocore(*arguments)["Authorization"]


def test_the_key_of_a_day_is_kept_and_made_anew_on_another_day_or_with_another_secret() -> None:
    signer = PostSigner("https://sqs.eu-west-1.amazonaws.com/", "sqs", "eu-west-1")
    first, second = ReadOnlyCredentials("A", "one", None), ReadOnlyCredentials("B", "two", "token")
    for credentials, now in [(first, 0.0), (first, 1.0), (second, 1.0), (second, 86_400.0), (first, 86_400.0)]:
        signed = signer.sign(credentials, _HEADERS, b"{}", now)

        expected = _of_botocore("https://sqs.eu-west-1.amazonaws.com/", "eu-west-1", credentials, b"{}", now)
        assert signed["Authorization"] == expected["Authorization"]
