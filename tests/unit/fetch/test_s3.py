"""Log files on S3: the bytes that were announced, or an error that says what to mend; through either client."""

import threading
import traceback
from datetime import timedelta
from pathlib import Path

import pytest

from ingester.fetch import s3 as s3_module
from ingester.fetch.base import CHUNK_BYTES, WHOLE_BYTES_MAX, Fetched
from ingester.fetch.s3 import S3Source, bucket_url
from ingester.model.errors import FetchError
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings
from tests.unit.fetch.conftest import write_credentials
from tests.unit.fetch.fake_s3 import ETAG, Answer, FakeS3, Request, an_error, an_object

SAYABLE = "AWSLogs/123/CloudTrail/a.json.gz"
UNSAYABLE = "prefix//AWSLogs/123/CloudTrail/a.json.gz"
"""obstore can't say this one: boto3 fetches it."""

LARGE = bytes(range(256)) * ((WHOLE_BYTES_MAX + 3_000_000) // 256)

either_client = pytest.mark.parametrize("key", [SAYABLE, UNSAYABLE], ids=["obstore", "boto3"])


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_module, "_BACKOFF_FIRST", timedelta(milliseconds=1))
    monkeypatch.setattr(s3_module, "_BACKOFF_MAX", timedelta(milliseconds=2))
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)


@pytest.fixture
def source(settings: Settings) -> S3Source:
    return S3Source(settings)


def body_of(fetched: Fetched) -> bytes:
    return b"".join(fetched.chunks)


def failure(source: S3Source, log_file: LogFile) -> FetchError:
    with pytest.raises(FetchError) as caught:
        body_of(source.open(log_file))
    return caught.value


@either_client
def test_a_small_log_file_arrives_as_one_chunk_with_its_etag_and_size(source: S3Source, key: str) -> None:
    fetched = source.open(LogFile("bucket", key))
    assert fetched.log_file == LogFile("bucket", key, ETAG, None, 4)
    assert fetched.size_bytes == 4
    assert [(type(chunk), chunk) for chunk in fetched.chunks] == [(bytes, b"body")]


@either_client
def test_an_empty_log_file_is_fetched_too(source: S3Source, fake_s3: FakeS3, key: str) -> None:
    fake_s3.answer = lambda request: an_object(b"", request)
    assert body_of(source.open(LogFile("bucket", key))) == b""


@either_client
def test_the_announced_etag_and_version_are_asked_for(source: S3Source, fake_s3: FakeS3, key: str) -> None:
    source.open(LogFile("bucket", key, ETAG, "ver/1+2"))
    request = fake_s3.requests[-1]
    assert request.headers["if-match"] == f'"{ETAG}"'
    assert request.target.partition("?")[2].removeprefix("x-id=GetObject&") == "versionId=ver%2F1%2B2"


@either_client
def test_without_an_announced_etag_any_is_taken(source: S3Source, fake_s3: FakeS3, key: str) -> None:
    source.open(LogFile("bucket", key))
    assert "if-match" not in fake_s3.requests[-1].headers


@either_client
def test_bytes_are_not_decoded_on_the_way(source: S3Source, fake_s3: FakeS3, key: str) -> None:
    # CloudTrail stores its log files with Content-Encoding: gzip
    def answer(request: Request) -> Answer:
        found = an_object(b"\x1f\x8b not really gzip", request)
        return found._replace(headers={**found.headers, "Content-Encoding": "gzip"})

    fake_s3.answer = answer
    assert body_of(source.open(LogFile("bucket", key))) == b"\x1f\x8b not really gzip"


@either_client
def test_a_large_log_file_streams_in_large_chunks(source: S3Source, fake_s3: FakeS3, key: str) -> None:
    fake_s3.answer = lambda request: an_object(LARGE, request)
    fetched = source.open(LogFile("bucket", key))
    chunks = list(fetched.chunks)
    assert b"".join(chunks) == LARGE
    assert len(chunks) > 1
    assert all(type(chunk) is bytes for chunk in chunks)
    assert all(CHUNK_BYTES <= len(chunk) <= WHOLE_BYTES_MAX for chunk in chunks[:-1])


@either_client
def test_room_is_asked_for_before_the_body_is_held(source: S3Source, fake_s3: FakeS3, key: str) -> None:
    asked: list[int] = []
    source.open(LogFile("bucket", key), asked.append)
    fake_s3.answer = lambda request: an_object(LARGE, request)
    source.open(LogFile("bucket", key), asked.append)
    assert asked == [4, WHOLE_BYTES_MAX]


@pytest.mark.parametrize("body", [b"x" * 100_000, LARGE], ids=["small", "large"])
def test_a_body_that_breaks_off_once_is_taken_up_where_it_broke(
    source: S3Source, fake_s3: FakeS3, body: bytes
) -> None:
    fake_s3.answer = lambda request: an_object(body, request, None if request.byte_range else 70_000)
    assert body_of(source.open(LogFile("bucket", SAYABLE))) == body
    assert fake_s3.requests[-1].byte_range is not None


@either_client
@pytest.mark.parametrize("body", [b"x" * 100_000, LARGE], ids=["small", "large"])
def test_a_body_that_always_breaks_off_is_an_error_and_never_a_short_read(
    source: S3Source, fake_s3: FakeS3, key: str, body: bytes
) -> None:
    fake_s3.answer = lambda request: an_object(body, request, 1000)
    error = failure(source, LogFile("bucket", key))
    assert not error.throttled
    assert f"s3://bucket/{key}" in str(error)


@either_client
@pytest.mark.parametrize("etag", [None, ETAG], ids=["any", "announced"])
def test_an_object_that_is_overwritten_while_it_streams_is_an_error(
    source: S3Source, fake_s3: FakeS3, key: str, etag: str | None
) -> None:
    def answer(request: Request) -> Answer:
        if len(fake_s3.requests) == 1:
            return an_object(LARGE, request, CHUNK_BYTES * 2)
        return an_object(LARGE[::-1], request, etag="another")

    fake_s3.answer = answer
    failure(source, LogFile("bucket", key, etag))


@either_client
def test_an_answer_without_an_etag_is_not_taken(source: S3Source, fake_s3: FakeS3, key: str) -> None:
    fake_s3.answer = lambda _: Answer(200, b"x", {"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"})
    assert not failure(source, LogFile("bucket", key)).throttled


ERRORS = {
    "changed": (an_error(412, "PreconditionFailed"), "changed since it was announced"),
    "no key": (an_error(404, "NoSuchKey", "The key does not exist."), "NoSuchKey: The key does not exist.*deleted"),
    "no bucket": (an_error(404, "NoSuchBucket", "It does not exist"), "There is no bucket bucket"),
    "denied": (
        an_error(403, "AccessDenied", "User: arn:aws:iam::1:user/joe is not authorized"),
        r"arn:aws:iam::1:user/joe.*Allow s3:GetObject on arn:aws:s3:::bucket/",
    ),
    "denied by KMS": (
        an_error(403, "AccessDenied", "not authorized to perform: kms:Decrypt on resource: arn:aws:kms:x"),
        "Allow kms:Decrypt on the KMS key that encrypts bucket bucket",
    ),
    "denied, KMS code": (an_error(400, "KMS.AccessDeniedException", "no"), "Allow kms:Decrypt"),
    "denied without a word": (an_error(403), "403.*Allow s3:GetObject"),
    "archived": (an_error(403, "InvalidObjectState", "not valid for the storage class"), "restore it first"),
    "server error": (an_error(500, "InternalError", "We encountered an error"), "InternalError: We encountered"),
    "gateway": (Answer(502, b"<html>bad gateway</html>"), "502"),
}  # fmt: skip


@either_client
@pytest.mark.parametrize(("answer", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_an_error_says_what_happened_and_what_to_mend(
    source: S3Source, fake_s3: FakeS3, key: str, answer: Answer, message: str
) -> None:
    fake_s3.answer = lambda _: answer
    with pytest.raises(FetchError, match=rf"(?s)s3://bucket/{key}.*{message}") as caught:
        source.open(LogFile("bucket", key, ETAG))
    assert not caught.value.throttled


@either_client
def test_a_version_needs_another_permission(source: S3Source, fake_s3: FakeS3, key: str) -> None:
    fake_s3.answer = lambda _: an_error(403, "AccessDenied", "no")
    assert "Allow s3:GetObjectVersion on" in str(failure(source, LogFile("bucket", key, None, "v1")))


@either_client
@pytest.mark.parametrize(
    "answer", [an_error(503, "SlowDown", "Reduce your request rate"), an_error(503), an_error(429)]
)
def test_throttling_is_told_apart_from_failure(source: S3Source, fake_s3: FakeS3, key: str, answer: Answer) -> None:
    fake_s3.answer = lambda _: answer
    assert failure(source, LogFile("bucket", key)).throttled
    assert len(fake_s3.requests) == 3  # tried again by the client, but not for ever


@either_client
def test_a_passing_server_error_is_not_even_noticed(source: S3Source, fake_s3: FakeS3, key: str) -> None:
    fake_s3.answer = lambda request: (
        an_error(500, "InternalError", "oops") if len(fake_s3.requests) < 3 else an_object(b"body", request)
    )
    assert body_of(source.open(LogFile("bucket", key))) == b"body"


WRONG_REGION = {
    "redirect": an_error(301, "PermanentRedirect", "use the specified endpoint"),
    "malformed": an_error(400, "AuthorizationHeaderMalformed", "the region 'us-east-1' is wrong"),
}


@either_client
@pytest.mark.parametrize("refusal", WRONG_REGION.values(), ids=WRONG_REGION.keys())
def test_a_bucket_in_another_region_is_found_and_remembered(
    source: S3Source, fake_s3: FakeS3, key: str, refusal: Answer
) -> None:
    def answer(request: Request) -> Answer:
        if request.signing_region == "eu-west-1":
            return an_object(b"body", request)
        return refusal if request.method == "GET" else Answer(403, b"", {"x-amz-bucket-region": "eu-west-1"})

    fake_s3.answer = answer
    assert body_of(source.open(LogFile("bucket", key))) == b"body"
    asked = len(fake_s3.requests)
    assert body_of(source.open(LogFile("bucket", key))) == b"body"
    assert len(fake_s3.requests) == asked + 1


def test_a_redirect_to_nowhere_is_an_error_and_not_a_loop(source: S3Source, fake_s3: FakeS3) -> None:
    fake_s3.answer = lambda _: an_error(301, "PermanentRedirect", "elsewhere")
    assert "another region" in str(failure(source, LogFile("bucket", SAYABLE)))
    assert len(fake_s3.targets()) == 1


@either_client
def test_expired_credentials_are_looked_up_anew(
    source: S3Source, fake_s3: FakeS3, credentials: Path, key: str
) -> None:
    def answer(request: Request) -> Answer:
        if request.key_id == "AKIDSECOND":
            return an_object(b"body", request)
        write_credentials(credentials, "AKIDSECOND")  # as a login tool does in the background
        return an_error(400, "ExpiredToken", "The provided token has expired.")

    fake_s3.answer = answer
    assert body_of(source.open(LogFile("bucket", key))) == b"body"
    assert [request.key_id for request in fake_s3.requests] == ["AKIDFIRST", "AKIDSECOND"]


@either_client
def test_credentials_that_stay_expired_are_an_error(source: S3Source, fake_s3: FakeS3, key: str) -> None:
    fake_s3.answer = lambda _: an_error(400, "ExpiredToken", "The provided token has expired.")
    assert "ExpiredToken: The provided token has expired. Renew" in str(failure(source, LogFile("bucket", key)))
    assert len(fake_s3.requests) == 2


def test_missing_credentials_say_what_to_set(source: S3Source, credentials: Path) -> None:
    credentials.write_text("")
    assert "Set AWS_ACCESS_KEY_ID" in str(failure(source, LogFile("bucket", SAYABLE)))


@either_client
def test_no_secret_is_told(source: S3Source, fake_s3: FakeS3, key: str) -> None:
    more = (
        "<AWSAccessKeyId>AKIDFIRST</AWSAccessKeyId><StringToSign>AWS4-HMAC-SHA256</StringToSign>"
        "<SignatureProvided>feedbeef</SignatureProvided><Token-0>token-of-AKIDFIRST</Token-0>"
    )
    fake_s3.answer = lambda _: an_error(403, "SignatureDoesNotMatch", "The signature does not match.", more)
    error = failure(source, LogFile("bucket", key))
    told = "".join([*traceback.format_exception(error), repr(error), str(error)])
    assert "SignatureDoesNotMatch: The signature does not match." in told
    for secret in ("AKIDFIRST", "hush-hush", "token-of", "AWS4-HMAC", "feedbeef"):
        assert secret not in told


def test_an_endpoint_where_nobody_listens_is_an_error(credentials: Path) -> None:
    source = S3Source(Settings(endpoint_url="http://127.0.0.1:9"))
    for key in (SAYABLE, UNSAYABLE):
        error = failure(source, LogFile("bucket", key))
        assert "can't be fetched: No" in str(error)
        assert not error.throttled


@pytest.mark.parametrize("sent_bytes", [0, 50])
def test_a_stalled_answer_is_given_up(
    fake_s3: FakeS3, settings: Settings, monkeypatch: pytest.MonkeyPatch, sent_bytes: int
) -> None:
    monkeypatch.setattr(s3_module, "READ_TIMEOUT_SECONDS", 0.1)
    fake_s3.answer = lambda request: an_object(b"x" * 100, request, 0 if request.byte_range else sent_bytes)._replace(
        stalls=True
    )
    assert not failure(S3Source(settings), LogFile("bucket", SAYABLE)).throttled


def test_the_environment_of_obstore_does_not_lead_astray(
    fake_s3: FakeS3, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        "AWS_ENDPOINT": "http://127.0.0.1:9",
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false",
        "AWS_BUCKET": "other",
        "AWS_REGION": "eu-south-1",
    }.items():
        monkeypatch.setenv(name, value)
    S3Source(settings).open(LogFile("bucket", SAYABLE))
    assert fake_s3.targets() == [f"/bucket/{SAYABLE}"]
    assert fake_s3.requests[0].signing_region == "eu-south-1"
    assert fake_s3.requests[0].key_id == "AKIDFIRST"


def test_the_region_of_the_settings_signs_both_ways(fake_s3: FakeS3, settings: Settings) -> None:
    source = S3Source(Settings(endpoint_url=settings.endpoint_url, region="ap-south-1"))
    for key in (SAYABLE, UNSAYABLE):
        source.open(LogFile("bucket", key))
    assert [request.signing_region for request in fake_s3.requests] == ["ap-south-1", "ap-south-1"]


def test_a_name_that_is_no_bucket_asks_for_nothing(source: S3Source, fake_s3: FakeS3) -> None:
    for bucket in ("bucket/../other", "bucket?x", "bucket#", "b" * 300):
        assert f"s3://{bucket}/" in str(failure(source, LogFile(bucket, SAYABLE)))
    assert fake_s3.requests == []


def test_many_threads_share_one_source(source: S3Source, fake_s3: FakeS3) -> None:
    fake_s3.answer = lambda request: an_object(request.target.encode(), request)
    wrong: list[object] = []

    def fetch(number: int) -> None:
        for round_ in range(20):
            for prefix in ("one", "two//x"):
                key = f"{prefix}/{number}-{round_}"
                got = body_of(source.open(LogFile("bucket", key)))
                if got != f"/bucket/{key}".encode() and got != f"/bucket/{key}?x-id=GetObject".encode():
                    wrong.append((key, got))

    threads = [threading.Thread(target=fetch, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []
    assert len(fake_s3.requests) == 6 * 20 * 2


@pytest.mark.parametrize(
    ("endpoint_url", "bucket", "url"),
    [
        ("https://s3.amazonaws.com", "my-bucket", "https://my-bucket.s3.amazonaws.com"),
        ("https://s3.eu-west-1.amazonaws.com", "my-bucket", "https://my-bucket.s3.eu-west-1.amazonaws.com"),
        ("https://s3.cn-north-1.amazonaws.com.cn", "b-1", "https://b-1.s3.cn-north-1.amazonaws.com.cn"),
        # a certificate for *.s3… does not cover another dot
        ("https://s3.eu-west-1.amazonaws.com", "my.bucket", "https://s3.eu-west-1.amazonaws.com/my.bucket"),
        ("https://s3.amazonaws.com", "My_Old_Bucket", "https://s3.amazonaws.com/My_Old_Bucket"),
        ("http://127.0.0.1:5000", "my-bucket", "http://127.0.0.1:5000/my-bucket"),
        ("http://minio:9000/base/", "my-bucket", "http://minio:9000/base/my-bucket"),
    ],
)
def test_a_bucket_has_the_host_name_that_it_can_have(endpoint_url: str, bucket: str, url: str) -> None:
    assert bucket_url(endpoint_url, bucket) == url
