"""Rows against the records that they came from, field by field."""

from collections.abc import Mapping

import pyarrow as pa

from tests.support.restore import restore, same
from tests.support.trail import RecordPlace


def assert_same_records(table: pa.Table, expected: Mapping[RecordPlace, bytes]) -> None:
    """Every row, restored, equals the record at its place; `expected` holds the records as delivered."""
    for row in table.to_pylist():
        place = (row["logFile"], row["recordIndex"])
        assert same(restore(row), expected[place]), f"{place} differs:\n{row}\n{expected[place].decode()}"
