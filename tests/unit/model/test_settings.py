"""Settings check themselves; sizes and cores are read as people write them."""

import os
from pathlib import Path
from typing import Any

import pytest

from ingester.model.errors import ConfigurationError
from ingester.model.settings import (
    VISIBILITY_SECONDS_MAX,
    Settings,
    _cgroup_cores,
    is_s3_uri,
    parse_size,
    split_s3_uri,
    usable_cores,
)

BOUNDS = [
    ("workers", 0, 1024),
    ("flush_interval_seconds", 0.1, 3600),
    ("target_file_size_bytes", 1_000_000, 10**10),
    ("batch_rows", 1, 65_536),
    ("visibility_timeout_seconds", 10, VISIBILITY_SECONDS_MAX),
    ("max_attempts", 1, 1000),
    ("fetches_ahead", 1, 256),
    ("grace_seconds", 0, 3600),
]


def settings(**some: Any) -> Settings:
    return Settings(**some)


@pytest.mark.parametrize(("name", "low", "high"), BOUNDS)
def test_a_value_at_its_bounds_is_taken(name: str, low: float, high: float) -> None:
    assert getattr(settings(**{name: low}), name) == low
    assert getattr(settings(**{name: high}), name) == high


@pytest.mark.parametrize(("name", "low", "high"), BOUNDS)
def test_a_value_out_of_bounds_is_refused_with_its_name(name: str, low: float, high: float) -> None:
    for value in (low - 0.01, high + 1, float("nan"), float("inf")):
        with pytest.raises(ConfigurationError, match=rf"Settings\.{name} .* Give {low} to {high}\."):
            settings(**{name: value})


def test_defaults_are_within_their_bounds() -> None:
    defaults = settings()

    assert defaults.partition_by == ("date",)
    assert defaults.batch_rows == 2048
    assert defaults.flush_interval_seconds == 60
    assert defaults.target_file_size_bytes == 128_000_000
    assert defaults.max_attempts == 5


@pytest.mark.parametrize("keys", [("date",), ("hour", "account"), ("region", "date", "hour", "account"), ()])
def test_partition_keys_may_come_in_any_order(keys: tuple[str, ...]) -> None:
    assert settings(partition_by=keys).partition_by == keys


@pytest.mark.parametrize("keys", [("day",), ("date", "date"), ("Date",), ("",)])
def test_partition_keys_that_do_not_exist_or_repeat_are_refused(keys: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match=r"Settings\.partition_by"):
        settings(partition_by=keys)


def test_the_ledger_lies_beside_a_local_lake_unless_it_is_given_a_place() -> None:
    assert settings(output="/lake").state_directory == Path("/lake/_ingester")
    assert settings(output="/lake", state_dir="/state").state_directory == Path("/state")
    assert settings(output="s3://lake/x", state_dir="/state").state_directory == Path("/state")


def test_an_output_on_s3_needs_a_place_for_the_ledger() -> None:
    with pytest.raises(ConfigurationError, match=r"Give Settings\.state_dir"):
        _ = settings(output="s3://lake/x").state_directory


@pytest.mark.parametrize(
    ("location", "expected"),
    [("s3://lake/x", True), ("s3://lake", True), ("/lake", False), ("s3:/lake", False), ("lake/s3://x", False)],
)
def test_an_output_on_s3_is_told_by_its_scheme(location: str, expected: bool) -> None:
    assert is_s3_uri(location) is expected
    assert settings(output=location).output_is_s3 is expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("s3://lake", ("lake", "")),
        ("s3://lake/", ("lake", "")),
        ("s3://lake/a/b/", ("lake", "a/b/")),
        ("s3://lake//a", ("lake", "/a")),
    ],
)
def test_an_s3_uri_splits_into_bucket_and_prefix(uri: str, expected: tuple[str, str]) -> None:
    assert split_s3_uri(uri) == expected


@pytest.mark.parametrize("uri", ["s3://", "s3:///a", "/lake", ""])
def test_what_names_no_bucket_is_no_s3_uri(uri: str) -> None:
    with pytest.raises(ConfigurationError, match="s3://bucket/prefix"):
        split_s3_uri(uri)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("1000000", 1_000_000),
        ("12B", 12),
        ("128MB", 128_000_000),
        ("128 mb", 128_000_000),
        (" 64MiB ", 64 << 20),
        ("1.5GB", 1_500_000_000),
        ("2kib", 2048),
        ("1.001KB", 1001),  # in binary a little less than that
        ("0.1GiB", 107_374_182),
    ],
)
def test_a_size_is_read_with_its_unit(text: str, expected: int) -> None:
    assert parse_size(text) == expected


@pytest.mark.parametrize(
    "text", ["", "MB", "-1", "1e6", "1,5MB", "12 apples", "1TB", "1.MB", ".5MB", "1 0", "9" * 400]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="128MB"):
        parse_size(text)


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("max 100000\n", None), ("200000 100000\n", 2.0), ("150000 100000\n", 1.5), ("5000 100000\n", 0.05)],
)
def test_the_limit_of_cgroup_v2_is_read(tmp_path: Path, text: str, expected: float | None) -> None:
    write(tmp_path, "cpu.max", text)

    assert _cgroup_cores(tmp_path) == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1\n", None), ("250000\n", 2.5)])
def test_the_limit_of_cgroup_v1_is_read(tmp_path: Path, quota: str, expected: float | None) -> None:
    write(tmp_path, "cpu/cpu.cfs_quota_us", quota)
    write(tmp_path, "cpu/cpu.cfs_period_us", "100000\n")

    assert _cgroup_cores(tmp_path) == expected


@pytest.mark.parametrize("files", [{}, {"cpu.max": "garbage"}, {"cpu.max": "x y"}, {"cpu.max": "1000 0"}])
def test_no_readable_limit_is_no_limit(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        write(tmp_path, name, text)

    assert _cgroup_cores(tmp_path) is None


def test_workers_default_to_the_cores_that_may_be_used() -> None:
    assert settings().worker_count == usable_cores()
    assert settings(workers=7).worker_count == 7
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


TOPIC = "arn:aws:sns:us-east-1:123456789012:cloudtrail"


@pytest.mark.parametrize("topic", [TOPIC, TOPIC + ".fifo", "arn:aws-us-gov:sns:us-gov-west-1:123456789012:a_b-c"])
def test_topics_are_named_by_their_arn(topic: str) -> None:
    assert settings(verify_sns=True, sns_topics=(topic,)).sns_topics == (topic,)


@pytest.mark.parametrize(
    "topic", ["", "cloudtrail", "arn:aws:sqs:us-east-1:123456789012:q", TOPIC + "\n", TOPIC + ":x"]
)
def test_what_is_no_topic_s_arn_is_refused(topic: str) -> None:
    with pytest.raises(ConfigurationError, match=r"no ARN of an SNS topic.*Give Settings\.sns_topics arn:aws:sns:"):
        settings(verify_sns=True, sns_topics=(topic,))


def test_a_topic_without_a_signature_that_proves_it_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"Give Settings\.verify_sns too"):
        settings(sns_topics=(TOPIC,))


@pytest.mark.parametrize("name", ["queue_urls", "include", "exclude"])
def test_a_list_is_as_good_as_a_tuple_and_a_single_text_is_refused(name: str) -> None:
    assert getattr(settings(**{name: ["a", "b"]}), name) == ("a", "b")
    with pytest.raises(ConfigurationError, match=f"{name} is a single text"):
        settings(**{name: "ab"})


def test_a_number_as_text_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="threads '4' is no number"):
        settings(threads="4")
