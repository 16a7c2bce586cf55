"""The slices lane: a log file in memory → typed events, some dozens at a time, without looking for its records first.

msgspec decodes an array of events as it does single ones. So the text is cut where it looks like the end of a record,
and each slice is decoded as an array, which says whether the cut was right: as long as each slice is an array, all of
them together are one, and its elements are theirs. To cut out each record (`whole`) walks all of the JSON a second
time, a fifth of the CPU on the way to a user's function (measured).

The price: a file that turns out not to be JSON in its middle has given the events before. A lake can't have that;
a function, which gets events at least once, can.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from msgspec import Raw, Struct

from ingester.decode.events import DecodedEvents, decode_events, have_insights
from ingester.decode.read import RawBatch, Records, records_of
from ingester.decode.utf8 import is_utf8, mark_not_utf8
from ingester.decode.whole import split_array
from ingester.model.event import CloudTrailEvent

_BEGIN = b'{"Records":['
_END = b"]}"
_BETWEEN_RECORDS = b'},{"eventVersion":"'
"""Where nearly all records begin and end. Inside a record hardly ever; then that slice is no array."""

SLICE_BYTES = 64 << 10
"""Some forty events: fewer cost calls; of twice as many, a record that does not fit the model holds up more others,
2 % of all CPU where that is one of 600 (measured)."""

RUN_BYTES_MAX = 4 << 20
"""Objects may take eighty times the bytes of their JSON."""

_SLICES_IN_ONE_MAX = 4
"""A file in which no records are found for so long goes the general way."""


class EventSlice(Struct, frozen=True, gc=False):
    """Some events of a log file, in order. `records`: theirs and those of the bad ones, the first of which is at
    `first_index` in `Records`. Where nobody has looked for them yet, `text` is JSON of an array of them."""

    first_index: int
    decoded: DecodedEvents
    records: list[Raw]
    text: bytes = b""

    @property
    def bytes(self) -> int:
        """Bytes of JSON that its events keep in memory."""
        return len(self.text) or sum(map(len, self.records))


class Decoders(NamedTuple):
    """The `decode` of msgspec decoders of one class of events, and of arrays of them."""

    one: Callable[[Raw], CloudTrailEvent]
    array: Callable[[bytes], list[Any]]


def decode_slices(
    data: bytes, decoders: Decoders, *, rows: int, slice_bytes: int = SLICE_BYTES
) -> Iterator[EventSlice]:
    """The events of the JSON of a log file. `rows`: the most that are decoded together where the layout is not
    CloudTrail's own. Raises BadLogFileError, perhaps between two slices."""
    first_index = 0
    for text in cut(data, slice_bytes):
        found = None if text is None else decode_slice(text, first_index, decoders)
        if found is None:
            records = records_of(data)
            records.batches = _without_first(first_index, records.batches)
            yield from decode_records(records, decoders, rows=rows)
            return
        yield found
        first_index += len(found.decoded.events) + len(found.decoded.bad)


def decode_records(records: Records, decoders: Decoders, *, rows: int) -> Iterator[EventSlice]:
    """The events of the records that a lane gave, at most `rows` at a time. Raises what the lane does."""
    for batch in records.batches:
        for start, end in _runs(batch.raws, rows):
            some = batch.raws[start:end]
            first_index = batch.first_index + start
            yield EventSlice(first_index, decode_events(some, first_index, decoders.one), some)


def _runs(raws: Sequence[Raw], rows: int) -> Iterator[tuple[int, int]]:
    """Where to cut records, so that no more than `rows` of them, or than RUN_BYTES_MAX, are decoded together."""
    start = run_bytes = 0
    for place, raw in enumerate(raws):
        if place - start >= rows or (run_bytes and run_bytes + len(raw) > RUN_BYTES_MAX):
            yield start, place
            start, run_bytes = place, 0
        run_bytes += len(raw)
    if raws:
        yield start, len(raws)


def cut(data: bytes, slice_bytes: int = SLICE_BYTES) -> Iterator[bytes | None]:
    """The text of each slice of a log file as an array; None, and no more, where no record seems to end."""
    if not (data.startswith(_BEGIN) and data.endswith(_END)):
        yield None
        return
    view = memoryview(data)
    start, last = len(_BEGIN), len(data) - len(_END)
    while start <= last:
        end = last
        if start + slice_bytes < last:
            found = data.find(_BETWEEN_RECORDS, start + slice_bytes, start + slice_bytes * _SLICES_IN_ONE_MAX)
            if found < 0 and start + slice_bytes * _SLICES_IN_ONE_MAX < last:
                yield None
                return
            end = last if found < 0 else found + 1
        yield b"".join((b"[", view[start:end], b"]"))
        start = end + 1


def decode_slice(text: bytes, first_index: int, decoders: Decoders) -> EventSlice | None:
    """The events of a slice; None if it is no array after all, or none of this file's records."""
    try:
        if is_utf8(text):
            events = decoders.array(text)
            if not have_insights(events):
                decoded = DecodedEvents(events, range(first_index, first_index + len(events)), [])
                return EventSlice(first_index, decoded, [], text)
    except (ValueError, RecursionError):  # mostly one record that does not fit the model
        pass
    try:
        raws = mark_not_utf8(split_array(text), text)
    except (ValueError, RecursionError):
        return None
    return EventSlice(first_index, decode_events(raws, first_index, decoders.one), raws)


def _without_first(count: int, batches: Iterator[RawBatch]) -> Iterator[RawBatch]:
    """The batches without the first records, whose events were given already."""
    for batch in batches:
        given = max(0, count - batch.first_index)
        if given < len(batch.raws):
            yield RawBatch(batch.first_index + given, batch.raws[given:])
