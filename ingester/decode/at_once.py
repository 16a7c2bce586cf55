"""A log file in memory → events, without looking for its records first, for those who need all of it or nothing.

The slices lane with its price paid: nothing that `decode_at_once` gave may be used before it ends. Whoever makes rows
meanwhile, as the events would fall out of the L2 cache, throws them away at NotAtOnceError, and takes `records_of`,
which checks a log file as a whole before it gives the first record, and says what is wrong with it.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec

from ingester.decode.events import DecodedEvents
from ingester.decode.parts import SharingEvents, decode_raw_parts, decode_with_shared_parts, share_parts
from ingester.decode.read import RECORDS_IN_MEMORY_MAX
from ingester.decode.slices import SLICE_BYTES, Decoders, EventSlice, cut, decode_slice
from ingester.decode.utf8 import mark_not_utf8
from ingester.decode.whole import split_array
from ingester.model.shared_parts import EventOfRawParts

_DECODERS = Decoders(decode_raw_parts, msgspec.json.Decoder(list[EventOfRawParts]).decode)


class NotAtOnceError(Exception):
    """The log file is not JSON, of another layout, has a record that can't be read, or very many."""


def decode_at_once(data: bytes, slice_bytes: int = SLICE_BYTES) -> Iterator[EventSlice]:
    """The events of the JSON of a log file, their parts still JSON.

    Raises NotAtOnceError, perhaps after some slices; also where so many records are not held in memory at once.
    """
    first_index = 0
    for text in cut(data, slice_bytes):
        found = None if text is None else decode_slice(text, first_index, _DECODERS)
        if found is None or found.decoded.bad:
            raise NotAtOnceError
        yield found
        first_index += len(found.decoded.events)
        if first_index > RECORDS_IN_MEMORY_MAX:
            raise NotAtOnceError


def together(slices: Sequence[EventSlice]) -> SharingEvents:
    """The events of several slices, of any log files."""
    events = list(chain.from_iterable([some.decoded.events for some in slices]))
    sharing, unfit_rows = share_parts(DecodedEvents(events, range(len(events)), []))
    if unfit_rows:
        return decode_with_shared_parts(list(chain.from_iterable(map(_records, slices))))
    return sharing


def _records(some: EventSlice) -> list[msgspec.Raw]:
    return some.records or mark_not_utf8(split_array(some.text), some.text)
