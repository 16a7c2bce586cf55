"""Columns of what many events share, parts and texts: each value once, and a code for each row that says which.

Arrow calls that a dictionary. It stays one until the rows are written: sorting then moves codes, not text.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import pyarrow as pa

from ingester.columns.arrays import Array, none_values, null_arrays
from ingester.columns.nested import Finish, Pools, gather_for
from ingester.columns.schema import arrow_type
from ingester.columns.strings import text_array
from ingester.model.shared_parts import SharedParts

GatherShared = Callable[[SharedParts | None, int, Pools], Finish]
"""Takes the values of a field, None if no event has one, and the number of rows."""


def shared_gather_for(type_: Any) -> GatherShared:
    """How to gather a column of parts, of a type of the model."""
    gather = gather_for(type_)
    nulls = _null_arrays(arrow_type(type_))

    def gather_shared(shared: SharedParts | None, rows: int, pools: Pools) -> Finish:
        if shared is None:
            return partial(nulls, rows)
        finish = gather(tuple(shared.values), pools, 0)
        codes = shared.codes
        return lambda: _dictionary_array(codes, rows, finish())

    return gather_shared


def shared_texts(values: Sequence[str | None]) -> Array:
    """A column of text that many events share. Raises OverflowError above 2 GiB of text."""
    if values == none_values(len(values)):
        return _null_texts(len(values))
    return text_array(values).dictionary_encode("encode")


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
