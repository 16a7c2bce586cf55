"""Rows go where their own values say: one look for the usual batch, a split for a mixed one."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from ingester.lake.layout import NO_VALUE
from ingester.lake.partition import partition_of, split
from ingester.model.settings import PartitionKey
from tests.unit.lake.rows import batch, row, usual_batch

ALL: tuple[PartitionKey, ...] = ("date", "hour", "account", "region")


def split_rows(rows: list[dict[str, Any]], *keys: PartitionKey) -> dict[str, list[str]]:
    """Event ids by partition."""
    parts = split(pa.Table.from_batches([batch(rows)]), keys)
    return {path: table.column("eventID").to_pylist() for path, table in parts}


def test_a_batch_of_one_partition_is_recognised_without_a_split() -> None:
    assert partition_of(usual_batch(), ("date",)) == "date=2024-03-13"
    assert partition_of(usual_batch(), ALL) == "date=2024-03-13/hour=08/account=123456789012/region=eu-west-1"
    assert partition_of(usual_batch(), ("region", "date")) == "region=eu-west-1/date=2024-03-13"
    assert partition_of(usual_batch(), ()) == ""


@pytest.mark.parametrize(
    ("keys", "other"),
    [
        (("date",), {"eventTime": datetime(2024, 3, 14, tzinfo=UTC)}),
        (("date",), {"eventTime": None}),
        (("hour",), {"eventTime": datetime(2024, 3, 13, 9, tzinfo=UTC)}),
        (("hour",), {"eventTime": datetime(2024, 3, 14, 8, tzinfo=UTC)}),
        (("region",), {"awsRegion": "us-east-1"}),
        (("region",), {"awsRegion": None}),
        (("account",), {"recipientAccountId": "210987654321"}),
        (("account",), {"recipientAccountId": None}),
    ],
)
def test_a_batch_that_may_be_mixed_is_left_to_split(keys: tuple[PartitionKey, ...], other: dict[str, Any]) -> None:
    assert partition_of(batch([row(0), row(1, **other)]), keys) is None


def test_a_batch_without_the_value_at_hand_is_left_to_split() -> None:
    assert partition_of(usual_batch(recipientAccountId=None), ("account",)) is None
    assert partition_of(usual_batch(awsRegion=""), ("region",)) is None


def test_rows_on_both_sides_of_midnight_are_of_two_dates() -> None:
    before = row(1, eventTime=datetime(2024, 3, 13, 23, 59, 59, 999000, tzinfo=UTC))
    after = row(2, eventTime=datetime(2024, 3, 14, tzinfo=UTC))
    assert split_rows([before, after], "date") == {
        "date=2024-03-13": [before["eventID"]],
        "date=2024-03-14": [after["eventID"]],
    }


def test_times_before_1970_have_their_own_date_and_hour() -> None:
    rows = [row(1, eventTime=datetime(1969, 12, 31, 23, 30, tzinfo=UTC)), row(2, eventTime=None)]
    assert set(split_rows(rows, "date", "hour")) == {
        "date=1969-12-31/hour=23",
        f"date={NO_VALUE}/hour={NO_VALUE}",
    }


def test_a_year_that_no_calendar_writes_has_no_date() -> None:
    far = pa.array([2**60, -(2**60)], pa.int64()).cast(pa.timestamp("ms", "UTC"))
    table = pa.Table.from_batches([usual_batch(rows=2)]).set_column(0, "eventTime", far)
    assert [path for path, _ in split(table, ("date",))] == [f"date={NO_VALUE}"]


@pytest.mark.parametrize(
    ("values", "account"),
    [
        ({}, "123456789012"),
        ({"recipientAccountId": None}, "123456789012"),
        ({"recipientAccountId": "", "userIdentity": {"accountId": "2"}}, "2"),
        (
            {
                "recipientAccountId": None,
                "userIdentity": {"accountId": "", "sessionContext": {"sessionIssuer": {"accountId": "3"}}},
                "accountId": "4",
            },
            "3",
        ),
        ({"recipientAccountId": None, "userIdentity": None, "accountId": "4"}, "4"),
        ({"recipientAccountId": None, "userIdentity": None}, NO_VALUE),
    ],
)
def test_the_account_is_looked_for_in_four_places(values: dict[str, Any], account: str) -> None:
    assert list(split_rows([row(**values)], "account")) == [f"account={account}"]


def test_a_schema_without_the_rarer_columns_is_enough() -> None:
    table = pa.table(
        {
            "recipientAccountId": pa.array([None, "1"]),
            "userIdentity": pa.array([{"type": "Root"}, None]),
            "eventName": ["a", "b"],
            "eventTime": pa.array([0, 1], pa.timestamp("ms", "UTC")),
        }
    )
    assert {path for path, _ in split(table, ("account",))} == {"account=1", f"account={NO_VALUE}"}


def test_every_row_is_in_one_partition_and_keeps_its_place() -> None:
    rows = [row(n, awsRegion=f"r{n % 3}", recipientAccountId=f"{n % 4}" if n % 5 else None) for n in range(200)]
    parts = split_rows(rows, "region", "account")
    assert sorted(event_id for part in parts.values() for event_id in part) == [r["eventID"] for r in rows]
    assert all(part == sorted(part) for part in parts.values())
    assert parts["region=r1/account=3"][0] == rows[7]["eventID"]


def test_what_is_empty_and_what_is_missing_share_a_partition() -> None:
    parts = split_rows([row(1, awsRegion=""), row(2, awsRegion=None), row(3, awsRegion="x")], "region")
    assert {path: len(ids) for path, ids in parts.items()} == {f"region={NO_VALUE}": 2, "region=x": 1}


def test_a_hostile_value_stays_one_segment() -> None:
    paths = list(split_rows([row(1, awsRegion="../../x"), row(2, awsRegion="a\0b")], "region"))
    assert sorted(paths) == ["region=..%2F..%2Fx", "region=a%00b"]
