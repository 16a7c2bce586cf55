"""Cutting objects and arrays one level deep, lone surrogates included."""

import pytest
from msgspec import Raw

from ingester.decode.elements import split_members, split_values

SURROGATES = [rb'"\ud83d"', rb'"x\uDE00y"', rb'["\ud83d", {"\ud83d": "}"}]']


@pytest.mark.parametrize("odd", [b"1", *SURROGATES])
def test_members_are_the_very_bytes(odd: bytes) -> None:
    members = split_members(Raw(b'{ "a" : 1.50, "b":{"c":[1,2]} ,"odd": %b, "d\\u0065":"," }' % odd))
    assert {name: bytes(value) for name, value in members.items()} == {
        "a": b"1.50",
        "b": b'{"c":[1,2]}',
        "odd": odd,
        "de": b'","',
    }


@pytest.mark.parametrize("odd", [b"1", *SURROGATES])
def test_the_last_of_several_members_with_one_name_counts(odd: bytes) -> None:
    members = split_members(Raw(b'{"a":1,"odd":%b,"\\u0061":2}' % odd))
    assert bytes(members["a"]) == b"2"


def test_names_with_lone_surrogates_are_names() -> None:
    assert list(split_members(Raw(rb'{"\ud83d":1,"b":2}'))) == ["\ud83d", "b"]


@pytest.mark.parametrize("odd", [b"1", *SURROGATES])
def test_values_are_the_very_bytes(odd: bytes) -> None:
    assert [bytes(value) for value in split_values(Raw(b'[ 1.0,%b , {"a": ","}]' % odd))] == [
        b"1.0",
        odd,
        b'{"a": ","}',
    ]


def test_nothing_inside_gives_nothing() -> None:
    assert split_members(Raw(b"{ }")) == {}
    assert split_values(Raw(b"[ ]")) == []


@pytest.mark.parametrize("text", [b"", b"1", b'{"a"}', b'{"a":}', b'{"a":"\\ud83d",}', b'{"a":"\\ud83d"', b"[1]"])
def test_what_is_not_json_of_an_object_raises_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"truncated|JSON is malformed|Expected `object`|no array or object"):
        split_members(Raw(text))


def test_too_deep_an_object_raises_recursion_error_with_surrogates_too() -> None:
    deep = b"[" * 5_000 + b"]" * 5_000
    for odd in (b"1", rb'"\ud83d"'):
        with pytest.raises(RecursionError):
            split_members(Raw(b'{"odd":%b,"deep":%b}' % (odd, deep)))
