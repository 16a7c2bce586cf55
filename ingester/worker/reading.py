"""One log file's chunks → slices of its events, as a user's functions are given them."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from ingester.decode.read import Records, hold, records_of
from ingester.decode.slices import Decoders, EventSlice, decode_records, decode_slices
from ingester.model.delivered import DeliveredEvent
from ingester.model.settings import Settings
from ingester.worker.positions import Positions, read_with_positions

Located = Iterator[tuple[EventSlice, Sequence[int] | None]]
"""Slices, and where in the file each of their records begins, if somebody wants to know."""

_DECODERS = Decoders(
    one=msgspec.json.Decoder(DeliveredEvent).decode, array=msgspec.json.Decoder(list[DeliveredEvent]).decode
)


class Reading:
    """`slices` gives the events once, in order, and raises BadLogFileError, or an error of the chunks, between two of
    them where the file turns out to be bad. `json_bytes()`: how much JSON was inflated so far."""

    def __init__(self, slices: Located, json_bytes: Callable[[], int]) -> None:
        self.slices = slices
        self.json_bytes = json_bytes


def read_slices(chunks: Iterator[bytes], settings: Settings) -> Reading:
    """The events of a log file whose chunks are given. Raises as `Reading.slices` does."""
    if settings.raw_event_info:
        records, positions = read_with_positions(chunks, settings)
        return Reading(located(records, positions, settings), lambda: records.json_bytes)
    text = hold(chunks)
    if isinstance(text, bytes):
        slices = decode_slices(text, _DECODERS, rows=settings.batch_rows)
        return Reading(((some, None) for some in slices), lambda: len(text))
    streaming = records_of(text)
    return Reading(located(streaming, None, settings), lambda: streaming.json_bytes)


def located(records: Records, positions: Positions | None, settings: Settings) -> Located:
    """The events of the records that a lane gave, and their places where `positions` knows them."""
    for some in decode_records(records, _DECODERS, rows=settings.batch_rows):
        yield some, None if positions is None else positions.find(some.records)
