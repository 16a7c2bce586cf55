"""Events and where they came from → one record batch. Pure; runs in the worker process.

All rows are transposed in C, by `zip` over one tuple an event: a third of the time of one `attrgetter` a column.
Measured by `bench/bench_columns.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from ingester.columns.arrays import Array, buffer_of, none_values, null_texts, offsets_of
from ingester.columns.nested import Pools, as_tuple, gather_for
from ingester.columns.schema import SCHEMA
from ingester.columns.strings import text_array
from ingester.columns.times import time_column
from ingester.model.event import CloudTrailEvent
from ingester.model.unmapped import merge_unmapped

_FIELDS = msgspec.structs.fields(CloudTrailEvent)
_TIME = [field.name for field in _FIELDS].index("event_time_text")
_GATHERS = [gather_for(field.type) for place, field in enumerate(_FIELDS) if place != _TIME]

RecordIndexes = np.ndarray[tuple[int], np.dtype[np.int32]] | np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where the rows of a chunk came from: the first `counts[0]` from the log file `uris[0]`, and so on.

    `indexes`: for each row its record's place in its log file's `Records`, from 0.
    """

    uris: Sequence[str]
    counts: Sequence[int]
    indexes: RecordIndexes


def record_batch(events: Sequence[CloudTrailEvent], lineage: Lineage) -> pa.RecordBatch:
    """One row an event, in order, with the columns of SCHEMA.

    Raises ValueError when the lineage is of another number of rows, OverflowError when the events hold more than
    2 GiB of text, which Arrow can't address: give fewer at once.
    """
    rows = len(events)
    if sum(lineage.counts) != rows or len(lineage.indexes) != rows:
        raise ValueError(f"{rows} events, but the lineage of {sum(lineage.counts)}, {len(lineage.indexes)} indexes.")
    if not rows:
        return pa.RecordBatch.from_pylist([], schema=SCHEMA)
    columns, unmapped = _transpose(events)
    times, odd_times = time_column(columns.pop(_TIME))
    pools = Pools()
    finishes = [gather(column, pools, 0) for gather, column in zip(_GATHERS, columns, strict=True)]
    pools.make()
    arrays = [finish() for finish in finishes]
    arrays.insert(_TIME, times)
    arrays.append(_unmapped_column(unmapped, odd_times, rows))
    arrays.append(_log_file_column(lineage, rows))
    arrays.append(pa.array(lineage.indexes.astype(np.int64, copy=False)))
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _transpose(events: Sequence[CloudTrailEvent]) -> tuple[list[tuple[Any, ...]], Sequence[bytes | None] | None]:
    """The values of each field, and what is unmapped; None where all events fit the model."""
    columns: list[tuple[Any, ...]] = []
    try:
        columns.extend(zip(*map(as_tuple, events), strict=True))
        if len(columns) == len(_FIELDS):
            return columns, None
    except ValueError:  # not all have the same number of fields; the columns that all have are in by now
        pass
    # A LooseEvent has `unmapped_json` behind the other fields.
    return columns[: len(_FIELDS)], [event.unmapped_json or None for event in events]


def _unmapped_column(unmapped: Sequence[bytes | None] | None, odd_times: dict[int, str], rows: int) -> Array:
    if unmapped is None and not odd_times:
        return null_texts(rows)
    texts = list(unmapped or none_values(rows))
    for row, time in odd_times.items():
        texts[row] = merge_unmapped(texts[row], _FIELDS[_TIME].encode_name, msgspec.json.encode(time))
    return text_array(texts)


def _log_file_column(lineage: Lineage, rows: int) -> Array:
    """Each URI as often as its log file has rows: one step a log file, none a row."""
    uris = [uri.encode() for uri in lineage.uris]
    data = b"".join(map(mul, uris, lineage.counts))
    offsets = offsets_of(np.repeat(np.array([len(uri) for uri in uris]), lineage.counts))
    return pa.StringArray.from_buffers(rows, buffer_of(offsets), pa.py_buffer(data))
