import json
from typing import Any

import pytest
from msgspec import Raw

from ingester.decode.events import decode_events
from ingester.decode.parts import decode_with_shared_parts, set_parts
from ingester.model.event import LooseEvent
from ingester.model.shared_parts import PART_FIELDS

ALICE = '{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/alice"}'
BOB = '{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/bob"}'


def raws(*texts: str) -> list[Raw]:
    return [Raw(text.encode()) for text in texts]


def record(number: int, identity: str) -> str:
    return f'{{"eventID":"{number}","userIdentity":{identity}}}'


def assert_same_as_one_by_one(*texts: str) -> None:
    """Shared parts give the very events that decoding each record alone gives."""
    expected = decode_events(raws(*texts), 0)
    decoded, _, parts = decode_with_shared_parts(raws(*texts))
    set_parts(decoded.events, parts)
    assert [type(event) is LooseEvent for event in decoded.events] == [
        type(event) is LooseEvent for event in expected.events
    ]
    assert decoded.events == expected.events
    assert list(decoded.indexes) == list(expected.indexes)
    assert decoded.bad == expected.bad


def test_equal_texts_are_one_object_and_each_row_knows_its_own() -> None:
    parts = decode_with_shared_parts(raws(record(0, ALICE), record(1, BOB), record(2, ALICE))).parts
    first, second, third = parts["user_identity"].of_rows()
    assert first is third
    assert (first.arn[-5:], second.arn[-3:]) == ("alice", "bob")


def test_a_field_that_no_event_has_is_left_out() -> None:
    parts = decode_with_shared_parts(raws('{"eventName":"a","tlsDetails":null}', '{"eventName":"b"}')).parts
    assert parts == {}


def test_all_that_are_shared_are_objects_without_numbers() -> None:
    assert set(PART_FIELDS) == {"user_identity", "resources", "addendum", "tls_details", "time_window"}


def test_the_rows_that_a_filter_keeps_keep_their_values() -> None:
    parts = decode_with_shared_parts(
        raws(record(0, ALICE), record(1, BOB), record(2, "null"), record(3, ALICE))
    ).parts
    kept = parts["user_identity"].of([False, True, True, True])
    assert [value and value.arn[-3:] for value in kept.of_rows()] == ["bob", None, "ice"]


@pytest.mark.parametrize(
    "identity",
    [
        "null", "{}", "[]", '"text"', "1", '{"type":1}', '{"arn":"a","new":{"x":[1]}}', '{"arn":"\\ud800"}',
        '{"sessionContext":null}', '{"sessionContext":{"attributes":{"mfaAuthenticated":true}}}',
        "[" * 900 + "]" * 900,
    ],
)  # fmt: skip
def test_what_does_not_fit_the_model_takes_the_tolerant_path_alone(identity: str) -> None:
    assert_same_as_one_by_one(record(0, ALICE), record(1, identity), record(2, ALICE), record(3, identity))


def test_records_that_are_loose_for_another_reason_keep_their_parts() -> None:
    loose = json.dumps({"eventID": "1", "brandNew": 1, "userIdentity": json.loads(BOB)}, separators=(",", ":"))
    assert_same_as_one_by_one(record(0, ALICE), loose, record(2, BOB), loose.replace("bob", "carol"))


def test_records_that_cannot_be_read_are_missing_from_all_rows() -> None:
    hostile: list[Any] = [record(0, ALICE), "17", record(2, '{"type":1}'), '"text"', record(4, BOB)]
    assert_same_as_one_by_one(*hostile)
    decoded, _, parts = decode_with_shared_parts(raws(*hostile))
    assert list(decoded.indexes) == [0, 2, 4]
    assert [value.arn and value.arn[-3:] for value in parts["user_identity"].of_rows()] == ["ice", None, "bob"]


def test_insights_whose_numbers_only_the_tolerant_path_checks_do_not_disturb_the_others() -> None:
    insight = '{"eventID":"i","insightDetails":{"insightContext":{"statistics":{"insightDuration":5}}}}'
    assert_same_as_one_by_one(record(0, ALICE), insight, record(2, ALICE))
