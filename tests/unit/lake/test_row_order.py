"""Rows of a row group stand by event name, then by time, and are all the same rows."""

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from ingester.lake.row_order import in_order
from tests.unit.lake.rows import batch, row, usual_batch


def test_rows_stand_by_event_name_and_then_by_time() -> None:
    ordered = in_order(pa.Table.from_batches([usual_batch(5, 5), usual_batch(0, 5)]))
    keys = list(zip(ordered.column("eventName").to_pylist(), ordered.column("eventTime").to_pylist(), strict=True))
    assert keys == sorted(keys)


def test_rows_without_a_name_or_a_time_stand_last() -> None:
    rows = [
        row(1, eventName=None),
        row(2, eventName="B", eventTime=None),
        row(3, eventName="B"),
        row(4, eventName="A"),
    ]
    ordered = in_order(pa.Table.from_batches([batch(rows)]))
    assert ordered.column("eventID").to_pylist() == [rows[n]["eventID"] for n in (3, 2, 1, 0)]


def test_ordering_changes_no_value_at_any_depth() -> None:
    issuer = {"sessionContext": {"sessionIssuer": {"accountId": "7"}}}
    rows = [
        row(0, userIdentity=None),
        row(1, userIdentity={"type": "A", "sessionContext": {"sessionIssuer": None}}, resources=[{"ARN": "x"}, None]),
        row(2, userIdentity={"type": None, **issuer}, resources=[]),
        row(3, userIdentity={"sessionContext": None}),
        row(4, accountId="9"),
    ]
    for taken in (rows, rows[:1], rows[3:4]):
        table = pa.Table.from_batches([batch(taken[::2]), batch(taken[1::2])])
        ordered = in_order(table)
        ordered.validate(full=True)
        assert ordered.schema == table.schema
        by_id = sorted(table.to_pylist(), key=lambda found: found["eventID"])
        assert sorted(ordered.to_pylist(), key=lambda found: found["eventID"]) == by_id


@pytest.mark.parametrize("largest_number", [3, 2**40])
@pytest.mark.parametrize("latest_year", [2024, 9999])
def test_equal_rows_keep_their_order_whatever_room_the_keys_need(latest_year: int, largest_number: int) -> None:
    chance = random.Random(latest_year + largest_number)
    years = timedelta(days=365 * (latest_year - 2023))
    rows, numbers = [], []
    for number in range(300):
        time = datetime(2023, 1, 1, tzinfo=UTC) + chance.choice([0, 1, 2]) / 2 * years
        name = chance.choice([None, "", "A", "B", "Ä"])
        rows.append(row(number, eventName=name, eventTime=chance.choice([None, time, time])))
        numbers.append(chance.choice([0, 1, largest_number]))
    table = pa.Table.from_batches([batch(rows[:100]), batch(rows[100:])])

    ordered = in_order(table, first_by=np.array(numbers))

    def key(place: int) -> tuple[int, bool, str, bool, str]:
        name, time = rows[place]["eventName"], rows[place]["eventTime"]
        return numbers[place], name is None, name or "", time is None, str(time)

    expected = [rows[place]["eventID"] for place in sorted(range(len(rows)), key=key)]
    assert ordered.column("eventID").to_pylist() == expected
