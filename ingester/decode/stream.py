"""The stream lane: a log file of any size and any layout, in a window of a MB or so; the very bytes of each record.

A window is cut at a comma between two records and given to msgspec as an array of its own. Which comma, is first
guessed: where the file says again how its records begin. A guess needs no proof beyond msgspec's: if the text up
to some comma is a valid array, then no other reading of it exists, and the comma stands between two records. Where
guesses fail, the scan finds the comma; where msgspec refuses the window, ijson judges it.
"""

import re
from collections.abc import Iterator
from typing import NoReturn

import msgspec
from msgspec import Raw

from ingester.decode.buffer import Buffer
from ingester.decode.elements import WHITE_SPACE
from ingester.decode.judge import Nobody, NotJsonError, Parser, check_json
from ingester.decode.outer import OuterDocument
from ingester.decode.scan import find_boundaries
from ingester.decode.utf8 import mark_not_utf8
from ingester.decode.whole import split_array
from ingester.model.errors import BadLogFileError

WINDOW_BYTES = 1 << 20
"""How much is cut into records at once; a longer record widens the window."""

RECORD_BYTES_MAX = 4 << 20
"""The longest record. CloudTrail documents 256 kB; a log file with a longer one is refused, to bound memory: objects
take twenty to eighty times the bytes of `{},{},…` (measured: 4.7 GB for 60 MB of it in `resources`)."""

_GUESSES = 3
_FEW_RECORDS = 64
_WHITE_SPACE_BYTES = 256
_NOTHING = "a comma without a record"
_BEGINNING = re.compile(rb'[ \t\r\n]*(\{[ \t\r\n]*"[^"\\]{1,64}"[ \t\r\n]*:)')


def stream_records(
    chunks: Iterator[bytes], *, window_bytes: int = WINDOW_BYTES, record_bytes_max: int = RECORD_BYTES_MAX
) -> Iterator[list[Raw]]:
    """The records of a log file in order, some at a time, while the chunks of its JSON come in.

    Raises BadLogFileError where the file as a whole is not valid or has no array `Records`, perhaps after some
    records were given out, and whatever the chunks raise.
    """
    buffer = Buffer(chunks)
    outer = OuterDocument(buffer)
    outer.enter()
    index = 0
    window = window_bytes
    is_closed = False
    while not is_closed:
        buffer.fill(window)
        raws = _guess(buffer, window)
        if raws is None:
            found = _scan(buffer, window, index)
            if found is None:
                window *= 2
                if window > record_bytes_max:
                    raise too_long(index, record_bytes_max)
                continue
            raws, is_closed = found
        if len(raws) < _FEW_RECORDS:  # a record must not keep a window of white space in memory
            raws = [raw.copy() for raw in raws]
        window = window_bytes
        index += len(raws)
        if raws:
            yield raws
    outer.leave()


def too_long(index: int, bytes_max: int = RECORD_BYTES_MAX) -> BadLogFileError:
    """The error for a record that is longer than may be."""
    return BadLogFileError(f"Record {index} of the log file has over {bytes_max:,} bytes.")


def _guess(buffer: Buffer, window: int) -> list[Raw] | None:
    """Takes the records up to a guessed comma in the window's second half, and the comma; None if guesses fail."""
    data = buffer.data
    beginning = _BEGINNING.match(data, 0, window)
    if beginning is None:
        return None
    end = min(window, len(data))
    middle = end // 2
    for _ in range(_GUESSES):
        end = data.rfind(beginning[1], middle, end)
        if end < 0:
            return None
        start = max(0, end - _WHITE_SPACE_BYTES)
        before = data[start:end].rstrip(WHITE_SPACE)
        if not before.endswith(b","):
            continue
        comma = start + len(before) - 1
        raws = _split(_array(data, comma))
        if raws:
            buffer.drop(comma + 1)
            return raws
    return None


def _scan(buffer: Buffer, window: int, index: int) -> tuple[list[Raw], bool] | None:
    """Takes the records up to the window's last comma between records, and the comma; or up to the bracket that
    closes Records, and says True. None if the window holds no whole record.
    """
    ends, close = find_boundaries(buffer.data, window)
    if close is not None:
        ends.append(close)
    if not ends:
        if buffer.is_complete and len(buffer.data) <= window:
            _refuse_rest(buffer, index)
        return None
    end = ends[-1]
    array = _array(buffer.data, end)
    raws = _split(array)
    if raws is None:
        raws = _judge(array, ends, index, buffer.dropped)
    is_closed = close is not None
    if not raws and (index or not is_closed):
        raise _not_json(index, buffer.dropped, _NOTHING)
    buffer.drop(end if is_closed else end + 1)
    return raws, is_closed


def _array(data: bytearray, length: int) -> bytes:
    with memoryview(data) as view:
        return b"".join((b"[", view[:length], b"]"))


def _split(array: bytes) -> list[Raw] | None:
    try:
        return mark_not_utf8(split_array(array), array)
    except (msgspec.DecodeError, RecursionError):
        return None


def _judge(array: bytes, ends: list[int], index: int, at: int) -> list[Raw]:
    """The records of an array that msgspec refuses, each judged by ijson. Raises BadLogFileError at a wrong one."""
    raws: list[Raw] = []
    start = 0
    for end in ends:
        record = array[start + 1 : end + 1].strip(WHITE_SPACE)
        if not record:
            raise _not_json(index + len(raws), at + start, _NOTHING)
        try:
            check_json(record)
        except NotJsonError as error:
            raise _not_json(index + len(raws), at + start, error) from None
        raws.append(Raw(record))
        start = end + 1
    return mark_not_utf8(raws, array)


def _refuse_rest(buffer: Buffer, index: int) -> NoReturn:
    """Raises BadLogFileError about the last record, which has no end."""
    try:
        Parser(Nobody()).feed(bytes(buffer.data))
    except NotJsonError as error:
        raise _not_json(index, buffer.dropped, error) from None
    length = buffer.dropped + len(buffer.data)
    raise BadLogFileError(f"The log file is cut short after {length:,} bytes of JSON, at record {index}.")


def _not_json(index: int, at: int, reason: object) -> BadLogFileError:
    return BadLogFileError(f"The log file is not JSON at record {index}, which begins at byte {at:,}: {reason}.")
