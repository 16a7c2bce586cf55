"""The slices lane on log files of a few records: where it cuts, and what it does where that was wrong."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from ingester.decode.slices import Decoders, EventSlice, decode_slices
from ingester.decode.whole import split_array
from ingester.model.errors import BadLogFileError
from ingester.model.event import CloudTrailEvent, LooseEvent

DECODERS = Decoders(msgspec.json.Decoder(CloudTrailEvent).decode, msgspec.json.Decoder(list[CloudTrailEvent]).decode)


def record(number: int, **more: Any) -> dict[str, Any]:
    return {"eventVersion": "1.08", "eventName": f"Event{number}", **more}


def text_of(records: Sequence[Any]) -> bytes:
    return json.dumps({"Records": records}, separators=(",", ":")).encode()


def slices(data: bytes, slice_bytes: int = 100) -> list[EventSlice]:
    return list(decode_slices(data, DECODERS, rows=3, slice_bytes=slice_bytes))


def names(some: Sequence[EventSlice]) -> list[list[str | None]]:
    return [[event.event_name for event in one.decoded.events] for one in some]


def test_a_file_is_cut_between_records_and_the_indexes_go_on() -> None:
    found = slices(text_of([record(number) for number in range(5)]))

    assert names(found) == [["Event0", "Event1", "Event2"], ["Event3", "Event4"]]
    assert [one.first_index for one in found] == [0, 3]
    assert [list(one.decoded.indexes) for one in found] == [[0, 1, 2], [3, 4]]
    assert b",".join(bytes(raw) for one in found for raw in split_array(one.text)) in text_of(
        [record(n) for n in range(5)]
    )


def test_a_file_without_records_gives_none() -> None:
    assert names(slices(b'{"Records":[]}')) == [[]]


def test_a_record_that_does_not_fit_the_model_costs_only_its_slice() -> None:
    found = slices(text_of([record(0), record(1, new=1), 7, *(record(number) for number in range(2, 7))]), 60)

    assert names(found) == [["Event0", "Event1", "Event2"], ["Event3", "Event4"], ["Event5", "Event6"]]
    assert [type(event) for event in found[0].decoded.events] == [CloudTrailEvent, LooseEvent, CloudTrailEvent]
    assert [bad.index for bad in found[0].decoded.bad] == [2]
    assert [one.text == b"" for one in found] == [True, False, False]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(text_of([record(n, a=[{"b": 1}, record(9)]) for n in range(6)]), id="cuts inside records"),
        pytest.param(text_of([{"eventName": f"Event{n}", "a": "x" * 100} for n in range(6)]), id="no place to cut"),
        pytest.param(json.dumps({"Records": [record(n) for n in range(6)]}).encode(), id="white space"),
        pytest.param(b'{"more":1,' + text_of([record(n) for n in range(6)])[1:], id="Records not the first key"),
    ],
)
def test_every_other_file_goes_the_general_way_from_there_on(data: bytes) -> None:
    found = slices(data)

    assert [name for some in names(found) for name in some] == [f"Event{number}" for number in range(6)]
    assert [index for one in found for index in one.decoded.indexes] == list(range(6))
    assert max(map(len, names(found))) <= 3


@pytest.mark.parametrize("end", [b",{]}", b",]}", b'],"Records":[]}'])
def test_a_file_that_is_bad_behind_its_first_slice_gives_that_and_then_an_error(end: bytes) -> None:
    data = text_of([record(number) for number in range(6)])[:-2] + end
    coming = decode_slices(data, DECODERS, rows=3, slice_bytes=100)

    assert names([next(coming)]) == [["Event0", "Event1", "Event2"]]
    with pytest.raises(BadLogFileError):
        list(coming)


def test_records_that_are_large_together_are_decoded_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingester.decode.slices.RUN_BYTES_MAX", 100)
    sizes = [10, 10, 90, 200, 10, 10, 10, 10]
    records = [{"new": "x" * size} for size in sizes]

    found = slices(b" " + text_of(records))

    assert [len(one.records) for one in found] == [2, 1, 1, 3, 1]
    assert [one.first_index for one in found] == [0, 2, 3, 4, 7]
