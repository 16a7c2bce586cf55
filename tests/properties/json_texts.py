"""JSON as text, the way hypothesis draws it: what a parser would normalise away (digits, escapes, order) is there."""

import json
from collections.abc import Callable, Iterable
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import hypothesis.strategies as st
import msgspec
from msgspec import Raw

from ingester.model.event import CloudTrailEvent

NUMBERS = st.sampled_from(
    [
        "0", "-0", "0.0", "5.0", "1e3", "0.1", "9.82222E-5", "1.10", "1E400", "-1e-400", "9223372036854775807",
        "9223372036854775808", "12345678901234567890123", "0.1000000000000000055511151231257827",
    ]
) | st.integers().map(str) | st.floats(allow_nan=False, allow_infinity=False).map(repr)  # fmt: skip

LONE_SURROGATES = st.sampled_from([r'"\ud83d"', r'"a\uDE00b"', r'"\ud83d\ud83d\ude00"'])


def _string(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from([json.dumps(text), json.dumps(text, ensure_ascii=False)])


STRINGS = st.text(max_size=8).flatmap(_string) | st.sampled_from(
    [r'"\u003d"', '"},{"', '"]}"', '","', r'"\\"', r'"\""', '"true"', '"1.5"', r'"\ud83d\ude00"', r'"\\ud83d"']
)
SCALARS = STRINGS | NUMBERS | st.sampled_from(["null", "true", "false"]) | LONE_SURROGATES
SPACES = st.sampled_from(["", "", "", " ", "\n", "\t\r\n  "])


@st.composite
def objects(draw: Callable[..., Any], members: Iterable[tuple[str, str]]) -> str:
    """An object of these members (JSON texts) in any order, with white space anywhere."""
    space = draw(SPACES)
    inside = ("," + space).join(f"{name}{space}:{value}" for name, value in draw(st.permutations(list(members))))
    return "{" + space + inside + space + "}"


@st.composite
def arrays(draw: Callable[..., Any], values: list[str]) -> str:
    """An array of these values (JSON texts), with white space anywhere."""
    space = draw(SPACES)
    return "[" + space + (space + "," + space).join(values) + space + "]"


def _containers(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=3).flatmap(arrays) | st.lists(
        st.tuples(STRINGS | LONE_SURROGATES, values), max_size=3
    ).flatmap(objects)


VALUES = st.recursive(SCALARS, _containers, max_leaves=6)
"""Any JSON value."""


@st.composite
def parts(draw: Callable[..., Any], type_: Any = CloudTrailEvent) -> str:
    """An object for a part of the model: mostly as it should be, with unknown fields and odd values at any level."""
    chosen = draw(_fields(type_))
    members = [(json.dumps(field.encode_name), draw(_values_for(field.type))) for field in chosen]
    if draw(st.integers(0, 3)) == 0:
        members.append((draw(STRINGS | LONE_SURROGATES), draw(VALUES)))
    return str(draw(objects(members)))


@cache  # asking msgspec, and making strategies, costs more than drawing
def _fields(type_: Any) -> st.SearchStrategy[list[msgspec.structs.FieldInfo]]:
    return st.lists(st.sampled_from(msgspec.structs.fields(type_)), max_size=5)  # a field twice is a name twice


@cache
def _values_for(type_: Any) -> st.SearchStrategy[str]:
    if get_origin(type_) is UnionType:
        (type_,) = (option for option in get_args(type_) if option is not NoneType)
    fitting: st.SearchStrategy[str]
    if get_origin(type_) is list:
        fitting = st.lists(_values_for(get_args(type_)[0]), max_size=3).flatmap(arrays)
    elif get_origin(type_) is dict:
        fitting = st.lists(st.tuples(STRINGS, _values_for(get_args(type_)[1])), max_size=3).flatmap(objects)
    elif type_ in (int, float):
        fitting = NUMBERS
    elif type_ is bool:
        fitting = st.sampled_from(["true", "false"])
    else:
        fitting = {str: STRINGS, Raw: VALUES}[type_] if type_ in (str, Raw) else parts(type_)
    return st.integers(0, 7).flatmap(lambda number: VALUES if number == 0 else fitting)
