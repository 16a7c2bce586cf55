"""eventTime: text → milliseconds since 1970 in UTC, and the texts that the column does not give back exactly."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
import pyarrow as pa

from ingester.columns.arrays import Array, buffer_of, none_values, null_arrays
from ingester.columns.schema import TIME

_LENGTH = len("YYYY-MM-DDTHH:MM:SSZ")
_MARKS = b"--T::Z\0"
_MARK_PLACES = np.array([4, 7, 10, 13, 16, 19, 20])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

_nulls = null_arrays(TIME)


def time_column(texts: Sequence[str | None]) -> tuple[Array, dict[int, str]]:
    """The times, and by row each text that is not what the time reads in CloudTrail's own form.

    That form is `2024-03-13T08:33:30Z`, or `….500Z` where the milliseconds are not zero. A text with more digits or
    another offset has a time all the same, cut to milliseconds; what is no ISO 8601 time at all is null.
    """
    times = _all_usual(texts)
    return (times, {}) if times is not None else _one_by_one(texts)


def _all_usual(texts: Sequence[str | None]) -> Array | None:
    """The times if all are `YYYY-MM-DDTHH:MM:SSZ`: 35 ns each, most of it Arrow's parser.

    Arrow refuses what is not in the calendar, but takes a space for the T, so the marks are checked here. Years
    before 1000 are left to the other way: Arrow takes the year 0, which Python and others don't know.
    """
    rows = len(texts)
    if texts == none_values(rows):
        return _nulls(rows)
    try:
        joined = "\0".join((*texts, "")).encode()  # type: ignore[arg-type]
    except TypeError:  # a None
        return None
    if len(joined) != rows * (_LENGTH + 1):
        return None
    characters = np.frombuffer(joined, np.uint8).reshape(rows, _LENGTH + 1)
    if characters[:, _MARK_PLACES].tobytes() != _MARKS * rows or characters[:, 0].min() <= ord("0"):
        return None
    plain = pa.py_buffer(characters[:, :_LENGTH].tobytes())
    try:
        return pa.StringArray.from_buffers(rows, _offsets(rows), plain).cast(TIME)
    except pa.ArrowInvalid:
        return None


@lru_cache(maxsize=4)
def _offsets(rows: int) -> pa.Buffer:
    return buffer_of(np.arange(rows + 1, dtype=np.int32) * _LENGTH)


def _one_by_one(texts: Sequence[str | None]) -> tuple[Array, dict[int, str]]:
    milliseconds: list[int | None] = []
    odd = {}
    for row, text in enumerate(texts):
        value, usual = (None, None) if text is None else _parse(text)
        milliseconds.append(value)
        if text is not None and text != usual:
            odd[row] = text
    return pa.array(milliseconds, pa.int64()).cast(TIME), odd


def _parse(text: str) -> tuple[int | None, str | None]:
    """Milliseconds since 1970, and how CloudTrail writes that time; None and None for what is no time."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        milliseconds = (moment - _EPOCH) // _MILLISECOND
        usual = (_EPOCH + milliseconds * _MILLISECOND).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None, None
    return milliseconds, usual.isoformat(timespec="milliseconds" if milliseconds % 1000 else "seconds") + "Z"
