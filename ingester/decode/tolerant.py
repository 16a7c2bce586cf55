"""The tolerant path: a record that does not fit the model, field by field, so that nothing of it is lost.

What fits goes to its column. A value of another type is coerced where that makes sense (a number becomes its text,
"true" becomes true), else the column stays empty; either way the value as delivered goes to `unmapped`, as do
unknown fields, at every level. Columns and `unmapped` together are the record: see `ingester.model.unmapped`.

The model alone guides it: a new field or part needs no change here.
"""

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Raw, Struct

from ingester.decode.elements import split_members, split_values
from ingester.decode.utf8 import without_mark
from ingester.model.event import CloudTrailEvent, LooseEvent
from ingester.model.unmapped import object_text

Fitted = tuple[Any, bytes | None]
"""What goes to the column, and the JSON text that goes to `unmapped` at this place, if any."""

Fit = Callable[[Raw], Fitted]

Fields = dict[str, tuple[str, Fit]]
"""JSON name → attribute, and how to fit its value."""

_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_KINDS = {b'"': "a string", b"[": "an array", b"n": "null", b"t": "true", b"f": "false"}

_text_or_null = msgspec.json.Decoder(str | None).decode
_boolean_or_null = msgspec.json.Decoder(bool | None).decode


class UnreadableRecordError(Exception):
    """A record that can't be read at all. The message says why."""


def fit_event(raw: Raw) -> CloudTrailEvent:
    """The event of a record that is any JSON object: a LooseEvent unless all of it fits.

    Raises UnreadableRecordError.
    """
    record = bytes(raw)
    if without_mark(record) is not None:
        raise UnreadableRecordError("The record is not UTF-8.")
    kind = record[:1]
    if kind != b"{":
        raise UnreadableRecordError(f"The record is {_KINDS.get(kind, 'a number')}, not an object.")
    try:
        attributes, unmapped = _fit_members(raw, _EVENT_FIELDS)
    except RecursionError:
        raise UnreadableRecordError("The record is nested too deep: about a thousand levels or more.") from None
    except ValueError as error:
        raise UnreadableRecordError(f"The record is not JSON: {error}.") from None
    return CloudTrailEvent(**attributes) if unmapped is None else LooseEvent(**attributes, unmapped_json=unmapped)


def _fit_members(raw: Raw, fields: Fields) -> tuple[dict[str, Any], bytes | None]:
    attributes = {}
    unfit = []
    for name, value in split_members(raw).items():
        if name in fields:
            attribute, fit = fields[name]
            attributes[attribute], rest = fit(value)
            if rest is not None:
                unfit.append((name, rest))
        else:
            unfit.append((name, bytes(value)))
    return attributes, object_text(unfit) if unfit else None


def _fit_any(raw: Raw) -> Fitted:
    return raw, None


def _fit_text(raw: Raw) -> Fitted:
    try:
        return _text_or_null(raw), None
    except ValueError:
        text = bytes(raw)
    if text[:1] in b"{[":
        return None, text
    if text[:1] == b'"':  # with a lone surrogate, which UTF-8 can't say
        return json.loads(text).encode("utf-16", "surrogatepass").decode("utf-16", "replace"), text
    return text.decode(), text


def _fit_boolean(raw: Raw) -> Fitted:
    try:
        return _boolean_or_null(raw), None
    except ValueError:
        text = bytes(raw)
    return {b'"true"': True, b'"false"': False}.get(text.lower()), text


def _number_fit(convert: Callable[[Decimal], int | float | None]) -> Fit:
    def fit(raw: Raw) -> Fitted:
        text = bytes(raw)
        if text == b"null":
            return None, None
        number = _number(text.strip(b'"'))
        value = None if number is None else convert(number)
        # repr is the shortest text that stands for a float: if it is the number, the float kept all of its digits.
        is_exact = value is not None and Decimal(repr(value)) == number and not text.startswith(b'"')
        return value, None if is_exact else text

    return fit


def _number(text: bytes) -> Decimal | None:
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text.decode())
    except InvalidOperation:  # an exponent of twenty digits
        return None


def _to_float(number: Decimal) -> float | None:
    value = float(number)
    return value if math.isfinite(value) else None


def _to_int64(number: Decimal) -> int | None:
    return int(number) if -(2**63) <= number < 2**63 and number == number.to_integral_value() else None


def _map_fit(fit_value: Fit) -> Fit:
    def fit(raw: Raw) -> Fitted:
        if not _begins_with(raw, b"{"):
            return _fit_null_only(raw)
        column = {}
        unfit = []
        for name, value in split_members(raw).items():
            fitted, rest = fit_value(value)
            if not _is_unicode(name):
                rest = bytes(value)
            elif fitted is not None or rest is None:
                column[name] = fitted
            if rest is not None:
                unfit.append((name, rest))
        return column, object_text(unfit) if unfit else None

    return fit


def _list_fit(fit_value: Fit, empty: Callable[[], Any]) -> Fit:
    def fit(raw: Raw) -> Fitted:
        if not _begins_with(raw, b"["):
            return _fit_null_only(raw)
        fitted = [fit_value(value) for value in split_values(raw)]
        is_exact = all(value is not None and rest is None for value, rest in fitted)
        column = [empty() if value is None else value for value, _ in fitted]
        return column, None if is_exact else bytes(raw)

    return fit


def _part_fit(part: type[Struct]) -> Fit:
    fields = _fields(part)
    strict = None if _has_numbers(part) else msgspec.json.Decoder(part | None).decode

    def fit(raw: Raw) -> Fitted:
        if strict:
            try:
                return strict(raw), None
            except ValueError:
                pass
        if not _begins_with(raw, b"{"):
            return _fit_null_only(raw)
        attributes, unfit = _fit_members(raw, fields)
        return part(**attributes), unfit

    return fit


def _fit_null_only(raw: Raw) -> Fitted:
    text = bytes(raw)
    return None, None if text == b"null" else text


def _begins_with(raw: Raw, character: bytes) -> bool:
    return memoryview(raw)[:1] == character


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _fields(part: type[Struct]) -> Fields:
    return {field.encode_name: (field.name, _fit_for(field.type)) for field in msgspec.structs.fields(part)}


def _fit_for(type_: Any) -> Fit:
    """How to fit values of a field's type, as written in the model."""
    type_ = _without_none(type_)
    simple = {
        Raw: _fit_any, str: _fit_text, bool: _fit_boolean, float: _number_fit(_to_float), int: _number_fit(_to_int64),
    }  # fmt: skip
    if type_ in simple:
        return simple[type_]
    if get_origin(type_) is dict:
        return _map_fit(_fit_for(get_args(type_)[1]))
    if get_origin(type_) is list:
        element = get_args(type_)[0]
        return _list_fit(_fit_for(element), element)
    return _part_fit(type_)


def _has_numbers(type_: Any) -> bool:
    """Whether digits can be lost inside: the strict decoder does not tell."""
    type_ = _without_none(type_)
    if isinstance(type_, type) and issubclass(type_, Struct):
        return any(_has_numbers(field.type) for field in msgspec.structs.fields(type_))
    return type_ in (int, float) or any(map(_has_numbers, get_args(type_)))


def _without_none(type_: Any) -> Any:
    if get_origin(type_) is not UnionType:
        return type_
    (only,) = (option for option in get_args(type_) if option is not NoneType)
    return only


_EVENT_FIELDS = _fields(CloudTrailEvent)
