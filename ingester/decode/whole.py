"""The whole lane: a log file in memory, in CloudTrail's layout, `{"Records":[…]}` and nothing beside it.

msgspec checks all of the JSON and cuts it into slices of the very bytes, without a copy: 0.4 µs a record. Every
other layout, and whatever msgspec refuses, is the stream lane's.
"""

import re

import msgspec
from msgspec import Raw

from ingester.decode.utf8 import mark_not_utf8

HEADER = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*"Records"[ \t\r\n]*:[ \t\r\n]*\[')
_TAIL = re.compile(rb"\][ \t\r\n]*\}[ \t\r\n]*\Z")
_TAIL_BYTES = 256

split_array = msgspec.json.Decoder(list[Raw]).decode
"""The elements of a JSON array as slices of it. Raises DecodeError and, nested more than about a thousand deep,
RecursionError."""


def split_whole(data: bytes) -> list[Raw] | None:
    """The records of a log file, the very bytes of each; None if the stream lane must look at it.

    What stands between the first bracket and the last is one JSON array, so there can't be a second `Records`.
    """
    if data.startswith(b'{"Records":[') and data.endswith(b"]}"):
        start, end = 11, len(data) - 1
    else:
        header = HEADER.match(data)
        tail = _TAIL.search(data, max(0, len(data) - _TAIL_BYTES))
        if header is None or tail is None:
            return None
        start, end = header.end() - 1, tail.start() + 1
    try:
        raws = split_array(memoryview(data)[start:end])
    except (msgspec.DecodeError, RecursionError):
        return None
    return mark_not_utf8(raws, data)
