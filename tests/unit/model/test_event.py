"""What an event tells beyond its fields: derived, parsed on first use, unknown, and the record as a whole."""

import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from ingester import CloudTrailEvent, EdgeDeviceDetails, SessionContext, SessionIssuer, UserIdentity
from ingester.decode.tolerant import fit_event


def event_of(**record: Any) -> CloudTrailEvent:
    return fit_event(Raw(msgspec.json.encode(record)))


def identity(account_id: str | None = None, issuer_account_id: str | None = None) -> UserIdentity:
    issuer = SessionIssuer(account_id=issuer_account_id)
    return UserIdentity(account_id=account_id, session_context=SessionContext(session_issuer=issuer))


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (CloudTrailEvent(recipient_account_id="1", user_identity=identity("2", "3")), "1"),
        (CloudTrailEvent(user_identity=identity("2", "3")), "2"),
        (CloudTrailEvent(user_identity=identity(None, "3")), "3"),
        (CloudTrailEvent(user_identity=identity("", "3")), "3"),
        (CloudTrailEvent(user_identity=UserIdentity()), None),
        (CloudTrailEvent(user_identity=UserIdentity(session_context=SessionContext())), None),
        (CloudTrailEvent(aggregated_account_id="4"), "4"),
        (CloudTrailEvent(), None),
    ],
)
def test_the_account_is_the_recipient_s_else_the_caller_s_else_the_issuer_s(
    event: CloudTrailEvent, expected: str | None
) -> None:
    assert event.account_id == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-13T08:33:30Z", datetime(2024, 3, 13, 8, 33, 30, tzinfo=UTC)),
        ("2024-03-13T08:33:30.250Z", datetime(2024, 3, 13, 8, 33, 30, 250_000, tzinfo=UTC)),
        ("2024-03-13T08:33:30", datetime(2024, 3, 13, 8, 33, 30, tzinfo=UTC)),
        ("2024-03-13T10:33:30+02:00", datetime(2024, 3, 13, 10, 33, 30, tzinfo=timezone(timedelta(hours=2)))),
        ("0001-01-01T00:00:00+02:00", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_a_time_is_in_utc_or_none(text: str | None, expected: datetime | None) -> None:
    event = CloudTrailEvent(event_time_text=text)
    assert event.event_time == expected
    assert event.event_time is None or event.event_time.tzinfo is UTC


def test_a_free_form_field_is_a_dict_on_first_use_and_the_same_one_on_the_next() -> None:
    from ingester.model.delivered import delivered

    event = delivered(event_of(requestParameters={"a": [1, {"b": None}]}, responseElements=None, eventContext="text"))

    assert event.request_parameters == {"a": [1, {"b": None}]}
    assert event.request_parameters is event.request_parameters
    assert event.response_elements is event.event_context is event.summary is None
    assert (bytes(event.response_elements_json), bytes(event.event_context_json)) == (b"null", b'"text"')
    assert bytes(event.summary_json) == b""


def test_an_edge_device_is_typed_and_what_is_unknown_of_it_is_kept() -> None:
    event = event_of(edgeDeviceDetails={"type": "snowball", "snowJobId": 7, "attributes": {"a": "b"}, "new": 1})

    assert event.edge_device_details == EdgeDeviceDetails(type="snowball", attributes={"a": "b"})
    assert b'"new":1' in bytes(event.edge_device_details_json)
    assert CloudTrailEvent().edge_device_details is None


def test_what_is_unknown_is_readable_by_name_at_every_level() -> None:
    event = event_of(
        new=1,
        userIdentity={"new": 2, "sessionContext": {"new": 3, "sessionIssuer": {"new": 4}, "attributes": {"new": 5}}},
        tlsDetails={"new": [6]},
        addendum={"reason": 7},
    )

    session = event.unmapped["userIdentity"]["sessionContext"]
    assert (event.unmapped["new"], event.unmapped["userIdentity"]["new"], session["new"]) == (1, 2, 3)
    assert (session["sessionIssuer"], session["attributes"]) == ({"new": 4}, {"new": 5})
    assert (event.unmapped["tlsDetails"], event.unmapped["addendum"]) == ({"new": [6]}, {"reason": 7})
    assert event_of(eventName="a").unmapped == {}


def test_an_event_that_no_log_file_delivered_makes_its_record_of_its_fields() -> None:
    record = {"eventName": "a", "userIdentity": {"arn": "b", "new": 1}, "requestParameters": {"c": 1.50}, "new": None}
    event = event_of(**record)

    assert event.to_dict() == record
    assert msgspec.json.decode(event.to_json()) == record
    assert event.raw is event.byte_start is event.byte_end is None
    with pytest.raises(AttributeError, match="not delivered by a log file"):
        _ = event.log_file


def test_events_are_values() -> None:
    event, same, other = (
        event_of(eventName="a", new=1),
        event_of(eventName="a", new=1),
        event_of(eventName="a", new=2),
    )

    assert event == same
    assert hash(event) == hash(same)
    assert event != other
    assert event != "a"
    assert pickle.loads(pickle.dumps(event)) == copy.deepcopy(event) == event
    assert "event_name='a'" in repr(event)
    with pytest.raises(AttributeError):
        event.event_name = "b"  # type: ignore[misc]
