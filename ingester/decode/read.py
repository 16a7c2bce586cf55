"""One log file's chunks → its records, through the lane that suits it."""

from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from msgspec import Raw, Struct

from ingester.decode.gunzip import GZIP_MAGIC, gunzip, inflate_at_once
from ingester.decode.stream import RECORD_BYTES_MAX, WINDOW_BYTES, stream_records, too_long
from ingester.decode.whole import split_whole
from ingester.model.errors import BadLogFileError

WHOLE_BYTES_MAX = 64 << 20
"""JSON that is held in memory as a whole. AWS caps log files at 50 MB before compression."""

RECORDS_IN_MEMORY_MAX = 200_000
"""Records of a file that is held as a whole; one with more streams. 64 MB of `1,1,1,…` would take 2 GB."""

JSON_BYTES_MAX = 4 << 30
RECORDS_MAX = 20_000_000
"""How much one log file may hold, and how many records: a few kilobytes of gzip can keep a worker busy for days."""

_SPLIT_AT_ONCE_BYTES = 8 << 20
"""JSON that is split in one call, before it is known how many records it has: 270 MB of memory at worst."""


class RawBatch(Struct, frozen=True, gc=False):
    """Some records of a log file, each as the very bytes that were delivered.

    `first_index`: place of the first in `Records`, from 0. A record that is not UTF-8 carries a mark, so that only
    `decode_events` knows what to do with it.
    """

    first_index: int
    raws: list[Raw]


class Records:
    """The records of one log file.

    `batches` gives them once, in order. `is_whole`: all is in memory and valid, in exactly one batch; otherwise
    batches of about a MB come as the file streams in, and BadLogFileError, or an error of its chunks, may still
    come between two of them. `json_bytes`: how much JSON was inflated so far.
    """

    __slots__ = ("batches", "is_whole", "json_bytes")

    def __init__(self, batches: Iterator[RawBatch], is_whole: bool, json_bytes: int) -> None:
        self.batches = batches
        self.is_whole = is_whole
        self.json_bytes = json_bytes


class Held(NamedTuple):
    """A log file that is too large to be held as a whole: its first pieces, their bytes, and the pieces to come."""

    begun: deque[bytes]
    begun_bytes: int
    rest: Iterator[bytes]


def read_records(
    chunks: Iterator[bytes], whole_bytes_max: int = WHOLE_BYTES_MAX, *, window_bytes: int = WINDOW_BYTES
) -> Records:
    """The records of a log file, gzipped or plain, whose chunks are given.

    A file of `whole_bytes_max` of JSON at most is read and checked now, a larger one while its batches are taken,
    in windows of `window_bytes`. Raises BadLogFileError, now or from the batches, and what the chunks raise.
    """
    return records_of(hold(chunks, whole_bytes_max), window_bytes)


def hold(chunks: Iterator[bytes], whole_bytes_max: int = WHOLE_BYTES_MAX) -> bytes | Held:
    """The JSON of a log file in one piece; what was inflated so far, with what brings the rest, where that is more
    than `whole_bytes_max`. Raises BadLogFileError, and what the chunks raise."""
    first = next(chunks, b"")
    second = next(chunks, None)
    if second is None:
        data = _at_once(first, whole_bytes_max)
        if data is not None:
            return data
        chunks = iter((first,))
    else:
        chunks = chain((first, second), chunks)
    pieces = gunzip(chunks)
    held: deque[bytes] = deque()
    held_bytes = 0
    for piece in pieces:
        held.append(piece)
        held_bytes += len(piece)
        if held_bytes > whole_bytes_max:
            return Held(held, held_bytes, pieces)
    return b"".join(held)


def records_of(text: bytes | Held, window_bytes: int = WINDOW_BYTES) -> Records:
    """The records of what `hold` gave. Raises as `read_records` does."""
    if isinstance(text, bytes):
        return _whole(text, window_bytes)
    return _streaming(text, window_bytes)


def _at_once(body: bytes, bytes_max: int) -> bytes | None:
    if body.startswith(GZIP_MAGIC):
        return inflate_at_once(body, bytes_max)
    return body if len(body) <= bytes_max else None


def _whole(data: bytes, window_bytes: int) -> Records:
    raws = split_whole(data) if len(data) <= _SPLIT_AT_ONCE_BYTES else None
    if raws is not None and len(raws) > RECORDS_IN_MEMORY_MAX:
        del raws
        return _streaming(Held(deque((data,)), len(data), iter(())), window_bytes)
    if raws is not None and len(data) > RECORD_BYTES_MAX:
        for index, raw in enumerate(raws):
            if len(raw) > RECORD_BYTES_MAX:
                raise too_long(index)
    if raws is None:
        raws = []
        for some in stream_records(iter((data,)), window_bytes=window_bytes):
            raws += some
            if len(raws) > RECORDS_IN_MEMORY_MAX:
                return _streaming(Held(deque((data,)), len(data), iter(())), window_bytes)
    return Records(iter((RawBatch(0, raws),)), True, len(data))


def _streaming(text: Held, window_bytes: int) -> Records:
    def count() -> Iterator[bytes]:
        while text.begun:
            yield text.begun.popleft()
        for piece in text.rest:
            records.json_bytes += len(piece)
            if records.json_bytes > JSON_BYTES_MAX:
                raise BadLogFileError(f"The log file inflates to over {JSON_BYTES_MAX:,} bytes of JSON.")
            yield piece

    def batches() -> Iterator[RawBatch]:
        first_index = 0
        for raws in stream_records(count(), window_bytes=window_bytes):
            yield RawBatch(first_index, raws)
            first_index += len(raws)
            if first_index > RECORDS_MAX:
                raise BadLogFileError(f"The log file has over {RECORDS_MAX:,} records.")

    records = Records(batches(), False, text.begun_bytes)
    return records
