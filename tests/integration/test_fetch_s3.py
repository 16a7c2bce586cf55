"""Fetching and listing against a real S3 server in another process: what both clients bring back is the same."""

import gzip
import os

import pytest

from ingester.fetch.ahead import FetchAhead
from ingester.fetch.base import WHOLE_BYTES_MAX, Fetched
from ingester.fetch.listing import list_log_files
from ingester.fetch.open import opener
from ingester.fetch.s3 import S3Source
from ingester.model.errors import ConfigurationError, FetchError
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings
from scripts.demo_world.moto_server import MotoServer
from tests.support.moto import Place

KEYS = ["AWSLogs/1/CloudTrail/a.json.gz", "prefix//AWSLogs/1/CloudTrail/a.json.gz"]
"""The first through obstore, the second through boto3."""

HOSTILE_KEYS = [
    "a b.json", "a+b.json", "a%b.json", "a%2Fb.json", "a%20b.json", "a#b.json", "a?b.json", "a*b.json", "a\\b.json",
    "ü/é.json", "日本.json", "😀.json", "a&b=c.json", "x" * 1000 + ".json", "x/" * 500 + ".json", "%2E%2E/a.json",
    "a//b.json", "//a.json", "/a.json", "a.json/", "./a.json", "../a.json", "a/./b.json", "a/../b.json", "a/..",
    "a\tb.json", "a\x7fb.json", "a.json", "a/b.json", "b.json",
]  # fmt: skip

either_client = pytest.mark.parametrize("key", KEYS, ids=["obstore", "boto3"])


@pytest.fixture
def settings(moto_server: MotoServer) -> Settings:
    return Settings(endpoint_url=moto_server.endpoint_url)


@pytest.fixture
def source(settings: Settings) -> S3Source:
    return S3Source(settings)


def body_of(fetched: Fetched) -> bytes:
    return b"".join(fetched.chunks)


def test_hostile_keys_bring_back_their_own_bytes(moto_place: Place, source: S3Source) -> None:
    moto_place.put((key, key.encode()) for key in HOSTILE_KEYS)
    for key in HOSTILE_KEYS:
        assert body_of(source.open(LogFile(moto_place.bucket, key))) == key.encode()


@either_client
def test_an_object_stored_with_content_encoding_comes_as_it_lies(
    moto_place: Place, source: S3Source, key: str
) -> None:
    body = gzip.compress(b'{"Records":[]}')
    moto_place.s3.put_object(
        Bucket=moto_place.bucket, Key=key, Body=body, ContentEncoding="gzip", ContentType="application/json"
    )
    assert body_of(source.open(LogFile(moto_place.bucket, key))) == body


@either_client
def test_a_large_object_streams_whole(moto_place: Place, source: S3Source, key: str) -> None:
    body = os.urandom(WHOLE_BYTES_MAX + 2_000_000)
    moto_place.put([(key, body)])
    fetched = source.open(LogFile(moto_place.bucket, key))
    assert fetched.size_bytes == len(body)
    assert body_of(fetched) == body


@either_client
def test_the_announced_etag_is_held_to(moto_place: Place, source: S3Source, key: str) -> None:
    etag = moto_place.s3.put_object(Bucket=moto_place.bucket, Key=key, Body=b"first")["ETag"].strip('"')
    announced = LogFile(moto_place.bucket, key, etag)
    assert source.open(announced).log_file == LogFile(moto_place.bucket, key, etag, None, 5)
    moto_place.put([(key, b"second")])
    with pytest.raises(FetchError, match="changed since it was announced"):
        source.open(announced)


@either_client
def test_an_announced_version_is_had_after_it_was_overwritten(moto_place: Place, source: S3Source, key: str) -> None:
    bucket = moto_place.bucket
    moto_place.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = moto_place.s3.put_object(Bucket=bucket, Key=key, Body=b"first")
    moto_place.s3.put_object(Bucket=bucket, Key=key, Body=b"second")
    announced = LogFile(bucket, key, first["ETag"].strip('"'), first["VersionId"])
    fetched = source.open(announced)
    assert body_of(fetched) == b"first"
    assert fetched.log_file.identity == announced.identity


@either_client
def test_missing_objects_and_buckets_are_told_apart(moto_place: Place, source: S3Source, key: str) -> None:
    with pytest.raises(FetchError, match="NoSuchKey"):
        source.open(LogFile(moto_place.bucket, key))
    with pytest.raises(FetchError, match="There is no bucket no-such-bucket"):
        source.open(LogFile("no-such-bucket", key))


def test_listed_log_files_are_fetched_ahead_each_once(moto_place: Place, settings: Settings) -> None:
    bodies = {f"AWSLogs/1/CloudTrail/{number}.json.gz": os.urandom(number) for number in range(60)}
    moto_place.put([*bodies.items(), ("AWSLogs/1/CloudTrail-Digest/d.json.gz", b"digest"), ("readme", b"")])
    listing = list_log_files(f"s3://{moto_place.bucket}/", settings)
    ahead = FetchAhead(opener(settings), 4, 200)
    log_files = list(listing)
    assert (listing.skipped, listing.digests_skipped) == (2, 1)
    for job, log_file in enumerate(log_files):
        ahead.put(job, log_file)
    fetched = {}
    while ahead.pending:
        item = ahead.next(30)
        assert item is not None
        assert isinstance(item[1], Fetched)
        assert item[1].log_file == log_files[item[0]]
        fetched[item[1].log_file.key] = body_of(item[1])
    ahead.close()
    assert fetched == bodies


def test_a_listing_of_a_missing_bucket_says_so(settings: Settings, moto_server: MotoServer) -> None:
    with pytest.raises(ConfigurationError, match="s3://no-such-bucket/p can't be listed: NoSuchBucket"):
        list_log_files("s3://no-such-bucket/p", settings)
