"""Columns of what many events share, parts and texts: each value once, and a code for each row that says which.

Arrow calls that a dictionary. It stays one until the rows are written: sorting then moves codes, not text.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa

from ingester.columns.arrays import Array, none_values, null_arrays
from ingester.columns.nested import array_for
from ingester.columns.schema import arrow_type
from ingester.columns.strings import text_array
from ingester.model.shared_parts import SharedParts

SharedArrayOf = Callable[[SharedParts | None, int], Array]
"""Takes the values of a field, None if no event has one, and the number of rows."""


def shared_array_for(type_: Any) -> SharedArrayOf:
    """How to make a column of parts, of a type of the model."""
    array_of = array_for(type_)
    nulls = _null_arrays(arrow_type(type_))

    def shared_array(shared: SharedParts | None, rows: int) -> Array:
        if shared is None:
            return nulls(rows)
        return _dictionary_array(shared.codes, rows, array_of(tuple(shared.values), 0))

    return shared_array


def shared_text_array(values: Sequence[str | None]) -> Array:
    """A column of text that many events share. Raises OverflowError above 2 GiB of text."""
    if values == none_values(len(values)):
        return _null_texts(len(values))
    texts: Any = text_array(values)
    encoded: Array = texts.dictionary_encode("encode")
    return encoded


def shared_by_counts(texts: Sequence[str], counts: Sequence[int]) -> Array:
    """A column of each text so many times, one after another."""
    encoded = pa.array(texts, pa.string()).dictionary_encode()
    codes = encoded.indices.to_numpy().repeat(counts)
    return _dictionary_array(codes.data, len(codes), encoded.dictionary)


def _null_arrays(type_: pa.DataType) -> Callable[[int], Array]:
    null = null_arrays(type_)(1)

    @lru_cache(maxsize=4)
    def nulls(rows: int) -> Array:
        return _dictionary_array(memoryview(bytes(rows * 4)), rows, null)

    return nulls


_null_texts = _null_arrays(pa.string())


def _dictionary_array(codes: memoryview, rows: int, values: Array) -> Array:
    indices = pa.Array.from_buffers(pa.int32(), rows, [None, pa.py_buffer(codes)])
    array: Array = pa.DictionaryArray.from_arrays(indices, values, safe=False)
    return array
