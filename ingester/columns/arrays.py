"""What Arrow arrays are made of: buffers, validity bits, and arrays of nulls, which absent columns share."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    Array: TypeAlias = pa.Array[Any]
else:
    Array = pa.Array

Numbers: TypeAlias = np.ndarray[tuple[int], np.dtype[Any]]

Values = Sequence[Any]
"""The values of a column. Columns without a value are told by comparing with a tuple, so tuples are what is meant."""


def buffer_of(numbers: Numbers) -> pa.Buffer:
    """The memory of a NumPy array, not copied."""
    memory: Any = numbers  # the stubs don't know that NumPy arrays are buffers
    return pa.py_buffer(memory)


def validity_bits(is_valid: Numbers) -> pa.Buffer:
    """Arrow's bits, least significant first, of an array of booleans."""
    return buffer_of(np.packbits(is_valid, bitorder="little"))


def offsets_of(lengths: Numbers) -> Numbers:
    """Where each value begins, and where the last one ends."""
    offsets = np.zeros(len(lengths) + 1, np.int32)
    lengths.cumsum(out=offsets[1:])
    return offsets


@lru_cache(maxsize=16)
def none_values(rows: int) -> tuple[None, ...]:
    """What a column without a value equals. Comparing takes 1 ns a row, and stops at the first value."""
    return (None,) * rows


def null_arrays(type_: Any) -> Callable[[int], Array]:
    """Number of rows → an array of so many nulls of a type. The last ones are kept: chunks mostly have one length."""

    @lru_cache(maxsize=4)
    def nulls(rows: int) -> Array:
        array: Array = pa.nulls(rows, type_)
        return array

    return nulls


null_texts = null_arrays(pa.string())
