"""ijson judges the JSON that msgspec refuses: nested a hundred thousand deep, lone surrogates, of any size.

yajl underneath ijson keeps a stack of its own and reads piece by piece. Only the structure counts here, so what
ijson can't turn into a Python value is replaced by something of the same structure: bytes that are not UTF-8,
lone surrogates (UnicodeDecodeError), numbers of more digits than Python converts (ijson 3.6 answers with a
SystemError), exponents beyond Decimal.
"""

import re
from collections import deque
from collections.abc import Callable
from typing import Any

from ijson import JSONError
from ijson.backends import yajl2_c  # in all of ijson's wheels; its other backends let control characters pass

from ingester.decode.elements import without_surrogates

_NOT_ASCII = bytes(range(0x80, 0x100))
# yajl takes \v and \f for white space, JSON does not.
_SAME_STRUCTURE = bytes.maketrans(_NOT_ASCII + b"\v\f", b"?" * len(_NOT_ASCII) + b"\1\1")
# Four digits stay, because they may belong to a \u escape.
_MANY_DIGITS = re.compile(rb"([0-9]{4})[0-9]{8,}")


class NotJsonError(ValueError):
    """Bytes that are not JSON. The message says why, in a few words."""


class Events(list[tuple[str, Any]]):
    """ijson's events, as a list: its coroutines want to `send` them."""

    send = list.append


class Nobody:
    """Takes events and forgets them."""

    send = deque[object](maxlen=0).append


class Parser:
    """ijson's push parser over bytes of which only the structure counts; `sink` gets the events.

    A piece that is fed must not end inside a number or an escape.
    """

    def __init__(self, sink: Events | Nobody) -> None:
        self._coroutine = yajl2_c.basic_parse_coro(sink)

    def feed(self, piece: bytes) -> None:
        """Sends the events of `piece`. Raises NotJsonError."""
        if not piece:
            return  # the end, to ijson
        piece = without_surrogates(piece.translate(_SAME_STRUCTURE))
        _run(self._coroutine.send, _MANY_DIGITS.sub(rb"\1", piece))

    def close(self) -> None:
        """Raises NotJsonError unless what was fed is one complete JSON value."""
        _run(self._coroutine.close)


def check_json(text: bytes) -> None:
    """Raises NotJsonError unless `text` is one JSON value, however deep it is nested. Takes little memory."""
    parser = Parser(Nobody())
    parser.feed(text)
    parser.close()


def _run(call: Callable[..., object], *arguments: bytes) -> None:
    try:
        call(*arguments)
    except JSONError as error:
        # yajl shows the place on the lines that follow, in bytes that we have replaced.
        raise NotJsonError(str(error).partition("\n")[0].rstrip(". ")) from None
