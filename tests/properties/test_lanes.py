"""Both lanes give the same records for the same bytes; Python's own parser agrees on what is a log file."""

import gzip
import json
import sys
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from ingester.decode.events import decode_events
from ingester.decode.read import read_records
from ingester.model.errors import BadLogFileError
from tests.properties.json_texts import LONE_SURROGATES, NUMBERS, SPACES, STRINGS, VALUES, parts

BYTE_SIZES = st.sampled_from([1, 2, 7, 30, 100, 1000])
NOT_UTF8 = st.just(b'{"eventName":"\xff"}') | st.just(b'{"requestParameters":["\xed\xa0\xbd"]}')
TOO_DEEP = st.sampled_from([b"[" * 2_000 + b"]" * 2_000, b'{"a":' * 2_000 + b"1" + b"}" * 2_000])
RECORDS = (parts() | VALUES).map(str.encode) | NOT_UTF8 | TOO_DEEP
BESIDE = st.lists(
    st.tuples((STRINGS | LONE_SURROGATES).filter(lambda name: json.loads(name) != "Records"), VALUES | NUMBERS),
    max_size=2,
)

DAMAGES = st.lists(st.tuples(st.integers(0, 2_000), st.sampled_from("xdit"), st.binary(max_size=2)), max_size=2)
"""Where, how (a byte changed, some deleted, inserted, the rest cut off), and the bytes put there."""


@st.composite
def log_files(draw: Callable[..., Any]) -> tuple[bytes, list[bytes]]:
    """The JSON of a log file in any layout, and its records."""
    records = draw(st.lists(RECORDS, max_size=6)) * draw(st.sampled_from([1, 1, 5]))
    space = draw(SPACES).encode()
    array = b"[" + space + (space + b"," + space).join(records) + space + b"]"
    before, after = ([b"%b:%b" % (name.encode(), value.encode()) for name, value in draw(BESIDE)] for _ in "12")
    name = draw(st.sampled_from([b'"Records"', b'"Records"', b'"\\u0052ecords"']))
    members = [*before, name + space + b":" + space + array, *after]
    text = space + b"{" + space + (b"," + space).join(members) + space + b"}" + space
    return draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"])) + text, records


def outcome(data: bytes, chunk_bytes: int, whole_bytes_max: int, window_bytes: int) -> Any:
    """Everything that comes of a file, in a form that compares; None if it is refused."""
    chunks = (data[start : start + chunk_bytes] for start in range(0, len(data), chunk_bytes))
    raws, events, bad = [], [], []
    try:
        for batch in read_records(chunks, whole_bytes_max, window_bytes=window_bytes).batches:
            assert batch.first_index == len(raws)
            decoded = decode_events(batch.raws, batch.first_index)
            events += list(zip(decoded.indexes, decoded.events, strict=True))
            bad += decoded.bad
            raws += [bytes(raw).removeprefix(b"\xff") for raw in batch.raws]
    except BadLogFileError:
        return None
    return raws, events, bad


def whole(data: bytes) -> Any:
    return outcome(data, 1 << 20, 1 << 30, 1 << 20)


@settings(deadline=None, max_examples=500)
@given(log_files(), BYTE_SIZES, BYTE_SIZES, st.booleans())
def test_both_lanes_give_the_very_bytes_of_every_record(
    log_file: tuple[bytes, list[bytes]], chunk_bytes: int, window_bytes: int, is_gzip: bool
) -> None:
    data, records = log_file
    expected = whole(data)
    assert expected is not None
    assert expected[0] == records
    body = gzip.compress(data) if is_gzip else data
    assert outcome(body, chunk_bytes, 0, window_bytes) == expected


@settings(deadline=None, max_examples=500)
@given(log_files(), DAMAGES, BYTE_SIZES, BYTE_SIZES)
def test_a_damaged_file_is_refused_by_both_lanes_or_read_alike(
    log_file: tuple[bytes, list[bytes]], damages: list[tuple[int, str, bytes]], chunk_bytes: int, window_bytes: int
) -> None:
    data = log_file[0]
    for place, kind, added in damages:
        place %= len(data) + 1
        rest = {"x": data[place + 1 :], "d": data[place + 3 :], "i": data[place:], "t": b""}[kind]
        data = data[:place] + added + rest
    expected = whole(data)
    assert outcome(data, chunk_bytes, 0, window_bytes) == expected
    assert (expected is not None) == is_log_file(data)


def is_log_file(data: bytes) -> bool:
    """What Python's own parser says. It does not look at the UTF-8 of records, nor do we refuse a file for it."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        members = json.loads(text, object_pairs_hook=Members, parse_int=str, parse_float=str, parse_constant=_refuse)
    except ValueError:
        return False
    finally:
        sys.setrecursionlimit(limit)
    if not isinstance(members, Members):
        return False
    found = [value for name, value in members if name == "Records"]
    return len(found) == 1 and isinstance(found[0], list) and not isinstance(found[0], Members)


class Members(list[tuple[str, Any]]):
    """An object as pairs, so that a name twice is seen."""


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
