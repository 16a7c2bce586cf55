"""`unmapped`: JSON text of what does not fit an event's columns, nested as the record is.

Merged deep over the columns it restores the record; where both have a value, `unmapped` wins. It is built out of
the bytes as delivered, so that numbers keep their digits and strings their escapes. Pure; runs in the worker.
"""

import json
from collections.abc import Iterable

import msgspec


def object_text(members: Iterable[tuple[str, bytes]]) -> bytes:
    """JSON text of an object with these names and values; the values are JSON text."""
    return b"{%b}" % b",".join([b"%b:%b" % (_name_text(name), value) for name, value in members])


def merge_unmapped(existing: bytes | None, json_name: str, raw: bytes) -> bytes:
    """`existing`, JSON text of an object or None, with `raw`, JSON text, as its top-level member `json_name`.

    A member of that name that `existing` has stays: it is what was delivered, while `raw` may come from a column
    that was made of it. Raises ValueError if `existing` is not JSON text of an object.
    """
    if existing is None:
        return object_text([(json_name, raw)])
    name = _name_text(json_name)
    if name in existing and _has_member(existing, json_name):
        return existing
    rest = existing.strip().removeprefix(b"{").lstrip()
    if not rest:
        raise ValueError(f"not a JSON object: {existing[:40]!r}")
    # In front, so that the existing member would win if it was nested too deep to be seen.
    return b"{%b:%b%b%b" % (name, raw, b"" if rest == b"}" else b",", rest)


def _has_member(text: bytes, name: str) -> bool:
    try:
        # Numbers as they stand: Python refuses to convert more than 4,300 digits.
        return name in json.loads(text, parse_int=str, parse_float=str)
    except RecursionError:
        return False


def _name_text(name: str) -> bytes:
    try:
        return msgspec.json.encode(name)
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can say
        return json.dumps(name).encode()
