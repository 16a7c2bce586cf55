"""Events and where they came from → one record batch. Pure; runs in the worker process.

`bench/bench_columns.py` measures what each column takes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from ingester.columns.arrays import Array, Values, none_values, null_texts
from ingester.columns.nested import array_for
from ingester.columns.schema import BATCH_SCHEMA, SHARED_TEXTS
from ingester.columns.shared import shared_array_for, shared_by_counts, shared_text_array
from ingester.columns.strings import text_array
from ingester.columns.times import time_column
from ingester.model.event import CloudTrailEvent
from ingester.model.shared_parts import PART_FIELDS, SharedParts, Transposed
from ingester.model.unmapped import merge_unmapped

_FIELDS = msgspec.structs.fields(CloudTrailEvent)
_TIME = "event_time_text"
_TIME_JSON_NAME = "eventTime"


def _array_of(field: msgspec.structs.FieldInfo) -> Callable[[Values], Array]:
    if field.encode_name in SHARED_TEXTS:
        return shared_text_array
    array_of = array_for(field.type)
    return lambda values: array_of(values, 0)


_ARRAYS_OF = {field.name: _array_of(field) for field in _FIELDS if field.name not in {*PART_FIELDS, _TIME}}
_SHARED_ARRAYS_OF = {field.name: shared_array_for(field.type) for field in _FIELDS if field.name in PART_FIELDS}

RecordIndexes = np.ndarray[tuple[int], np.dtype[np.int32]] | np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where the rows of a chunk came from: the first `counts[0]` from the log file `uris[0]`, and so on.

    `indexes`: for each row its record's place in its log file's `Records`, from 0.
    """

    uris: Sequence[str]
    counts: Sequence[int]
    indexes: RecordIndexes


def record_batch(
    events: Transposed, lineage: Lineage, parts: Mapping[str, SharedParts] | None = None
) -> pa.RecordBatch:
    """One row an event, in order, with the columns of BATCH_SCHEMA.

    `parts`: the values of PART_FIELDS by the field's name; None if the events have them. Raises ValueError when the
    lineage is of another number of rows, OverflowError when a column holds more than 2 GiB of text, which Arrow can't
    address: give fewer events at once.
    """
    rows = events.rows
    if sum(lineage.counts) != rows or len(lineage.indexes) != rows:
        raise ValueError(f"{rows} events, but the lineage of {sum(lineage.counts)}, {len(lineage.indexes)} indexes.")
    odd_times: dict[int, str] = {}
    arrays = []
    for field, column in zip(_FIELDS, events.columns, strict=True):
        name = field.name
        if name == _TIME:
            array, odd_times = time_column(column)
        elif name in PART_FIELDS:
            array = _SHARED_ARRAYS_OF[name](_not_shared(column) if parts is None else parts.get(name), rows)
        else:
            array = _ARRAYS_OF[name](column)
        arrays.append(array)
    arrays.append(_unmapped_column(events, odd_times))
    arrays.append(shared_by_counts(lineage.uris, lineage.counts))
    arrays.append(pa.array(lineage.indexes.astype(np.int64, copy=False)))
    return pa.RecordBatch.from_arrays(arrays, schema=BATCH_SCHEMA)


def _not_shared(values: Sequence[Any]) -> SharedParts | None:
    """Each row with a value of its own."""
    if values == none_values(len(values)):
        return None
    return SharedParts(np.arange(len(values), dtype=np.int32).data, list(values))


def _unmapped_column(events: Transposed, odd_times: dict[int, str]) -> Array:
    unmapped = {row: event.unmapped_json for row, event in events.whole if event.unmapped_json}
    for row, time in odd_times.items():
        unmapped[row] = merge_unmapped(unmapped.get(row), _TIME_JSON_NAME, msgspec.json.encode(time))
    if not unmapped:
        return null_texts(events.rows)
    return text_array([*map(unmapped.get, range(events.rows))])
