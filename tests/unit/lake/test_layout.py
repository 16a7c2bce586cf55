"""Names in a lake: Hive's escapes, bounded values, and no way out of the root."""

from pathlib import PurePosixPath
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingester.lake.layout import (
    NO_VALUE,
    checked,
    commit_id_of,
    data_file_path,
    object_key,
    partition_path,
    partition_value,
    quarantined_log_file_path,
    quarantined_records_path,
)
from ingester.model.log_file import LogFile

COMMIT_ID = "0123456789abcdef0123456789abcdef"
hostile = st.one_of(
    st.text(),
    st.text(alphabet="./\\%\0=é😀 a", max_size=400),
    st.sampled_from(["..", "../..", "/etc/passwd", "\0", "", ".", "a" * 100_000, "é" * 500, "%2F..%2F"]),
)


def test_an_ordinary_value_stands_as_it_is() -> None:
    assert partition_path(
        ("date", "hour", "account", "region"), ("2024-03-13", "07", "123456789012", "eu-west-1")
    ) == ("date=2024-03-13/hour=07/account=123456789012/region=eu-west-1")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a/b", "a%2Fb"),
        ("a=b", "a%3Db"),
        ("100%", "100%25"),
        ("a:b", "a%3Ab"),
        ("tab\t", "tab%09"),
        ("nul\0", "nul%00"),
        ("[*?]", "%5B%2A%3F%5D"),
        ("日本", "日本"),
        ("", NO_VALUE),
        (None, NO_VALUE),
    ],
)
def test_values_are_escaped_as_hive_does(value: str | None, written: str) -> None:
    assert partition_value(value) == written


def test_a_long_value_is_cut_and_told_apart_by_its_hash() -> None:
    first, second = partition_value("a" * 1000), partition_value("a" * 1001)
    assert first != second
    assert len(first) == len(second) == 128


def test_a_long_value_is_never_cut_within_an_escape() -> None:
    for shift in range(3):
        kept, _, _ = partition_value("a" * shift + "/" * 1000).rpartition("-")
        assert unquote(kept) == "a" * shift + "/" * (len(unquote(kept)) - shift)


@given(hostile)
@example("a" * 93 + "é" * 40)
def test_no_value_leaves_its_segment(value: str) -> None:
    written = partition_value(value)
    assert written
    assert len(written.encode()) <= 128
    assert not set(written) & set("/\\\0=*?[]{}")


@given(st.tuples(hostile, hostile, hostile, hostile))
def test_no_partition_leaves_the_root(values: tuple[str, ...]) -> None:
    partition = partition_path(("date", "hour", "account", "region"), values)
    path = checked(data_file_path(partition, "undated", COMMIT_ID, 1))
    assert PurePosixPath(path).parts[0] == "cloudtrail"
    assert len(PurePosixPath(path).parts) == 6
    assert ".." not in PurePosixPath(path).parts
    assert len(path.encode()) < 1024
    assert commit_id_of(path) == COMMIT_ID


@given(hostile.filter(lambda value: 0 < len(value.encode()) < 40))
def test_a_short_value_can_be_read_back(value: str) -> None:
    assert unquote(partition_value(value)) == value


@pytest.mark.parametrize("path", ["../x", "a/../b", "/a", "a//b", "a/", "a\0b", ".", ""])
def test_a_path_that_leads_out_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no path inside a lake"):
        checked(path)


@pytest.mark.parametrize("prefix", ["lake", "lake/", "/lake/"])
def test_a_slash_around_the_prefix_makes_no_empty_segment(prefix: str) -> None:
    assert object_key(prefix, "cloudtrail/x") == "lake/cloudtrail/x"
    assert object_key("", "cloudtrail/x") == "cloudtrail/x"


@pytest.mark.parametrize(
    ("path", "commit_id"),
    [
        (data_file_path("", "undated", COMMIT_ID, 12), COMMIT_ID),
        (quarantined_records_path(COMMIT_ID), COMMIT_ID),
        (f"cloudtrail/date=2024-03-13/{COMMIT_ID}.parquet", None),
        (f"somebody/else/x-{COMMIT_ID}-1.parquet", None),
        (f"cloudtrail/x-{COMMIT_ID}-1.parquet.bak", None),
    ],
)
def test_a_commit_is_recognised_by_the_names_of_its_files_only(path: str, commit_id: str | None) -> None:
    assert commit_id_of(path) == commit_id


def test_an_entry_lies_under_the_place_whatever_the_etag() -> None:
    known, unknown = LogFile("b", "k", "e"), LogFile("b", "k")
    assert quarantined_log_file_path(unknown) == f"_ingester/quarantine/log_files/{known.place.hex()}.json"
    assert quarantined_log_file_path(known) == quarantined_log_file_path(unknown)
