"""Where each record stands in the decompressed log file: for users who want to know (`raw_event_info`).

The lanes give each record's very bytes in order, but not their place. Between two records stand a comma and white
space, so the place is found by looking for the record from where the one before it ends: the first find is it.
"""

import json
import re
from collections.abc import Iterator, Sequence

from msgspec import Raw

from ingester.decode.gunzip import GZIP_MAGIC, gunzip
from ingester.decode.read import Records, read_records
from ingester.decode.scan import STRING, find_boundaries
from ingester.decode.utf8 import without_mark
from ingester.decode.whole import HEADER
from ingester.model.errors import BadLogFileError
from ingester.model.settings import Settings

_NAME = re.compile(STRING, re.DOTALL)


def read_with_positions(chunks: Iterator[bytes], settings: Settings) -> "tuple[Records, Positions | None]":
    """The records of a log file, and, where the settings want it, what knows their places.

    Raises as `read_records`.
    """
    if not settings.raw_event_info:
        return read_records(chunks), None
    positions = Positions(chunks)
    return read_records(positions.pieces), positions


class Positions:
    """Reads along with the decoder. `chunks` are the log file's; `pieces` goes to the decoder in their place.

    Holds what the decoder has been given and has not yet given back as records.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.pieces = self._read_along(gunzip(chunks))
        self._text = bytearray()
        self._dropped = 0
        self._is_inside = False

    def find(self, raws: Sequence[Raw]) -> list[int]:
        """The byte offsets at which the next records begin."""
        if not self._is_inside:
            self._drop(_records_begin(self._text))
            self._is_inside = True
        starts = []
        end = 0
        for raw in raws:
            raw_bytes = bytes(raw)
            record = without_mark(raw_bytes) or raw_bytes
            start = self._text.index(record, end)
            starts.append(self._dropped + start)
            end = start + len(record)
        self._drop(end)
        return starts

    def _drop(self, length: int) -> None:
        del self._text[:length]
        self._dropped += length

    def _read_along(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            if not self._dropped and not self._text and piece.startswith(GZIP_MAGIC):
                raise BadLogFileError("The log file is not JSON: gzip in its gzip.")
            self._text += piece
            yield piece


def _records_begin(text: bytearray) -> int:
    """Where the first record may begin. `text`: the log file, at least up to there, known to be valid."""
    if header := HEADER.match(text):
        return header.end()
    opened = text.index(b"{") + 1
    inside = bytes(text[opened:])
    start = 0
    for comma in (*find_boundaries(inside, len(inside)).commas, len(inside)):
        name = _NAME.search(inside, start)
        if name is not None and json.loads(name[0]) == "Records":
            return opened + inside.index(b"[", name.end()) + 1
        start = comma + 1
    raise AssertionError("a log file that has records has Records")
