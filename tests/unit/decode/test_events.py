"""Records to events: what fits, what is read tolerantly, what is bad, and at which index."""

import json
from typing import Any

import pytest
from msgspec import Raw

from ingester.decode.events import BAD_RECORDS_MAX, DecodedEvents, check_bad_records, decode_events
from ingester.model.errors import BadLogFileError
from ingester.model.event import ABSENT, CloudTrailEvent, LooseEvent
from ingester.model.event_parts import UserIdentity

FITTING = b'{"eventVersion":"1.08","userIdentity":{"arn":"arn:aws:iam::1:user/a"},"requestParameters":{"b": 1.50}}'
ODD = b'{"eventVersion":1.08,"eventName":"odd"}'
INSIGHT = {
    "eventType": "AwsCloudTrailInsight",
    "insightDetails": {"insightContext": {"statistics": {"baseline": {"average": 9.82222e-5}, "insightDuration": 5}}},
}


def decode(*records: bytes, first_index: int = 0) -> DecodedEvents:
    return decode_events([Raw(record) for record in records], first_index)


def insight(average: str = "1", duration: str = "5") -> bytes:
    statistics = b'{"baseline":{"average":%b},"insightDuration":%b}' % (average.encode(), duration.encode())
    return b'{"insightDetails":{"insightContext":{"statistics":%b}}}' % statistics


def test_a_fitting_record_is_typed_and_free_form_fields_are_the_very_bytes() -> None:
    (event,) = decode(FITTING).events
    assert type(event) is CloudTrailEvent
    assert event.user_identity == UserIdentity(arn="arn:aws:iam::1:user/a")
    assert event.request_parameters_json == Raw(b'{"b": 1.50}')
    assert event.response_elements_json == ABSENT
    assert event.unmapped_json is None


def test_no_records_give_no_events() -> None:
    assert decode() == DecodedEvents([], range(0), [])


def test_indexes_count_from_the_first_records_place() -> None:
    assert decode(FITTING, ODD, FITTING, first_index=500).indexes == range(500, 503)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_odd_record_leaves_its_siblings_as_they_are(place: int) -> None:
    records = [FITTING, FITTING, FITTING]
    records[place] = ODD
    decoded = decode(*records)
    assert [type(event) is LooseEvent for event in decoded.events] == [number == place for number in range(3)]
    assert decoded.events[place].event_version == "1.08"
    assert decoded.events[place].unmapped_json == b'{"eventVersion":1.08}'
    assert decoded.bad == []


def test_only_odd_and_bad_records_in_a_row_keep_their_places() -> None:
    decoded = decode(b"1", ODD, b"null", ODD, b"[]", first_index=7)
    assert [event.event_name for event in decoded.events] == ["odd", "odd"]
    assert decoded.indexes == [8, 10]
    assert [bad.index for bad in decoded.bad] == [7, 9, 11]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"1", "a number, not an object"),
        (b"-1", "a number, not an object"),
        (b"null", "null, not an object"),
        (b"true", "true, not an object"),
        (b'"text"', "a string, not an object"),
        (b"[{}]", "an array, not an object"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "nested too deep"),
        (b'{"eventName":"a"', "not JSON"),
        (b'{"eventName":1,}', "not JSON"),
        (b'{"eventName":"\\ud83d",}', "not JSON"),
        (b"", "not an object"),
        (b'\xff{"eventName":"\xfe"}', "not UTF-8"),
    ],
)
def test_a_record_that_can_not_be_read_is_bad_with_its_bytes(record: bytes, reason: str) -> None:
    decoded = decode(FITTING, record, FITTING)
    assert len(decoded.events) == 2
    assert decoded.indexes == [0, 2]
    (bad,) = decoded.bad
    assert bad.index == 1
    assert reason in bad.reason
    assert bad.raw_bytes == record.removeprefix(b"\xff")


@pytest.mark.parametrize("odd", [b'{"eventName":"\xff"}', b'{"requestParameters":"\\ud83d\xff"}'])
def test_a_record_that_is_not_utf8_and_not_marked_is_bad_or_kept_but_never_raises(odd: bytes) -> None:
    decoded = decode(odd)
    assert len(decoded.events) + len(decoded.bad) == 1


@pytest.mark.parametrize("number", ["9.82222E-5", "0.1", "5", "-0.0", "1e300", "0.30000000000000004"])
def test_a_number_that_a_float_holds_is_not_kept_twice(number: str) -> None:
    (event,) = decode(insight(average=number)).events
    assert event.unmapped_json is None
    assert event.insight_details.insight_context.statistics.baseline.average == float(number)


@pytest.mark.parametrize(
    "number", ["0.1000000000000000055511151231257827", "12345678901234567890", "1e400", "1e-400"]
)
def test_digits_that_a_float_loses_are_kept(number: str) -> None:
    (event,) = decode(insight(average=number)).events
    context = {"insightContext": {"statistics": {"baseline": {"average": number}}}}
    assert json.loads(event.unmapped_json, parse_float=str, parse_int=str) == {"insightDetails": context}


@pytest.mark.parametrize(
    ("number", "value", "is_kept"),
    [("5.0", 5, False), ("-9223372036854775808", -(2**63), False), ("1e3", 1000, False)]
    + [(number, None, True) for number in ("9223372036854775808", "5.5", "1e999999999", "1e99999999999999999999")],
)
def test_a_whole_number_must_fit_64_bits(number: str, value: int | None, is_kept: bool) -> None:
    (event,) = decode(FITTING, insight(duration=number)).events[1:]
    assert event.insight_details.insight_context.statistics.insight_duration == value
    assert (event.unmapped_json is not None) == is_kept


def test_events_of_every_category_come_through() -> None:
    aggregated: dict[str, Any] = {
        "eventVersion": "1.0",
        "accountId": "123456789012",
        "eventId": "lower d",
        "timeWindow": {"windowStart": "2024-03-13T00:00:00Z", "windowSize": "5m"},
        "summary": {"primaryDimension": {"dimension": "EventName", "statistics": [{"name": "Get", "value": 5}]}},
    }
    decoded = decode(json.dumps(INSIGHT).encode(), json.dumps(aggregated).encode())
    assert decoded.bad == []
    assert [event.unmapped_json for event in decoded.events] == [None, b'{"eventId":"lower d"}']
    assert decoded.events[1].time_window.window_size == "5m"


def test_a_log_file_of_nothing_but_bad_records_is_none() -> None:
    check_bad_records(BAD_RECORDS_MAX)
    with pytest.raises(BadLogFileError, match="Over 200,000 of the log file's records can't be read"):
        check_bad_records(BAD_RECORDS_MAX + 1)
