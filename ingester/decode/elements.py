r"""A JSON object or array → the JSON text of what is in it, one level deep.

msgspec does it, but for one thing: escapes of lone surrogates ("\ud83d" without its other half), which JSON allows,
clients send and msgspec refuses. Such text is cut by hand.
"""

import json
import re
from collections.abc import Iterator

import msgspec
from msgspec import Raw

from ingester.decode.scan import STRING, find_boundaries
from ingester.decode.whole import split_array

WHITE_SPACE = b" \t\r\n"

_MEMBER = re.compile(rb"(%b)[ \t\r\n]*:[ \t\r\n]*" % STRING, re.DOTALL)

_split_object = msgspec.json.Decoder(dict[str, Raw]).decode
_check = msgspec.json.Decoder(Raw).decode


def split_members(text: Raw) -> dict[str, Raw]:
    """The members of an object; of several with one name the last, as every JSON parser has it.

    Raises ValueError if it is not JSON of an object, RecursionError if it is nested about a thousand deep.
    """
    try:
        return _split_object(text)
    except ValueError:
        members = {}
        for member in _cut(bytes(text)):
            if (name := _MEMBER.match(member)) is None:
                raise
            members[json.loads(name[1])] = Raw(member[name.end() :])
        return members


def split_values(text: Raw) -> list[Raw]:
    """The values of an array. Raises as `split_members` does."""
    try:
        return split_array(text)
    except ValueError:
        return [Raw(value) for value in _cut(bytes(text))]


def without_surrogates(text: bytes) -> bytes:
    """Text of the same structure and length, in which no escape is a surrogate."""
    return text.replace(rb"\ud", rb"\u0").replace(rb"\uD", rb"\u0")


def _cut(container: bytes) -> Iterator[bytes]:
    _check(without_surrogates(container))
    inside = container[1:]
    ends, close = find_boundaries(inside, len(inside))
    if close is None:
        raise ValueError("it is no array or object")
    start = 0
    for end in (*ends, close):
        element = inside[start:end].strip(WHITE_SPACE)
        if element:
            yield element
        start = end + 1
