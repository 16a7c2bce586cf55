"""Records of a few fields → the rows that they become."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Raw

from ingester.columns.build import Lineage, record_batch
from ingester.columns.schema import BATCH_SCHEMA, SCHEMA
from ingester.decode.events import decode_events
from ingester.decode.parts import decode_with_shared_parts
from ingester.model.event import CloudTrailEvent
from ingester.model.shared_parts import SharedParts, transpose


def events_of(*records: dict[str, Any]) -> list[CloudTrailEvent]:
    """The events of these records, none of which may be bad."""
    decoded = decode_events(_raws(records), 0)
    assert decoded.bad == []
    return decoded.events


def batch_of_events(
    events: Sequence[CloudTrailEvent], parts: Mapping[str, SharedParts] | None = None
) -> pa.RecordBatch:
    """The rows of events of one log file as a reader sees them, checked by Arrow."""
    batch = record_batch(transpose(events), Lineage(["file:///log"], [len(events)], np.arange(len(events))), parts)
    batch.validate(full=True)
    assert batch.schema.equals(BATCH_SCHEMA)
    return as_read(batch)


def as_read(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same rows without dictionaries."""
    columns: list[Any] = [
        column.dictionary.take(column.indices) if isinstance(column, pa.DictionaryArray) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def batch_of(*records: dict[str, Any]) -> pa.RecordBatch:
    """The rows of records of one log file, the same whether their parts are shared or not."""
    decoded, _, parts = decode_with_shared_parts(_raws(records))
    assert decoded.bad == []
    batch = batch_of_events(decoded.events, parts)
    assert batch.equals(batch_of_events(events_of(*records)))
    return batch


def _raws(records: Sequence[dict[str, Any]]) -> list[Raw]:
    return [Raw(json.dumps(record).encode()) for record in records]


def column_of(name: str, *values: Any) -> list[Any]:
    """What a column holds for records that have only this field, with these values."""
    column: list[Any] = batch_of(*({name: value} for value in values)).column(name).to_pylist()
    return column
