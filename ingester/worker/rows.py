"""Decoded records of one or several log files → rows, with the counts of each log file kept."""

from collections.abc import Callable, Sequence
from itertools import compress

import numpy as np
import pyarrow as pa

from ingester.columns.build import Lineage, record_batch
from ingester.decode.events import BadRecord
from ingester.decode.parts import SharingEvents, set_parts
from ingester.model.filters import Filters
from ingester.model.shared_parts import PART_FIELDS, transpose
from ingester.worker.pool import GatheredLogFile, Span

Indexes = np.ndarray[tuple[int], np.dtype[np.int64]]

Quarantine = Callable[[GatheredLogFile, int, BadRecord], None]
"""Takes a record that can't be read: its log file and its place in `Records`."""


def rows_of(
    spans: Sequence[Span], sharing: SharingEvents, keep: Filters | None, quarantine: Quarantine
) -> pa.RecordBatch | None:
    """The rows of the records of `spans`, in their order; None if there are none.

    The log files' counts of rows, filtered and quarantined records grow.
    """
    decoded, transposed, parts = sharing
    places: Sequence[int] = decoded.indexes
    if keep is not None:
        set_parts(decoded.events, parts, keep.attributes.intersection(PART_FIELDS))
        kept = keep(decoded.events)
        if not all(kept):
            events, places = list(compress(decoded.events, kept)), list(compress(places, kept))
            transposed = transpose(events) if events else None
            parts = {name: shared.of(kept) for name, shared in parts.items()}
    lineage = _lineage(spans, places, decoded.bad, quarantine)
    return None if transposed is None else record_batch(transposed, lineage, parts)


def _lineage(
    spans: Sequence[Span], places: Sequence[int], bad: Sequence[BadRecord], quarantine: Quarantine
) -> Lineage:
    """The lineage of the records at these places among those of the spans; the bad ones are quarantined."""
    counts = [span.count for span in spans]
    ends = np.cumsum(counts)
    indexes = record_indexes(spans)
    if len(places) < len(indexes):
        for record in bad:
            gathered = spans[int(np.searchsorted(ends, record.index, side="right"))].log_file
            quarantine(gathered, int(indexes[record.index]), record)
            gathered.quarantined_records += 1
            gathered.filtered_records -= 1
        kept = np.diff(np.searchsorted(np.asarray(places, np.int64), ends), prepend=0).tolist()
        for span, count in zip(spans, kept, strict=True):
            span.log_file.filtered_records += span.count - count
        counts, indexes = kept, indexes[np.asarray(places, np.int64)]
    for span, count in zip(spans, counts, strict=True):
        span.log_file.rows += count
    return Lineage([span.log_file.uri for span in spans], counts, indexes)


def record_indexes(spans: Sequence[Span]) -> Indexes:
    """The place of each record in its log file's `Records`."""
    counts = np.array([span.count for span in spans])
    ends = np.cumsum(counts)
    offsets = np.array([span.first_index for span in spans]) - (ends - counts)
    indexes: Indexes = np.arange(int(ends[-1])) + np.repeat(offsets, counts)
    return indexes
