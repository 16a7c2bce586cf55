"""Free-form columns: the JSON of open objects, as delivered, joined by one call a column.

No value is looked at but for its first byte: JSON null, the only value that begins with n, is null in the column
too, as is a field that the record does not have.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
from msgspec import Raw

from ingester.columns.arrays import Array, buffer_of, null_texts, offsets_of, validity_bits
from ingester.columns.strings import too_much_text
from ingester.model.event import ABSENT

_BYTES_MAX = 2**31 - 1
_NULL = ord("n")


@lru_cache(maxsize=16)
def _absent_values(rows: int) -> tuple[Raw, ...]:
    return (ABSENT,) * rows


def json_array(values: Sequence[Raw]) -> Array:
    """An array of text. Raises OverflowError above 2 GiB of JSON."""
    rows = len(values)
    if values == _absent_values(rows):
        return null_texts(rows)
    data = b"".join(values)
    if not data:
        return null_texts(rows)
    if len(data) > _BYTES_MAX:
        raise too_much_text(rows)
    lengths = np.fromiter(map(len, values), np.int32, rows)
    offsets = offsets_of(lengths)
    # Absent ones at the end begin behind the last byte.
    is_valid = np.frombuffer(data, np.uint8)[offsets[:-1].clip(max=len(data) - 1)] != _NULL
    is_valid &= lengths != 0
    return pa.StringArray.from_buffers(rows, buffer_of(offsets), pa.py_buffer(data), validity_bits(is_valid))
