"""A row of the Parquet → the record that it came from, and a digest under which the same records are equal.

The rule: columns, with `unmapped` merged deep over them, equal the record as JSON, numbers by value and without loss
of digits. Inside typed parts null, absent and `{}` are equal; free-form fields and unknown fields are compared as
they are. Restoring knows nothing of `ingester.columns`, so that an error there shows: only the event model.
"""

import json
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Raw, Struct

from ingester.model.event import CloudTrailEvent

DIGEST_BYTES = 8


def digest_of_row(row: dict[str, Any]) -> bytes:
    """The digest of the record that a row, as `pa.Table.to_pylist()` gives it, came from."""
    record = _from_column(row, CloudTrailEvent)
    unmapped = row["unmapped"]
    return _digest(_merge(record, _parse(unmapped)) if unmapped is not None else record)


def digest_of_record(record: bytes) -> bytes:
    """The digest of a record as delivered. Raises ValueError or RecursionError where it can't be parsed."""
    return _digest(_parse(record))


def _digest(record: Any) -> bytes:
    parts: list[str] = []
    _write(_normal(record, CloudTrailEvent), parts)
    return blake2b("".join(parts).encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


def _write(value: Any, parts: list[str]) -> None:
    """A text that is the same for equal values only."""
    if isinstance(value, dict):
        parts.append("{")
        for name in sorted(value):
            parts.append(f"{len(name)}:{name}")
            _write(value[name], parts)
        parts.append("}")
    elif isinstance(value, list):
        parts.append("[")
        for element in value:
            _write(element, parts)
        parts.append("]")
    elif isinstance(value, str):
        parts.append(f"s{len(value)}:{value}")
    elif isinstance(value, bool) or value is None:
        parts.append(f"={value}")
    else:
        parts.append(_number(Decimal(value)))


def _number(value: Decimal) -> str:
    """A number without the zeros at its end, so that 1, 1.0 and 10e-1 are one."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return f"n{value}"
    text = "".join(map(str, digits)).lstrip("0")
    kept = text.rstrip("0")
    return f"n{sign}:{kept}e{exponent + len(text) - len(kept)};" if kept else "n0;"


def _from_column(value: Any, type_: Any) -> Any:
    """A column's value as JSON of it parses, without members that are null."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="milliseconds" if value.microsecond else "seconds") + "Z"
    if type_ is Raw:
        return _parse(value)
    if get_origin(type_) is dict:
        return dict(value)
    if get_origin(type_) is list:
        return [_from_column(element, get_args(type_)[0]) for element in value]
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        types = _member_types(type_)
        found = {name: _from_column(value[name], types[name]) for name in types}
        return {name: member for name, member in found.items() if member is not None}
    return value


def _merge(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {name: _merge(below.get(name), member) for name, member in above.items()}
    return above


def _parse(text: str | bytes) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)  # int refuses more than 4,300 digits


def _normal(value: Any, type_: Any) -> Any:
    """The value without what is nothing inside typed parts."""
    if isinstance(value, dict):
        if get_origin(type_) is dict:
            members = {name: _normal(member, None) for name, member in value.items()}
            return {name: member for name, member in members.items() if _says(member, None)}
        types = _member_types(type_)
        members = {name: _normal(member, types.get(name)) for name, member in value.items()}
        return {
            name: member for name, member in members.items() if name not in types or _says(member, types.get(name))
        }
    if isinstance(value, list):
        element = get_args(type_)[0] if get_origin(type_) is list else None
        elements = [_normal(member, element) for member in value]
        return [{} if element and member is None else member for member in elements]
    return value


def _says(member: Any, type_: Any) -> bool:
    """Whether a typed member differs from an absent one."""
    return member is not None and (member != {} or type_ is Raw)


@lru_cache(maxsize=256)
def _member_types(type_: Any) -> dict[str, Any]:
    """The members that a type names, and their types; none for free-form values and unknown fields."""
    if isinstance(type_, type) and issubclass(type_, Struct):
        return {field.encode_name: _without_none(field.type) for field in msgspec.structs.fields(type_)}
    return {}


def _without_none(type_: Any) -> Any:
    if get_origin(type_) is not UnionType:
        return type_
    (only,) = (option for option in get_args(type_) if option is not NoneType)
    return only
