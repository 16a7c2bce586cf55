"""Log files under an S3 prefix: page by page, and a wrong source told before anything begins."""

from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from ingester.fetch.listing import list_log_files
from ingester.model.errors import ConfigurationError
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings
from tests.unit.fetch.fake_s3 import Answer, FakeS3, Request, an_error


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)


def serve(fake_s3: FakeS3, *keys: str, page_keys: int = 1000) -> None:
    """Have a bucket with these keys answered, as ListObjectsV2 does."""

    def answer(request: Request) -> Answer:
        asked = parse_qs(urlsplit(request.target).query)
        prefix = asked.get("prefix", [""])[0]
        found = sorted(key for key in keys if key.startswith(prefix))
        start = int(asked.get("continuation-token", ["0"])[0])
        contents = "".join(
            f'<Contents><Key>{quote(key)}</Key><ETag>"etag-{len(key)}"</ETag><Size>{len(key)}</Size></Contents>'
            for key in found[start : start + page_keys]
        )
        more = start + page_keys < len(found)
        token = f"<NextContinuationToken>{start + page_keys}</NextContinuationToken>" if more else ""
        truncated = "true" if more else "false"
        body = (
            "<ListBucketResult><EncodingType>url</EncodingType>"
            f"<IsTruncated>{truncated}</IsTruncated>{token}{contents}</ListBucketResult>"
        )
        return Answer(200, body.encode())

    fake_s3.answer = answer


def test_log_files_are_listed_with_etag_and_size(fake_s3: FakeS3, settings: Settings) -> None:
    serve(fake_s3, "AWSLogs/1/a.json.gz", "AWSLogs/1/ü +%2F.json", "other.json")
    assert list(list_log_files("s3://bucket/AWSLogs/", settings)) == [
        LogFile("bucket", "AWSLogs/1/a.json.gz", "etag-19", None, 19),
        LogFile("bucket", "AWSLogs/1/ü +%2F.json", "etag-21", None, 21),
    ]


def test_what_is_no_log_file_is_passed_over_and_counted(fake_s3: FakeS3, settings: Settings) -> None:
    digest = "p/AWSLogs/1/CloudTrail-Digest/us-east-1/1_CloudTrail-Digest_us-east-1.json.gz"
    serve(fake_s3, "p/a.json", "p/", "p/b.parquet", "p/_ingester/quarantine/c.json", digest)
    listing = list_log_files("s3://bucket/p", settings)
    assert [log_file.key for log_file in listing] == ["p/a.json"]
    assert (listing.skipped, listing.digests_skipped) == (4, 1)


def test_pages_are_asked_for_as_they_are_needed(fake_s3: FakeS3, settings: Settings) -> None:
    keys = [f"{number:03}.json" for number in range(25)]
    serve(fake_s3, *keys, page_keys=10)
    listing = iter(list_log_files("s3://bucket", settings))
    assert len(fake_s3.requests) == 1
    found = [next(listing).key for _ in range(10)]
    assert len(fake_s3.requests) == 1
    found.append(next(listing).key)
    assert len(fake_s3.requests) == 2
    found += [log_file.key for log_file in listing]
    assert found == keys
    assert len(fake_s3.requests) == 3


def test_a_single_object_is_a_source_too(fake_s3: FakeS3, settings: Settings) -> None:
    serve(fake_s3, "p/a.json.gz", "p/b.json.gz")
    assert [log_file.key for log_file in list_log_files("s3://bucket/p/b.json.gz", settings)] == ["p/b.json.gz"]


def test_a_prefix_inside_the_quarantine_can_be_named_outright(fake_s3: FakeS3, settings: Settings) -> None:
    serve(fake_s3, "p/_ingester/quarantine/a.json")
    assert len(list(list_log_files("s3://bucket/p/_ingester/quarantine/", settings))) == 1


def test_throttling_does_not_end_a_listing(fake_s3: FakeS3, settings: Settings) -> None:
    serve(fake_s3, "a.json")
    served = fake_s3.answer
    fake_s3.answer = lambda request: an_error(503, "SlowDown") if len(fake_s3.requests) < 7 else served(request)
    assert len(list(list_log_files("s3://bucket", settings))) == 1


def test_a_page_that_never_comes_is_an_error_and_not_an_end(fake_s3: FakeS3, settings: Settings) -> None:
    serve(fake_s3, "a.json", "b.json", page_keys=1)
    listing = iter(list_log_files("s3://bucket/", settings))
    next(listing)
    fake_s3.answer = lambda _: an_error(403, "AccessDenied", "no")
    with pytest.raises(ConfigurationError, match="s3://bucket/ can't be listed"):
        next(listing)


WRONG = {
    "bucket": (an_error(404, "NoSuchBucket", "It does not exist"), "NoSuchBucket.*Check the bucket's name"),
    "denied": (an_error(403, "AccessDenied", "no"), "Allow s3:ListBucket on arn:aws:s3:::bucket"),
    "key": (an_error(403, "InvalidAccessKeyId", "unknown"), "Check the AWS credentials"),
    "down": (an_error(500, "InternalError", "oops"), "InternalError"),
}


@pytest.mark.parametrize(("answer", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_source_that_can_not_be_listed_is_told_at_once(
    fake_s3: FakeS3, settings: Settings, answer: Answer, message: str
) -> None:
    fake_s3.answer = lambda _: answer
    with pytest.raises(ConfigurationError, match=f"s3://bucket/p can't be listed: .*{message}"):
        list_log_files("s3://bucket/p", settings)


def test_a_prefix_with_nothing_under_it_is_told_at_once(fake_s3: FakeS3, settings: Settings) -> None:
    serve(fake_s3, "a.json")
    with pytest.raises(ConfigurationError, match="Nothing lies under s3://bucket/typo"):
        list_log_files("s3://bucket/typo", settings)


def test_no_credentials_and_no_endpoint_are_sentences(fake_s3: FakeS3, settings: Settings, credentials: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"No answer from 127\.0\.0\.1:9"):
        list_log_files("s3://bucket/p", Settings(endpoint_url="http://127.0.0.1:9"))
    credentials.write_text("")
    with pytest.raises(ConfigurationError, match="No AWS credentials were found"):
        list_log_files("s3://bucket/p", settings)
    with pytest.raises(ConfigurationError, match="no S3 location"):
        list_log_files("s3://", settings)
