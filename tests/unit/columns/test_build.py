import gc
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from ingester.columns.build import Lineage, record_batch
from ingester.columns.schema import SCHEMA
from ingester.model.shared_parts import transpose
from tests.unit.columns.given import batch_of, events_of


def _lineage_rows(uris: Sequence[str], counts: Sequence[int], indexes: Sequence[int]) -> list[tuple[str, int]]:
    events = events_of(*[{"eventName": "e"}] * len(indexes))
    batch = record_batch(transpose(events), Lineage(uris, counts, np.array(indexes, np.int32)))
    batch.validate(full=True)
    return list(zip(batch.column("logFile").to_pylist(), batch.column("recordIndex").to_pylist(), strict=True))


def test_a_batch_has_one_row_an_event_in_order_with_the_schemas_columns() -> None:
    batch = batch_of(*({"eventName": f"e{number}", "eventID": f"{number}"} for number in range(20)))
    assert batch.schema.equals(SCHEMA)
    assert batch.column("eventName").to_pylist() == [f"e{number}" for number in range(20)]
    assert batch.column("eventID").to_pylist() == [f"{number}" for number in range(20)]


def test_a_column_that_no_event_has_is_null() -> None:
    batch = batch_of({"eventName": "a"}, {"eventName": "b"})
    absent = [column for name, column in zip(batch.schema.names, batch.columns, strict=True)
              if name not in ("eventName", "logFile", "recordIndex")]  # fmt: skip
    assert all(column.null_count == 2 for column in absent)


def test_rows_of_consecutive_log_files_know_where_they_came_from() -> None:
    rows = _lineage_rows(["s3://b/a", "s3://b/é", "s3://b/none", "s3://b/c"], [2, 3, 0, 1], [0, 1, 4, 5, 7, 0])
    names = ["s3://b/a"] * 2 + ["s3://b/é"] * 3 + ["s3://b/c"]
    assert rows == list(zip(names, [0, 1, 4, 5, 7, 0], strict=True))


def test_a_hundred_tiny_log_files_share_a_batch() -> None:
    uris = [f"file:///logs/{number}" for number in range(100)]
    rows = _lineage_rows(uris, [5] * 100, list(range(5)) * 100)
    assert rows == [(uri, index) for uri in uris for index in range(5)]


@pytest.mark.parametrize(("counts", "indexes"), [([1], 2), ([2], 1), ([3], 2), ([], 2)])
def test_lineage_of_another_number_of_rows_is_refused(counts: list[int], indexes: int) -> None:
    with pytest.raises(ValueError, match="2 events, but the lineage of"):
        record_batch(
            transpose(events_of({}, {})), Lineage(["file:///log"][: len(counts)], counts, np.arange(indexes))
        )


@pytest.mark.parametrize("unfit", [(), (0,), (1,), (0, 1, 2)])
def test_events_that_fit_and_events_that_do_not_share_a_batch(unfit: tuple[int, ...]) -> None:
    records = [
        {"eventName": f"e{row}", "summary": {"s": row}} | ({"new": row} if row in unfit else {}) for row in range(3)
    ]
    batch = batch_of(*records)
    assert batch.column("eventName").to_pylist() == ["e0", "e1", "e2"]
    assert batch.column("summary").to_pylist() == [f'{{"s": {row}}}' for row in range(3)]
    expected = [f'{{"new":{row}}}' if row in unfit else None for row in range(3)]
    assert batch.column("unmapped").to_pylist() == expected


def test_a_batch_can_be_sorted_joined_with_others_and_written() -> None:
    batches = [
        batch_of({"eventName": name, "tlsDetails": {"tlsVersion": name}}, {}, {"eventName": "m"}) for name in "zab"
    ]
    table = pa.Table.from_batches(batches)
    names = table.take(pa.array([6, 0, 4, 3]))["tlsDetails"].combine_chunks().field("tlsVersion")
    assert names.to_pylist() == ["b", "z", None, "a"]


def test_making_batches_leaves_no_garbage_cycles_behind() -> None:
    events = events_of({"eventName": "e", "userIdentity": {"sessionContext": {"sessionIssuer": {"arn": "a"}}}})
    lineage = Lineage(["file:///log"], [1], np.zeros(1, np.int64))
    record_batch(transpose(events), lineage)
    gc.collect()
    record_batch(transpose(events), lineage)
    assert gc.collect() == 0
