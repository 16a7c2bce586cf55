"""Free-form columns: the JSON of open objects, as delivered, joined by one call for all of these columns.

No value is looked at but for its first byte: JSON null, the only value that begins with n, is null in the column
too, as is a field that the record does not have.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np
import pyarrow as pa
from msgspec import Raw

from ingester.columns.arrays import Array, buffer_of, null_texts, offsets_of, validity_bits
from ingester.columns.strings import too_much_text
from ingester.model.event import ABSENT

_BYTES_MAX = 2**31 - 1
_NULL = b"null"


@lru_cache(maxsize=16)
def _absent_values(rows: int) -> tuple[Raw, ...]:
    return (ABSENT,) * rows


class JsonTexts:
    """Gathers free-form columns; after `make` they can be had as Arrow arrays of text."""

    __slots__ = ("_array", "_values")

    def __init__(self) -> None:
        self._values: list[Raw] = []
        self._array = null_texts(0)

    def add(self, values: Sequence[Raw]) -> Callable[[], Array]:
        """Take a column; what is given back makes its array, once `make` was called."""
        rows = len(values)
        if values == _absent_values(rows):
            return partial(null_texts, rows)
        start = len(self._values)
        self._values += values
        return lambda: self._array.slice(start, rows)

    def make(self) -> None:
        """Make the array of all columns. Raises OverflowError above 2 GiB of JSON."""
        values = self._values
        if not values:
            return
        rows = len(values)
        # The last one is no value: it is there so that every value has a byte at its offset.
        data = b"".join((*values, _NULL))
        if len(data) > _BYTES_MAX:
            raise too_much_text(rows)
        lengths = np.fromiter(map(len, values), np.int32, rows)
        offsets = offsets_of(lengths)
        is_valid = np.frombuffer(data, np.uint8)[offsets[:-1]] != _NULL[0]
        is_valid &= lengths != 0
        self._array = pa.StringArray.from_buffers(
            rows, buffer_of(offsets), pa.py_buffer(data), validity_bits(is_valid)
        )
