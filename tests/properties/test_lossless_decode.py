"""Columns and `unmapped` together are the record, whatever it looks like."""

import json
from decimal import Decimal
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings
from msgspec import Raw, Struct

from ingester.decode.events import decode_events
from ingester.decode.read import read_records
from ingester.model.event import ABSENT, FREE_FORM_FIELDS, CloudTrailEvent
from tests.properties.json_texts import parts

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"


def parse(text: bytes) -> Any:
    """JSON with numbers by value, told apart from true and false."""
    return _tell_apart(json.loads(text, parse_float=Decimal, parse_int=Decimal))


def _tell_apart(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _tell_apart(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_tell_apart(element) for element in value]
    return (type(value).__name__, value)


def columns(value: Any) -> Any:
    """The columns of an event, by CloudTrail's names, as `parse` has them."""
    if isinstance(value, Struct):
        fields = msgspec.structs.fields(type(value))
        known = [field for field in fields if field.name != "unmapped_json"]
        found = {field.encode_name: columns(getattr(value, field.name)) for field in known}
        return {name: member for name, member in found.items() if member is not None}
    if isinstance(value, dict):
        return {name: columns(member) for name, member in value.items()}
    if isinstance(value, list):
        return [columns(element) for element in value]
    if isinstance(value, Raw):
        return None if value == ABSENT else parse(bytes(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _tell_apart(Decimal(repr(value)))
    return None if value is None else _tell_apart(value)


def merge(below: Any, above: Any) -> Any:
    """Deep: what is above wins."""
    if isinstance(below, dict) and isinstance(above, dict):
        merged = {name: merge(below[name], member) if name in below else member for name, member in above.items()}
        return {**below, **merged}
    return above


def normal(value: Any, type_: Any) -> Any:
    """Inside typed parts null, absent and {} are equal: all absent. Free-form and unknown fields stay as they are."""
    if get_origin(type_) is UnionType:
        (type_,) = (option for option in get_args(type_) if option is not NoneType)
    if isinstance(value, dict) and isinstance(type_, type) and issubclass(type_, Struct):
        types = {field.encode_name: field.type for field in msgspec.structs.fields(type_)}
        value = {name: normal(member, types.get(name, Raw)) for name, member in value.items()}
        return {name: member for name, member in value.items() if name not in types or not _is_nothing(member)}
    if isinstance(value, dict) and get_origin(type_) is dict:
        return {name: member for name, member in value.items() if not _is_nothing(member)}
    if isinstance(value, list) and get_origin(type_) is list:
        return [normal(element, get_args(type_)[0]) for element in value]
    return value


def _is_nothing(value: Any) -> bool:
    return value in ({}, ("NoneType", None))


def assert_restores(record: bytes, event: CloudTrailEvent) -> None:
    unmapped = parse(event.unmapped_json) if event.unmapped_json is not None else {}
    restored = merge(columns(event), unmapped)
    assert normal(restored, CloudTrailEvent) == normal(parse(record), CloudTrailEvent)


@settings(deadline=None, max_examples=500)
@given(parts())
def test_columns_and_unmapped_restore_the_record(record: str) -> None:
    (event,) = decode_events([Raw(record.encode())], 0).events
    assert_restores(record.encode(), event)


@pytest.mark.skipif(not SAMPLES.exists(), reason="no samples of real records here")
def test_columns_and_unmapped_restore_real_records() -> None:
    count = 0
    for path in SAMPLES.rglob("*.json.gz"):
        for batch in read_records(iter((path.read_bytes(),))).batches:
            decoded = decode_events(batch.raws, batch.first_index)
            assert decoded.bad == []
            for raw, event in zip(batch.raws, decoded.events, strict=True):
                assert_restores(bytes(raw), event)
                count += 1
    assert count > 2_000


@settings(deadline=None, max_examples=500)
@given(parts())
def test_columns_hold_only_what_utf8_and_int64_can_say(record: str) -> None:
    (event,) = decode_events([Raw(record.encode())], 0).events
    (event.unmapped_json or b"").decode()
    msgspec.msgpack.encode(event)  # refuses both
    assert all(isinstance(getattr(event, name), Raw) for name in FREE_FORM_FIELDS)
