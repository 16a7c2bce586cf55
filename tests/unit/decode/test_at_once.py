import json
from typing import Any

import pytest
from msgspec import Raw

from ingester.decode.at_once import NotAtOnceError, decode_at_once, together
from ingester.decode.events import decode_events
from ingester.decode.parts import set_parts
from ingester.model.event import CloudTrailEvent

ALICE = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice"}


def record(number: int, **more: Any) -> dict[str, Any]:
    return {"eventVersion": "1.08", "userIdentity": ALICE, "eventID": str(number), **more}


def content(*records: Any) -> bytes:
    return json.dumps({"Records": records}, separators=(",", ":"), ensure_ascii=False).encode()


def events_of(data: bytes, slice_bytes: int = 1000) -> tuple[list[CloudTrailEvent], list[int]]:
    """The complete events of a log file, and their places."""
    decoded, _, parts = together(list(decode_at_once(data, slice_bytes)))
    assert decoded.bad == []
    set_parts(decoded.events, parts)
    return decoded.events, list(decoded.indexes)


def test_the_slices_hold_every_record_once_in_order() -> None:
    slices = list(decode_at_once(content(*map(record, range(100))), 1000))
    assert len(slices) > 10
    assert [some.first_index for some in slices] == [
        sum(len(before.decoded.events) for before in slices[:place]) for place in range(len(slices))
    ]
    assert [event.event_id for some in slices for event in some.decoded.events] == [str(n) for n in range(100)]


def test_a_log_file_without_records_has_no_event() -> None:
    assert events_of(b'{"Records":[]}') == ([], [])


@pytest.mark.parametrize("data", [b"", b"[]", b'{"other":1,"Records":[{}]}', b'{"Records":[{}],"other":1}'])
def test_another_layout_is_left_to_others(data: bytes) -> None:
    with pytest.raises(NotAtOnceError):
        events_of(data)


def test_a_guess_inside_a_record_is_found_out() -> None:
    nested = {"inner": [{"a": 1}, {"eventVersion": "nested", "list": list(range(500))}]}
    with pytest.raises(NotAtOnceError):
        events_of(content(record(0), record(1, requestParameters=nested), record(2)), 150)


@pytest.mark.parametrize("end", [b"", b"]", b",]}", b"]]}", b"}]}"])
def test_a_file_that_is_not_json_is_left_to_others(end: bytes) -> None:
    with pytest.raises(NotAtOnceError):
        events_of(content(*map(record, range(20))).removesuffix(b"]}") + end, 500)


@pytest.mark.parametrize(
    "odd",
    [
        {"brandNew": 1}, {"userIdentity": {"type": 1}}, {"eventName": "ü"},
        {"insightDetails": {"insightContext": {"statistics": {"insightDuration": 5}}}},
        {"requestParameters": {"name": "ü"}}, {"tlsDetails": {"tlsVersion": "TLSv1.3", "new": None}},
    ],
)  # fmt: skip
def test_odd_records_come_out_as_if_each_had_been_decoded_alone(odd: dict[str, Any]) -> None:
    records = [record(number, **odd) if number in (3, 11) else record(number) for number in range(20)]
    one_by_one = decode_events([Raw(content(one)[len(b'{"Records":[') : -len(b"]}")]) for one in records], 0)
    assert events_of(content(*records)) == (one_by_one.events, list(range(20)))


@pytest.mark.parametrize("bad", [b"17", b'"text"', b'{"eventName":"\xff"}', b'{"requestParameters":"\xff"}'])
def test_a_log_file_with_a_record_that_cannot_be_read_is_left_to_others(bad: bytes) -> None:
    with pytest.raises(NotAtOnceError):
        events_of(content(record(0), "HERE", record(2)).replace(b'"HERE"', bad))


def test_very_many_records_are_not_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data = content(*map(record, range(100)))
    assert len(list(decode_at_once(data, 1000))) > 10
    monkeypatch.setattr("ingester.decode.at_once.RECORDS_IN_MEMORY_MAX", 50)

    with pytest.raises(NotAtOnceError):
        list(decode_at_once(data, 1000))
