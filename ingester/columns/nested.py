"""Columns of any type of the model, nested ones too, each compiled from the model's types when imported.

A column is made in two steps, since its text is made together with that of all others: gathering walks the values
and gives back a function; once `Pools.make` was called, that function gives the array.

A part (a JSON object) that an event does not have takes the way of an empty one, so that all rows of a chunk are
transposed in C at every level: on real events, where half have a session, that is as fast as working on those
that have it and spreading the result, and it is one way for all. A part without any value is null, whether it was
delivered as `{}`, null, or not at all.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from operator import attrgetter, length_hint
from typing import Any, get_args, get_origin

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import Raw, Struct

from ingester.columns.arrays import (
    Array,
    Numbers,
    Values,
    buffer_of,
    none_values,
    null_arrays,
    offsets_of,
    validity_bits,
)
from ingester.columns.freeform import JsonTexts
from ingester.columns.schema import arrow_type, without_none
from ingester.columns.strings import Texts

Finish = Callable[[], Array]
"""Makes a column's array, once the pools are made."""

as_tuple = msgspec.structs.astuple


class Pools:
    """Where the text of a chunk is gathered, of all columns at all levels."""

    __slots__ = ("json_texts", "texts")

    def __init__(self) -> None:
        self.texts = Texts()
        self.json_texts = JsonTexts()

    def make(self) -> None:
        """After all columns were gathered. Raises OverflowError above 2 GiB of text."""
        self.texts.make()
        self.json_texts.make()


Gather = Callable[[Values, Pools, int], Finish]
"""Takes a column's values, and how many of its rows are known to have none, as the part around is missing."""


def gather_for(type_: Any) -> Gather:
    """How to gather a column of a type of the model."""
    type_ = without_none(type_)
    if type_ is str:
        return lambda values, pools, _: pools.texts.add(values)
    if type_ is Raw:
        return lambda values, pools, _: pools.json_texts.add(values)
    origin = get_origin(type_)
    if origin is list:
        return _list_gather(get_args(type_)[0])
    if origin is dict:
        return _map_gather(arrow_type(type_))
    if _is_part(type_):
        return _part_gather(type_)
    return _scalar_gather(arrow_type(type_))


def _scalar_gather(type_: pa.DataType) -> Gather:
    nulls = null_arrays(type_)

    def gather(values: Values, _: Pools, __: int) -> Finish:
        rows = len(values)
        if values == none_values(rows):
            return partial(nulls, rows)
        array = pa.array(values, type_)
        return lambda: array

    return gather


def _map_gather(type_: pa.DataType) -> Gather:
    nulls = null_arrays(type_)

    def gather(values: Values, _: Pools, __: int) -> Finish:
        if not any(values):
            return partial(nulls, len(values))
        array = pa.array([[*value.items()] if value else None for value in values], type_)
        return lambda: array

    return gather


def _list_gather(element: Any) -> Gather:
    type_ = pa.list_(arrow_type(element))
    nulls = null_arrays(type_)
    gather_elements = gather_for(element)

    def gather(values: Values, pools: Pools, _: int) -> Finish:
        rows = len(values)
        if values == none_values(rows):
            return partial(nulls, rows)
        lengths = np.fromiter(map(length_hint, values), np.int32, rows)
        buffers = [_list_validity(values, lengths), buffer_of(offsets_of(lengths))]
        finish_elements = gather_elements(tuple(chain.from_iterable(filter(None, values))), pools, 0)
        return lambda: pa.Array.from_buffers(type_, rows, buffers, children=[finish_elements()])

    return gather


def _list_validity(values: Values, lengths: Any) -> pa.Buffer | None:
    missing = values.count(None)
    if not missing:
        return None
    is_valid = lengths != 0
    if len(values) - np.count_nonzero(is_valid) != missing:  # some are empty
        is_valid = np.array([value is not None for value in values])
    return validity_bits(is_valid)


def _part_gather(part: type[Struct]) -> Gather:
    type_ = arrow_type(part)
    nulls = null_arrays(type_)
    gathers = [gather_for(field.type) for field in msgspec.structs.fields(part)]
    transpose = _transpose_for(part)
    empty = _empty(part)

    def gather(values: Values, pools: Pools, missing: int) -> Finish:
        rows = len(values)
        if not (values and all(values)):
            if values == none_values(rows):
                return partial(nulls, rows)
            missing += values.count(None)
            values = [empty if value is None else value for value in values]
        fields = zip(gathers, transpose(values), strict=True)
        finishes = [gather_field(column, pools, missing) for gather_field, column in fields]

        def finish() -> Array:
            children = [finish_field() for finish_field in finishes]
            return pa.Array.from_buffers(type_, rows, [_part_validity(children, rows, missing)], children=children)

        return finish

    return gather


def _transpose_for(part: type[Struct]) -> Callable[[Sequence[Struct]], Iterable[Values]]:
    """Parts → the values of each field. A tuple a part pays from the third field on."""
    getters = [attrgetter(name) for name in part.__struct_fields__]
    if len(getters) <= 2:
        return lambda parts: [tuple(map(getter, parts)) for getter in getters]
    return lambda parts: zip(*map(as_tuple, parts), strict=True)


def _empty(part: type[Struct]) -> Struct:
    """A part without values, its own parts not None but empty as well: these need no filling then."""
    inner = {field.name: without_none(field.type) for field in msgspec.structs.fields(part)}
    return part(**{name: _empty(type_) for name, type_ in inner.items() if _is_part(type_)})


def _is_part(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, Struct)


def _part_validity(children: list[Array], rows: int, missing: int) -> pa.Buffer | None:
    """Which rows have a value in any child; None where all have.

    No child has fewer nulls than rows are missing, so one with just as many says it for all.
    """
    for child in children:
        if child.null_count == missing:
            return buffer_of(_bits(child)) if missing else None
    bits = np.zeros((rows + 7) // 8, np.uint8)
    for child in children:
        if child.null_count == 0:
            return None
        if child.null_count != rows:
            bits |= _bits(child)
    return buffer_of(bits)


def _bits(array: Array) -> Numbers:
    """The validity bits of an array, from its first row on."""
    buffer: Any = array.buffers()[0]
    bits = np.frombuffer(buffer, np.uint8)
    start, length = array.offset, len(array)
    if start % 8 == 0:
        return bits[start // 8 : (start + length + 7) // 8]
    return np.packbits(np.unpackbits(bits, bitorder="little", count=start + length)[start:], bitorder="little")
