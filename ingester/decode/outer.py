"""What stands around the records: a JSON object with one `Records`, an array. Of any layout and size."""

import re

from ingester.decode.buffer import Buffer
from ingester.decode.judge import Events, NotJsonError, Parser
from ingester.decode.scan import STRING
from ingester.decode.whole import HEADER
from ingester.model.errors import BadLogFileError

BESIDE_BYTES_MAX = 4 << 20
"""What may stand beside `Records`, all in all. CloudTrail puts nothing there."""

DEPTH_MAX = 1000
"""How deep the values beside `Records` may be nested: as deep as the whole lane can go."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PIECE_BYTES = 64 << 10
# Whole tokens, and no further than the first opening bracket: so one event tells which bracket opened `Records`.
_PIECE = re.compile(rb'(?:[^"\[\]{},:]*+(?:[\]{},:]|%b))*+(?:[^"\[\]{},:]*+\[)?+' % STRING, re.DOTALL)

_DEEPER = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}


class OuterDocument:
    """Takes a log file's bytes before and after the records off a buffer.

    `enter` and `leave` raise BadLogFileError where it is no log file, not JSON or cut short, and whatever the
    buffer's chunks raise.
    """

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._events = Events()
        self._parser = Parser(self._events)
        self._depth = 0
        self._key: object = None
        self._has_records = False
        self._bytes = 0

    def enter(self) -> None:
        """Takes everything up to the bracket that opens `Records`, and the bracket."""
        buffer = self._buffer
        buffer.fill(_PIECE_BYTES)
        if not buffer.data:
            raise BadLogFileError("The log file is empty.")
        if buffer.data.startswith(_BYTE_ORDER_MARK):
            buffer.drop(len(_BYTE_ORDER_MARK))
        if header := HEADER.match(buffer.data):
            self._feed(buffer.take(header.end()))
        while not self._has_records:
            if not self._feed_next():
                self._close()
                raise BadLogFileError("The log file has no Records: it is no CloudTrail log file.")

    def leave(self) -> None:
        """Takes the bracket that closes `Records`, and everything after it."""
        while self._feed_next():
            pass
        self._close()

    def _feed_next(self) -> bool:
        """Feeds one piece; False when there is none."""
        buffer, length = self._buffer, _PIECE_BYTES
        while True:
            buffer.fill(length)
            piece = _PIECE.match(buffer.data, 0, length)
            end = piece.end() if piece else 0
            is_rest = buffer.is_complete and length >= len(buffer.data)
            if end or is_rest:
                taken = buffer.take(end or len(buffer.data))
                self._feed(taken)
                return bool(taken)
            length *= 2
            if length > BESIDE_BYTES_MAX:
                raise _too_much_beside()

    def _feed(self, piece: bytes) -> None:
        self._bytes += len(piece)
        if self._bytes > BESIDE_BYTES_MAX:
            raise _too_much_beside()
        try:
            self._parser.feed(piece)
        except NotJsonError as error:
            at = self._buffer.dropped - len(piece)
            begins = "" if at else f" (it begins with {piece[:16]!r})"
            raise BadLogFileError(f"The log file is not JSON at about byte {at:,}{begins}: {error}.") from None
        depth = self._depth
        for event, value in self._events:
            if depth <= 1:
                self._note(event, value, depth)
            depth += _DEEPER.get(event, 0)
            if depth > DEPTH_MAX:
                raise BadLogFileError(f"The log file is nested more than {DEPTH_MAX:,} deep beside its Records.")
        self._depth = depth
        self._events.clear()

    def _close(self) -> None:
        try:
            self._parser.close()
        except NotJsonError as error:
            at = self._buffer.dropped
            raise BadLogFileError(f"The log file is cut short after {at:,} bytes of JSON: {error}.") from None

    def _note(self, event: str, value: object, depth: int) -> None:
        if depth == 0:
            if event != "start_map":
                raise BadLogFileError("The log file is no JSON object: it is no CloudTrail log file.")
        elif event == "map_key":
            self._key = value
        elif event != "end_map" and self._key == "Records":
            self._note_records(event)

    def _note_records(self, event: str) -> None:
        if event != "start_array":
            raise BadLogFileError("The log file's Records is no array: it is no CloudTrail log file.")
        if self._has_records:
            raise BadLogFileError("The log file has Records twice; no one can say which of them counts.")
        self._has_records = True


def _too_much_beside() -> BadLogFileError:
    return BadLogFileError(f"The log file has over {BESIDE_BYTES_MAX:,} bytes beside its Records.")
