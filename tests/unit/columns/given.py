"""Records of a few fields → the rows that they become."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Raw

from ingester.columns.build import Lineage, record_batch
from ingester.decode.events import decode_events
from ingester.model.event import CloudTrailEvent


def events_of(*records: dict[str, Any]) -> list[CloudTrailEvent]:
    """The events of these records, none of which may be bad."""
    decoded = decode_events([Raw(json.dumps(record).encode()) for record in records], 0)
    assert decoded.bad == []
    return decoded.events


def batch_of_events(events: Sequence[CloudTrailEvent]) -> pa.RecordBatch:
    """The rows of events of one log file, checked by Arrow."""
    batch = record_batch(events, Lineage(["file:///log"], [len(events)], np.arange(len(events))))
    batch.validate(full=True)
    return batch


def batch_of(*records: dict[str, Any]) -> pa.RecordBatch:
    """The rows of records of one log file, checked by Arrow."""
    return batch_of_events(events_of(*records))


def column_of(name: str, *values: Any) -> list[Any]:
    """What a column holds for records that have only this field, with these values."""
    column: list[Any] = batch_of(*({name: value} for value in values)).column(name).to_pylist()
    return column
