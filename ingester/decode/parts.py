"""Records → events whose parts (userIdentity, resources, tlsDetails, …) are decoded once for each distinct JSON text.

Calls come in series: 512 records of real log files have 30 to 90 distinct texts of userIdentity and 5 to 60 of
tlsDetails, and these are a third of a record. Arrow finds which texts are equal, in half the time of a Python dict.

For the way to columns only: a user's function is given events whose parts were decoded with them.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import Raw
from msgspec.structs import force_setattr

from ingester.decode.events import DecodedEvents, decode_events, indexes_of, take_loosely
from ingester.model.event import ABSENT, CloudTrailEvent
from ingester.model.shared_parts import PART_FIELDS, EventOfRawParts, SharedParts, Transposed, transpose

Codes: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int32]]

decode_raw_parts = msgspec.json.Decoder(EventOfRawParts).decode
"""A record → its event, whose parts stay JSON."""
_types = {one.name: one.type for one in msgspec.structs.fields(CloudTrailEvent)}
_DECODES = {name: msgspec.json.Decoder(_types[name]).decode for name in PART_FIELDS}


class SharingEvents(NamedTuple):
    """Events, as `decode_events` gives them, and what they hold, by field: `transposed` is None without any event.

    The values of their PART_FIELDS are only in `parts`, by the field's name: in the events, until `set_parts`, and in
    `transposed` they may still be JSON, see `EventOfRawParts`. A field that no event has is left out.
    """

    decoded: DecodedEvents
    transposed: Transposed | None
    parts: dict[str, SharedParts]


def decode_with_shared_parts(raws: Sequence[Raw]) -> SharingEvents:
    """The events of records. Never raises for what is in a record."""
    decoded = decode_events(raws, 0, decode_raw_parts)
    sharing, unfit_rows = share_parts(decoded)
    if unfit_rows:
        sharing, _ = share_parts(_without_unfit(decoded, raws, unfit_rows))
    return sharing


def set_parts(
    events: Sequence[CloudTrailEvent], parts: Mapping[str, SharedParts], names: Iterable[str] = PART_FIELDS
) -> None:
    """Make the events complete, for those who look at these of their attributes."""
    for name in names:
        values = parts[name].of_rows() if name in parts else repeat(None)
        deque(map(force_setattr, events, repeat(name), values), maxlen=0)  # 15 ns each


def _without_unfit(decoded: DecodedEvents, raws: Sequence[Raw], unfit_rows: Collection[int]) -> DecodedEvents:
    """The same, with the events of these rows made on the tolerant path."""
    events: list[CloudTrailEvent] = []
    bad = list(decoded.bad)
    for row, (event, index) in enumerate(zip(decoded.events, decoded.indexes, strict=True)):
        if row in unfit_rows:
            take_loosely(raws[index], index, events, bad)
        else:
            events.append(event)
    bad.sort(key=attrgetter("index"))
    return DecodedEvents(events, indexes_of(0, len(raws), bad), bad)


def share_parts(decoded: DecodedEvents) -> tuple[SharingEvents, set[int]]:
    """The events with their parts, and the rows that have one which does not fit the model."""
    if not decoded.events:
        return SharingEvents(decoded, None, {}), set()
    transposed = transpose(decoded.events)
    parts = {}
    unfit_rows: set[int] = set()
    for name, decode in _DECODES.items():
        column: Sequence[Any] = transposed.values(name)
        whole_values = [(row, column[row]) for row, _ in transposed.whole]
        if whole_values:
            column = list(column)
            for row, _ in whole_values:
                column[row] = ABSENT
        codes, texts = _distinct(column)
        values, unfit_codes = _decode_texts(texts, decode)
        if unfit_codes:
            unfit_rows.update(np.flatnonzero(np.isin(codes, unfit_codes)).tolist())
        for row, value in whole_values:
            if value is not None:
                codes[row] = len(values)
                values.append(value)
        if any(value is not None for value in values):
            parts[name] = SharedParts(codes.data, values)
    return SharingEvents(decoded, transposed, parts), unfit_rows


def _distinct(raws: Sequence[Raw]) -> tuple[Codes, list[bytes]]:
    """For each row the place of its text among the distinct texts, and these."""
    rows = len(raws)
    if not any(raws):
        return np.zeros(rows, np.int32), [b""]
    data = b"".join(raws)
    offsets = np.zeros(rows + 1, np.int32)
    np.fromiter(map(len, raws), np.int32, rows).cumsum(out=offsets[1:])
    buffers: Any = [None, pa.py_buffer(offsets.data), pa.py_buffer(data)]
    encoded: Any = pa.BinaryArray.from_buffers(pa.binary(), rows, buffers).dictionary_encode()
    return encoded.indices.to_numpy().copy(), encoded.dictionary.to_pylist()


def _decode_texts(texts: Sequence[bytes], decode: Callable[[bytes], Any]) -> tuple[list[Any], list[int]]:
    """The value of each text, and the places of those that don't fit the model."""
    values: list[Any] = []
    unfit = []
    for place, text in enumerate(texts):
        try:
            values.append(decode(text) if text else None)
        except (ValueError, RecursionError):
            values.append(None)
            unfit.append(place)
    return values, unfit
