"""A row of the Parquet → the record that it came from, and whether two records are the same.

The rule: columns, with `unmapped` merged deep over them, equal the record as JSON, numbers by value and without loss
of digits. Inside typed parts null, absent and `{}` are equal; free-form fields and unknown fields are compared as
they are. Restoring knows nothing of `ingester.columns`: only the event model and what the README promises.
"""

import json
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Raw, Struct

from ingester.model.event import CloudTrailEvent


def restore(row: dict[str, Any]) -> dict[str, Any]:
    """The record as JSON objects, from a row as `pa.Table.to_pylist()` gives it."""
    record = _from_column(row, CloudTrailEvent)
    unmapped = row["unmapped"]
    return _merge(record, _parse(unmapped)) if unmapped is not None else record


def same(one: dict[str, Any] | bytes, other: dict[str, Any] | bytes) -> bool:
    """Whether two records, as `restore` gives them or as JSON text, are the same by the rule above."""
    return bool(_comparable(one) == _comparable(other))


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


def _comparable(record: dict[str, Any] | bytes) -> Any:
    return _normal(_parse(record) if isinstance(record, bytes) else record, CloudTrailEvent)


def _normal(value: Any, type_: Any) -> Any:
    """The value without what is nothing inside typed parts, and with numbers told apart from true and false."""
    if isinstance(value, dict):
        types = _member_types(type_)
        members = {name: _normal(member, types.get(name)) for name, member in value.items()}
        return {
            name: member for name, member in members.items() if name not in types or _says(member, types.get(name))
        }
    if isinstance(value, list):
        element = get_args(type_)[0] if get_origin(type_) is list else None
        elements = [_normal(member, element) for member in value]
        return [{} if element and member is None else member for member in elements]
    return ("boolean", value) if isinstance(value, bool) else value


def _says(member: Any, type_: Any) -> bool:
    """Whether a typed member differs from an absent one."""
    return member is not None and (member != {} or type_ is Raw)


class _Names(dict[str, Any]):
    """Of an open map: every name has the type of its values."""

    def __contains__(self, _: object) -> bool:
        return True


@cache  # asking msgspec costs more than all the rest of a comparison
def _member_types(type_: Any) -> dict[str, Any]:
    """The members that a type names, and their types; none for free-form values and unknown fields."""
    if isinstance(type_, type) and issubclass(type_, Struct):
        return {field.encode_name: _without_none(field.type) for field in msgspec.structs.fields(type_)}
    return _Names() if get_origin(type_) is dict else {}


def _without_none(type_: Any) -> Any:
    if get_origin(type_) is not UnionType:
        return type_
    (only,) = (option for option in get_args(type_) if option is not NoneType)
    return only
