"""The order of rows in a row group: by event name, then by time. Pure; runs in worker processes.

Rows of one kind of event look alike, so beside each other they compress better and cost less to encode. Measured
on 131,072 events, CPU an event: unsorted 1.47 µs to write and 76 bytes; by (eventTime, eventName) 1.79 µs and 73
bytes; by (eventName, eventTime) 1.62 µs, sorting and gathering (0.69) paid for by cheaper encoding (0.81), and 65
bytes: a seventh smaller. A query for an event name finds its rows in one place, and page indexes (Athena) prune
by it. Time needs no order of its own: a row group holds what arrived together, so its statistics prune by time.
"""

from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from ingester.lake.shared_values import is_shared, shared_array, unified

SORT_KEYS: list[tuple[str, Literal["ascending", "descending"]]] = [
    ("eventName", "ascending"),
    ("eventTime", "ascending"),
]


def in_order(table: pa.Table, *, first_by: Any = None) -> pa.Table:
    """The rows of `table` by SORT_KEYS, those without a value last, the rest of their order kept.

    `first_by`: a number for each row, by which they are sorted before that.
    """
    keys = list(SORT_KEYS)
    by = pa.table({name: _comparable(table.column(name)) for name, _ in keys})
    if first_by is not None:
        by = by.append_column("", pa.array(first_by))
        keys.insert(0, ("", "ascending"))
    order = pc.sort_indices(by, sort_keys=keys)
    columns = [_gather_column(column, order) for column in table.columns]
    return pa.Table.from_arrays(columns, schema=table.schema)


def _comparable(column: Any) -> Any:
    """Numbers in the order of the values, where these are shared."""
    if not is_shared(column.type):
        return column
    codes, values = unified(column)
    ranks: Any = pc.rank(values, "ascending", tiebreaker="dense")  # null comes last
    return pa.array(ranks.to_numpy()[codes])


def _gather_column(column: Any, order: Any) -> Any:
    if is_shared(column.type):
        codes, values = unified(column)
        return shared_array(codes[order], values)
    if column.null_count == len(column):
        return pa.nulls(len(column), column.type)
    if pa.types.is_struct(column.type):
        return _gather(column.combine_chunks(), order)
    return column.take(order)


def _gather(array: Any, order: Any) -> Any:
    """`array.take(order)`, without a third of CloudTrail's columns, which have no value: 0.1 µs saved."""
    if array.null_count == len(array):
        return pa.nulls(len(array), array.type)
    if not pa.types.is_struct(array.type):
        return array.take(order)
    parts = [_gather(array.field(number), order) for number in range(array.type.num_fields)]
    mask = array.is_null().take(order) if array.null_count else None
    return pa.StructArray.from_arrays(parts, fields=list(array.type), mask=mask)
