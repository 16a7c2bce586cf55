"""Rows of a row group stand by event name, then by time, and are all the same rows."""

import pyarrow as pa

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
