"""Columns of any type of the model, nested ones too, each compiled from the model's types when imported.

A part (a JSON object) that an event does not have takes the way of an empty one, so that all rows of a chunk are
transposed in C at every level: on real events, where half have a session, that is as fast as working on those
that have it and spreading the result, and it is one way for all. A part without any value is null, whether it was
delivered as `{}`, null, or not at all.
"""

from collections.abc import Callable, Iterable, Sequence
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
from ingester.columns.freeform import json_array
from ingester.columns.schema import arrow_type, without_none
from ingester.columns.strings import text_array

ArrayOf = Callable[[Values, int], Array]
"""Makes a column of its values; also takes how many of them are known to be missing with the part around. Raises
OverflowError above 2 GiB of text."""


def array_for(type_: Any) -> ArrayOf:
    """How to make a column of a type of the model."""
    type_ = without_none(type_)
    if type_ is str:
        return lambda values, _: text_array(values)
    if type_ is Raw:
        return lambda values, _: json_array(values)
    origin = get_origin(type_)
    if origin is list:
        return _list_array_for(get_args(type_)[0])
    if origin is dict:
        return _map_array_for(arrow_type(type_))
    if _is_part(type_):
        return _part_array_for(type_)
    return _scalar_array_for(arrow_type(type_))


def _scalar_array_for(type_: pa.DataType) -> ArrayOf:
    nulls = null_arrays(type_)

    def scalar_array(values: Values, _: int) -> Array:
        rows = len(values)
        return nulls(rows) if values == none_values(rows) else pa.array(values, type_)

    return scalar_array


def _map_array_for(type_: pa.DataType) -> ArrayOf:
    nulls = null_arrays(type_)

    def map_array(values: Values, _: int) -> Array:
        if not any(values):
            return nulls(len(values))
        return pa.array([[*value.items()] if value else None for value in values], type_)

    return map_array


def _list_array_for(element: Any) -> ArrayOf:
    type_ = pa.list_(arrow_type(element))
    nulls = null_arrays(type_)
    array_of_elements = array_for(element)

    def list_array(values: Values, _: int) -> Array:
        rows = len(values)
        if values == none_values(rows):
            return nulls(rows)
        lengths = np.fromiter(map(length_hint, values), np.int32, rows)
        buffers = [_list_validity(values, lengths), buffer_of(offsets_of(lengths))]
        elements = array_of_elements(tuple(chain.from_iterable(filter(None, values))), 0)
        return pa.Array.from_buffers(type_, rows, buffers, children=[elements])

    return list_array


def _list_validity(values: Values, lengths: Any) -> pa.Buffer | None:
    missing = values.count(None)
    if not missing:
        return None
    is_valid = lengths != 0
    if len(values) - np.count_nonzero(is_valid) != missing:  # some are empty
        is_valid = np.array([value is not None for value in values])
    return validity_bits(is_valid)


def _part_array_for(part: type[Struct]) -> ArrayOf:
    type_ = arrow_type(part)
    nulls = null_arrays(type_)
    arrays_of_fields = [array_for(field.type) for field in msgspec.structs.fields(part)]
    transpose = _transpose_for(part)
    empty = _empty(part)

    def part_array(values: Values, missing: int) -> Array:
        rows = len(values)
        if not (values and all(values)):
            if values == none_values(rows):
                return nulls(rows)
            missing += values.count(None)
            values = [empty if value is None else value for value in values]
        fields = zip(arrays_of_fields, transpose(values), strict=True)
        children = [array_of(column, missing) for array_of, column in fields]
        return pa.Array.from_buffers(type_, rows, [_part_validity(children, rows, missing)], children=children)

    return part_array


def _transpose_for(part: type[Struct]) -> Callable[[Sequence[Struct]], Iterable[Values]]:
    """Parts → the values of each field. A tuple a part pays from the third field on."""
    getters = [attrgetter(name) for name in part.__struct_fields__]
    if len(getters) <= 2:
        return lambda parts: [tuple(map(getter, parts)) for getter in getters]
    return lambda parts: zip(*map(msgspec.structs.astuple, parts), strict=True)


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
