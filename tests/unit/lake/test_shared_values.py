from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingester.lake.partition import split
from ingester.lake.row_order import in_order
from ingester.lake.shared_values import as_written, copied_bytes, shared_array, unified

PART = pa.struct(
    [
        ("arn", pa.string()),
        ("session", pa.struct([("name", pa.string()), ("tags", pa.map_(pa.string(), pa.string()))])),
    ]
)
ALICE = {"arn": "alice", "session": {"name": "s", "tags": [("k", "v")]}}
BOB = {"arn": "bob", "session": None}


def shared(codes: list[int], *values: Any, type_: Any = PART) -> Any:
    return shared_array(np.array(codes, np.int32), pa.array(values, type_))


def column(*chunks: Any) -> Any:
    return pa.chunked_array(list(chunks))


def written(table: pa.Table) -> Any:
    file = pa.BufferOutputStream()
    rows = as_written(table)
    rows.validate(full=True)
    pq.write_table(rows, file, store_schema=False)
    return pq.read_table(pa.BufferReader(file.getvalue()))


def test_chunks_with_values_of_their_own_become_one_column() -> None:
    codes, values = unified(column(shared([0, 1, 0], ALICE, BOB), shared([1, 0], BOB, None)))
    assert [values[code].as_py() for code in codes] == [ALICE, BOB, ALICE, None, BOB]


def test_a_slice_of_a_column_has_its_own_rows_only() -> None:
    table = pa.table({"part": shared([0, 1, 0, 1], ALICE, BOB)}).slice(1, 2)
    assert written(table)["part"].to_pylist() == [BOB, ALICE]


@pytest.mark.parametrize(
    "values", [[ALICE, BOB], [None, ALICE], [None], [{"arn": None, "session": {"name": "x", "tags": None}}]]
)
def test_what_is_written_reads_as_if_nothing_had_been_shared(values: list[Any]) -> None:
    codes = [place % len(values) for place in range(5)]
    found = written(pa.table({"part": shared(codes, *values), "other": list("abcde")}))
    assert found["part"].type == PART
    assert found["part"].to_pylist() == [values[code] for code in codes]
    assert found["other"].to_pylist() == list("abcde")


def test_lists_of_parts_are_written_too() -> None:
    type_ = pa.list_(pa.struct([("ARN", pa.string())]))
    found = written(pa.table({"resources": shared([1, 0, 2], [{"ARN": "a"}, {"ARN": None}], [], None, type_=type_)}))
    assert found["resources"].to_pylist() == [[], [{"ARN": "a"}, {"ARN": None}], None]


def test_a_column_of_many_values_and_few_rows_lets_go_of_those_that_no_row_has() -> None:
    array = shared([3, 3], ALICE, BOB, None, {"arn": "carol", "session": None})
    assert len(array.dictionary) == 1
    assert array.to_pylist() == [{"arn": "carol", "session": None}] * 2


def test_rows_in_another_order_take_their_values_along() -> None:
    table = pa.table({"eventName": ["b", "a", "c"], "eventTime": [1, 2, 3], "part": shared([0, 1, 1], ALICE, BOB)})
    assert in_order(table)["part"].to_pylist() == [BOB, ALICE, BOB]


def test_the_account_of_a_shared_identity_is_found() -> None:
    identity = pa.struct(
        [
            ("accountId", pa.string()),
            ("sessionContext", pa.struct([("sessionIssuer", pa.struct([("accountId", pa.string())]))])),
        ]
    )
    parts = [
        {"accountId": "1", "sessionContext": None},
        {"accountId": "", "sessionContext": {"sessionIssuer": {"accountId": "2"}}},
    ]
    table = pa.table({
        "eventName": ["a"] * 3, "eventTime": [0, 1, 2],
        "recipientAccountId": pa.array([None, "3", None], pa.string()),
        "userIdentity": shared([0, 0, 1], *parts, type_=identity),
    })  # fmt: skip
    found = {path: rows["eventTime"].to_pylist() for path, rows in split(table, ["account"])}
    assert found == {"account=1": [0], "account=3": [1], "account=2": [2]}


def test_large_texts_that_many_rows_share_are_split_without_a_copy_for_each_row() -> None:
    rows = 3_000_000  # 3 GB, were each row's text made
    table = pa.table({
        "eventName": shared([0] * rows, "a", type_=pa.string()), "eventTime": np.zeros(rows, np.int64),
        "awsRegion": shared([0, 1] * (rows // 2), "r" * 1000, "s" * 1000, type_=pa.string()),
    })  # fmt: skip
    assert [part.num_rows for _, part in split(table, ["region"])] == [rows // 2, rows // 2]


def test_what_is_copied_of_lists_that_rows_share_is_known_before() -> None:
    lists = pa.list_(pa.struct([("ARN", pa.string())]))
    table = pa.table({
        "resources": shared([0] * 1000, [{"ARN": "a" * 10_000}], type_=lists),
        "userIdentity": shared([0] * 1000, ALICE), "eventID": ["x" * 1000] * 1000,
    })  # fmt: skip
    assert 10_000_000 < copied_bytes(table) < 11_000_000
    assert copied_bytes(table.slice(0, 10)) < 110_000
