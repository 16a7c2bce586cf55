"""Both lanes give the same records for the same bytes; Python's own parser agrees on what is a log file."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import given, settings

from ingester.decode.at_once import NotAtOnceError, decode_at_once, together
from ingester.decode.events import decode_events
from ingester.decode.parts import set_parts
from ingester.decode.read import read_records
from ingester.decode.slices import Decoders, decode_slices
from ingester.decode.whole import split_array
from ingester.model.errors import BadLogFileError
from ingester.model.event import CloudTrailEvent
from tests.properties.json_texts import LONE_SURROGATES, NUMBERS, SPACES, STRINGS, VALUES, parts
from tests.support.plain_json import records_in

DECODERS = Decoders(msgspec.json.Decoder(CloudTrailEvent).decode, msgspec.json.Decoder(list[CloudTrailEvent]).decode)
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


def damaged(data: bytes, damages: list[tuple[int, str, bytes]]) -> bytes:
    """The same with these damages."""
    for place, kind, added in damages:
        place %= len(data) + 1
        rest = {"x": data[place + 1 :], "d": data[place + 3 :], "i": data[place:], "t": b""}[kind]
        data = data[:place] + added + rest
    return data


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


def at_once(data: bytes, slice_bytes: int) -> Any:
    """The events of a file that is decoded in one pass; None if it can't be."""
    try:
        decoded, _, parts = together(list(decode_at_once(data, slice_bytes)))
    except NotAtOnceError:
        return None
    set_parts(decoded.events, parts)
    return list(zip(decoded.indexes, decoded.events, strict=True)), decoded.bad


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
    data = damaged(log_file[0], damages)
    expected = whole(data)
    assert outcome(data, chunk_bytes, 0, window_bytes) == expected
    assert (expected is not None) == (records_in(data) is not None)


CUTS = st.sampled_from(
    [
        b'{"eventVersion":"1.08","a":[{"b":1},{"eventVersion":"1"}]}',
        b'{"eventVersion":"1.11","eventName":"e"}',
        b'{"eventVersion":"1","insightDetails":{"state":"S"}}',
        b'{"eventVersion":"1","new":1}',
    ]
)
"""Records that end where the slices lane cuts, and such that only look like it."""


@settings(deadline=None, max_examples=1000)
@given(st.lists(CUTS | RECORDS, max_size=8), DAMAGES, st.integers(1, 60))
def test_the_slices_lane_gives_the_same_events_and_of_a_refused_file_the_first_ones(
    records: list[bytes], damages: list[tuple[int, str, bytes]], slice_bytes: int
) -> None:
    data = damaged(b'{"Records":[' + b",".join(records) + b"]}", damages)
    expected = whole(data)
    assert at_once(data, slice_bytes) in (None, expected and expected[1:])
    raws, events, bad = [], [], []
    try:
        for some in decode_slices(data, DECODERS, rows=2, slice_bytes=slice_bytes):
            assert some.first_index == len(raws)
            events += list(zip(some.decoded.indexes, some.decoded.events, strict=True))
            bad += some.decoded.bad
            raws += [bytes(raw).removeprefix(b"\xff") for raw in some.records or split_array(some.text)]
    except BadLogFileError:
        assert expected is None
        place = len(b'{"Records":[')
        for raw in raws:
            place = data.index(raw, place) + len(raw)
            assert data[place : place + 1] in b", \t\r\n]"
    else:
        assert (raws, events, bad) == expected
