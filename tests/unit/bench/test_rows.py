"""Comparing two conversions: differences are found, harmless ones are not differences."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.rows import RowsDifferError, compare

_TIME = datetime(2025, 11, 3, tzinfo=UTC)


def record(index: int, **more: Any) -> dict[str, Any]:
    return {
        "eventTime": _TIME,
        "eventName": "Decrypt",
        "userIdentity": {"type": "IAMUser", "sessionContext": None},
        "resources": [{"ARN": "arn:aws:kms:::key/1"}],
        "requestParameters": '{"a":1,"b":"é"}',
        "logFile": "/logs/a.json.gz",
        "recordIndex": index,
    } | more


def lake(folder: Path, *records: dict[str, Any]) -> Path:
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(list(records)), folder / "part.parquet")
    return folder


def test_order_file_names_and_the_spelling_of_json_make_no_difference(tmp_path: Path) -> None:
    ours = lake(
        tmp_path / "ours", record(0, logFile="file:///logs/a.json.gz"), record(1, logFile="file:///logs/a.json.gz")
    )
    theirs = lake(tmp_path / "theirs", record(1), record(0, requestParameters='{"b": "\\u00e9", "a": 1}'))

    compared = compare(ours, theirs)

    assert compared.rows == 2
    assert compared.missing == []


def test_columns_that_the_other_lacks_are_named(tmp_path: Path) -> None:
    theirs = record(0)
    del theirs["requestParameters"]

    compared = compare(lake(tmp_path / "ours", record(0)), lake(tmp_path / "theirs", theirs))

    assert compared.missing == ["requestParameters"]


@pytest.mark.parametrize(
    ("other", "where"),
    [
        ({"eventName": "Encrypt"}, "eventName"),
        ({"eventTime": _TIME.replace(second=1)}, "eventTime"),
        ({"userIdentity": {"type": "Root", "sessionContext": None}}, r"userIdentity\.type"),
        ({"resources": [{"ARN": "arn:aws:kms:::key/2"}]}, r"resources\[\]\.ARN"),
        ({"resources": []}, r"resources\.length"),
        ({"requestParameters": '{"a":2,"b":"é"}'}, "requestParameters"),
        ({"requestParameters": None}, "requestParameters"),
        ({"recordIndex": 1}, "recordIndex"),
    ],
)
def test_a_value_that_differs_is_found(tmp_path: Path, other: dict[str, Any], where: str) -> None:
    ours = lake(tmp_path / "ours", record(0), record(7))
    theirs = lake(tmp_path / "theirs", record(0, **other), record(7))

    with pytest.raises(RowsDifferError, match=where):
        compare(ours, theirs)


def test_a_missing_row_is_found(tmp_path: Path) -> None:
    with pytest.raises(RowsDifferError, match="2 rows against 1"):
        compare(lake(tmp_path / "ours", record(0), record(1)), lake(tmp_path / "theirs", record(0)))
