"""The SNS envelope."""

import pytest

from ingester.notifications.sns import parse_text, unwrap


def test_the_inner_document_comes_out_of_the_envelope() -> None:
    assert unwrap({"Type": "Notification", "Message": '{"a": [1]}'}) == {"a": [1]}


def test_inner_text_that_is_no_json_comes_out_as_it_is() -> None:
    assert unwrap({"Type": "Notification", "Message": "plain text"}) == "plain text"


@pytest.mark.parametrize(
    "document",
    [3, None, "text", [], {"Message": "{}"}, {"Type": "UnsubscribeConfirmation", "Message": "{}"},
     {"Type": "Notification", "Message": None}],
)  # fmt: skip
def test_what_is_no_envelope_stays_as_it_is(document: object) -> None:
    assert unwrap(document) is document


def test_only_one_envelope_is_taken_off() -> None:
    inner = '{"Type":"Notification","Message":"{}"}'

    assert unwrap({"Type": "Notification", "Message": inner}) == {"Type": "Notification", "Message": "{}"}


def test_text_that_is_no_json_is_its_own_document() -> None:
    assert parse_text("{") == "{"
    assert parse_text("\ud800") == "\ud800"
