"""Parts of events that many events share: calls come in series, so the same userIdentity stands in many records.

`EventOfRawParts` is an event whose parts (`PART_FIELDS`) are the JSON as delivered. It is for the way to columns,
where each distinct text is decoded, and made into columns, only once: see `ingester.decode.parts`. On that way events
go by field, all values of one field together (`Transposed`).
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from types import UnionType
from typing import Any, NamedTuple, get_args

import msgspec
from msgspec import Raw, Struct, field

from ingester.model.event import ABSENT, CloudTrailEvent
from ingester.model.event_parts import Part


class SharedParts(Struct, frozen=True, gc=False):
    """The values of one field of some events: that of a row is `values[codes[row]]`. `codes` are 32-bit integers."""

    codes: memoryview
    values: list[Any]

    def of_rows(self) -> Iterator[Any]:
        """The value of each row."""
        return map(self.values.__getitem__, self.codes)

    def of(self, kept: Iterable[bool]) -> "SharedParts":
        """Those of the rows that are kept."""
        return SharedParts(memoryview(array("i", compress(self.codes, kept))), self.values)


def _are_parts(type_: Any) -> bool:
    """Whether a field's values are parts, or lists of them, without numbers inside: the strict decoder does not tell
    when a number loses digits."""
    classes = list(_classes(type_))
    return any(issubclass(one, Part) for one in classes) and not {int, float} & set(classes)


def _classes(type_: Any) -> "list[type]":
    if isinstance(type_, UnionType) or not isinstance(type_, type):
        return [one for option in get_args(type_) for one in _classes(option)]
    if issubclass(type_, Struct):
        return [type_, *(one for inner in msgspec.structs.fields(type_) for one in _classes(inner.type))]
    return [type_, *(one for option in get_args(type_) for one in _classes(option))]


PART_FIELDS = tuple(one.name for one in msgspec.structs.fields(CloudTrailEvent) if _are_parts(one.type))
"""Attributes of an event that are shared: its parts."""

UNIQUE_FIELDS = frozenset({"requestID", "eventID", "sharedEventID"})
"""CloudTrail's names of the fields that hardly any two events share."""

EventOfRawParts: Any = msgspec.defstruct(
    "EventOfRawParts",
    [
        (one.name, Raw, field(name=one.encode_name, default=ABSENT))
        if one.name in PART_FIELDS
        else (one.name, one.type, field(name=one.encode_name, default=one.default))
        for one in msgspec.structs.fields(CloudTrailEvent)
    ],
    bases=(CloudTrailEvent,),
    module=__name__,
    frozen=True,
    kw_only=True,
    gc=False,
    forbid_unknown_fields=True,
)
"""A CloudTrailEvent of the same fields in the same order; those of `PART_FIELDS` are `msgspec.Raw`, or `ABSENT`."""


class Transposed(NamedTuple):
    """At least one event, by field.

    `columns`: the values of each field of the model, in its order. `whole`: the events that are no `EventOfRawParts`,
    and their rows; among such, these took the tolerant path, and have parts where the others have JSON.
    """

    columns: list[tuple[Any, ...]]
    whole: list[tuple[int, CloudTrailEvent]]

    @property
    def rows(self) -> int:
        """How many events."""
        return len(self.columns[0])

    def values(self, name: str) -> tuple[Any, ...]:
        """The values of the attribute of this name."""
        return self.columns[_PLACES[name]]


_PLACES = {name: place for place, name in enumerate(CloudTrailEvent.__struct_fields__)}


def transpose(events: Sequence[CloudTrailEvent]) -> Transposed:
    """At least one event → the values of each field, in C.

    By `zip` over one tuple an event: a third of the time of one `attrgetter` a field (`bench/bench_columns.py`).
    """
    columns = list(zip(*map(msgspec.structs.astuple, events), strict=False))
    del columns[len(_PLACES) :]  # where all are LooseEvents, these have `unmapped_json` behind the model's fields
    if {EventOfRawParts}.issuperset(map(type, events)):
        return Transposed(columns, [])
    return Transposed(columns, [(row, one) for row, one in enumerate(events) if type(one) is not EventOfRawParts])
