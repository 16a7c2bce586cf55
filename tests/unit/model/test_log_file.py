"""A log file's place, identity, URI and kind: what exactly once hangs on."""

import os
from pathlib import Path

import pytest

from ingester.model.log_file import LogFile, is_digest_key, local_log_file
from ingester.model.quarantine import QuarantinedLogFile

DAY = "eu-west-1/2024/03/13"
STEM = f"AWSLogs/123456789012/CloudTrail/{DAY}/123456789012_CloudTrail_eu-west-1_20240313T0005Z_"
KEY = STEM + "abcdefghijklmnop.json.gz"


def test_place_is_the_same_whatever_etag_and_version_a_notification_carries() -> None:
    places = {
        LogFile("b", KEY).place,
        LogFile("b", KEY, "e1").place,
        LogFile("b", KEY, "e2", "v1", 10).place,
    }

    assert len(places) == 1
    assert len(places.pop()) == 16


def test_identity_is_the_same_with_and_without_version_id_and_size() -> None:
    assert LogFile("b", KEY, "e1").identity == LogFile("b", KEY, "e1", "v1", 10).identity


def test_identity_tells_bucket_key_and_etag_apart() -> None:
    log_files = [
        LogFile("b", "k", "e"),
        LogFile("c", "k", "e"),
        LogFile("b", "K", "e"),
        LogFile("b", "k/", "e"),
        LogFile("b", "k", "f"),
        LogFile("bk", "", "e"),
        LogFile("", "bk", "e"),
        LogFile("b", "ke", ""),
    ]

    assert len({log_file.identity for log_file in log_files}) == len(log_files)


def test_place_and_identity_are_those_that_ledgers_on_disk_hold() -> None:
    # a change of the hash would make every ledger forget what it has
    log_file = LogFile("trails", "AWSLogs/1/CloudTrail/x.json.gz", "9b2c")

    assert log_file.place.hex() == "e6f72a312da10bf166e46c2cba2f4f7c"
    assert log_file.identity.hex() == "f901ce9c645c32584adfdba5bdea577f"


def test_identity_of_a_log_file_whose_etag_is_unknown_is_an_error() -> None:
    with pytest.raises(ValueError, match="s3://b/k"):
        _ = LogFile("b", "k").identity


def test_uri_of_an_object_has_the_key_as_s3_has_it() -> None:
    assert LogFile("b", "a//b c+ü%2F.json.gz").uri == "s3://b/a//b c+ü%2F.json.gz"


@pytest.mark.parametrize(
    "log_file",
    [
        LogFile("b", KEY, "e"),
        LogFile("b", "/a//b c+ü%2F?#.json.gz", "e"),
        LogFile("", "/var/trail s/ü+%2F#?.json.gz", "1-2"),
        LogFile("", os.fsdecode(b"/var/caf\xe9.json.gz"), "1-2"),
    ],
)
def test_uri_names_the_log_file_so_that_it_can_be_found_again(log_file: LogFile) -> None:
    entry = QuarantinedLogFile(log_file.uri, log_file.etag, "why", 5, "", "")

    assert log_file.uri.isprintable()
    assert entry.log_file == log_file


def test_local_log_file_has_size_and_time_for_an_etag(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(b"123")
    os.utime(path, ns=(1, 1_000))

    log_file = local_log_file(path)

    assert (log_file.bucket, log_file.key, log_file.size_bytes) == ("", str(path), 3)
    assert log_file.uri == f"file://{path}"
    assert log_file.identity == local_log_file(path).identity


def test_local_log_file_that_was_written_anew_is_another_one_in_the_same_place(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(b"123")
    os.utime(path, ns=(1, 1_000))
    before = local_log_file(path)
    os.utime(path, ns=(1, 1_001))
    after = local_log_file(path)

    assert before.identity != after.identity
    assert before.place == after.place


def test_local_log_file_named_relatively_is_the_same_as_named_absolutely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.json.gz").write_bytes(b"123")
    monkeypatch.chdir(tmp_path)

    assert local_log_file(Path("a.json.gz")) == local_log_file(tmp_path / "a.json.gz")


def test_local_log_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        local_log_file(tmp_path / "none")


DIGEST_NAME = "123456789012_CloudTrail-Digest_eu-west-1_trail_us-east-1_20240313T000500Z.json.gz"


@pytest.mark.parametrize(
    "key",
    [
        f"AWSLogs/123456789012/CloudTrail-Digest/{DAY}/{DIGEST_NAME}",
        f"a/prefix/AWSLogs/123456789012/CloudTrail-Digest/{DAY}/{DIGEST_NAME}",
        f"AWSLogs/o-a1b2c3/123456789012/CloudTrail-Digest/{DAY}/{DIGEST_NAME}",
        f"AWSLogs/123456789012/CloudTrail-Digest/{DAY}/renamed.json.gz",
        DIGEST_NAME,
        f"/copied/here/{DIGEST_NAME}",
    ],
)
def test_a_digest_is_told_by_its_key(key: str) -> None:
    assert is_digest_key(key)
    assert LogFile("b", key).is_digest


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        KEY.replace("CloudTrail", "CloudTrail-Insight"),
        KEY.replace("CloudTrail", "CloudTrail-NetworkActivity"),
        KEY.replace("CloudTrail", "CloudTrail-Aggregated"),
        # a prefix or a directory may be called as it likes: what lies in it is no digest
        f"old_CloudTrail-Digest_tests/{KEY}",
        f"CloudTrail-Digest/{KEY}",
        f"/home/me/CloudTrail-Digest/{KEY}",
        "",
    ],
)
def test_what_is_no_digest_is_not_taken_for_one(key: str) -> None:
    assert not is_digest_key(key)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (KEY, ("123456789012", "eu-west-1")),
        (f"some/prefix//{KEY}", ("123456789012", "eu-west-1")),
        (KEY.replace("AWSLogs/", "AWSLogs/o-abc123/"), ("123456789012", "eu-west-1")),
        (KEY.replace("CloudTrail/", "CloudTrail-Insight/"), ("123456789012", "eu-west-1")),
        (f"/home/me/trails/{KEY}", ("123456789012", "eu-west-1")),
        ("AWSLogs/123456789012/elasticloadbalancing/eu-west-1/x.gz", None),
        ("NotAWSLogs/123456789012/CloudTrail/eu-west-1/x.gz", None),
        ("a.json.gz", None),
        ("", None),
    ],
)
def test_account_and_region_come_from_the_key_layout(key: str, expected: tuple[str, str] | None) -> None:
    assert LogFile("b", key).account_and_region == expected
