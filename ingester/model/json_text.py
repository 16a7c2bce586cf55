"""JSON text ↔ Python values, without loss: what the properties of events and `to_dict` are made with."""

import json
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Raw


def parse_json(text: bytes | Raw) -> Any:
    """The value of JSON text. A number that neither an int nor a float holds in all its digits is a Decimal.

    Lone surrogates, which JSON allows and UTF-8 does not, stay in the strings. Raises ValueError, RecursionError.
    """
    try:
        return _decode(text)
    except ValueError:
        return json.loads(bytes(text), parse_float=_number, parse_int=_whole_number)


def encode_json(value: Any) -> bytes:
    """JSON text of what `parse_json` gives, and of the event model's Structs and Raws."""
    try:
        return _encode(value)
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can say
        return json.dumps(value, default=float).encode()


def merge_deep(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """A new dict: where both have a value, objects are merged, and else the one above wins."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        merged[name] = merge_deep(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def _number(text: str) -> float | Decimal:
    number = float(text)
    exact = Decimal(text)
    return number if Decimal(repr(number)) == exact else exact


def _whole_number(text: str) -> int | Decimal:
    return int(text) if len(text) <= 4_000 else Decimal(text)  # Python converts 4,300 digits at most


_decode = msgspec.json.Decoder(float_hook=_number).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
