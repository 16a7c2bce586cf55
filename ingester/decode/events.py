"""Records → typed events: one C loop for those that fit the model, the tolerant path for the others."""

from collections.abc import Callable, Sequence
from operator import attrgetter

import msgspec
from msgspec import Raw, Struct

from ingester.decode.tolerant import UnreadableRecordError, fit_event
from ingester.decode.utf8 import without_mark
from ingester.model.errors import BadLogFileError
from ingester.model.event import CloudTrailEvent

_decode = msgspec.json.Decoder(CloudTrailEvent).decode
_insight_details = attrgetter("insight_details")


BAD_RECORDS_MAX = 200_000
"""Of one log file. What holds more of them is no log file, and would fill the quarantine: `1,1,1,…` takes a hundred
times its bytes there."""


def check_bad_records(count: int) -> None:
    """Raises BadLogFileError when a log file has so many records that can't be read."""
    if count > BAD_RECORDS_MAX:
        raise BadLogFileError(f"Over {BAD_RECORDS_MAX:,} of the log file's records can't be read.")


class BadRecord(Struct, frozen=True, gc=False):
    """A record that can't be read at all, to be quarantined: its place in `Records`, why, and its very bytes."""

    index: int
    reason: str
    raw_bytes: bytes


class DecodedEvents(Struct, frozen=True, gc=False):
    """The events of some records, their places in `Records`, and the records that gave no event."""

    events: list[CloudTrailEvent]
    indexes: range | list[int]
    bad: list[BadRecord]


def decode_events(
    raws: Sequence[Raw], first_index: int, decode: Callable[[Raw], CloudTrailEvent] = _decode
) -> DecodedEvents:
    """The events of records as `read_records` gave them, the first of which is at `first_index` in `Records`.

    Never raises for what is in a record. An event that did not fit the model in all is a `LooseEvent`. `decode`: a
    msgspec decoder's, for events of a subclass; those that take the tolerant path are of the model's own classes.
    """
    events: list[CloudTrailEvent] = []
    bad: list[BadRecord] = []
    remaining = map(decode, raws)
    while True:
        try:
            # What was appended before an exception stays, and the iterator goes on behind the record that raised.
            events.extend(remaining)
            break
        except (ValueError, RecursionError):
            place = len(events) + len(bad)
            take_loosely(raws[place], first_index + place, events, bad)
    if have_insights(events):
        events.clear()
        bad.clear()
        for place, raw in enumerate(raws):
            take_loosely(raw, first_index + place, events, bad)
    return DecodedEvents(events, indexes_of(first_index, len(raws), bad), bad)


def have_insights(events: Sequence[CloudTrailEvent]) -> bool:
    """Whether Insights are among the events. These have numbers, of which a float may lose digits, and only the
    tolerant path notices; they are few."""
    return any(map(_insight_details, events))


def take_loosely(raw: Raw, index: int, events: list[CloudTrailEvent], bad: list[BadRecord]) -> None:
    """Append the event of a record on the tolerant path, or, if it can't be read at all, the bad record."""
    try:
        events.append(fit_event(raw))
    except UnreadableRecordError as error:
        raw_bytes = bytes(raw)
        bad.append(BadRecord(index, str(error), without_mark(raw_bytes) or raw_bytes))


def indexes_of(first_index: int, count: int, bad: list[BadRecord]) -> range | list[int]:
    """The places of the records that are not bad, out of `count` from `first_index` on."""
    indexes = range(first_index, first_index + count)
    if not bad:
        return indexes
    missing = {record.index for record in bad}
    return [index for index in indexes if index not in missing]
