from datetime import UTC, datetime, timedelta

import pytest

from ingester.columns.times import time_column
from tests.unit.columns.given import batch_of

USUAL = "2024-03-13T08:33:30Z"
MOMENT = datetime(2024, 3, 13, 8, 33, 30, tzinfo=UTC)


def _time(text: str) -> tuple[datetime | None, bool]:
    """What the column says for a text, and whether the text is kept."""
    times, odd = time_column([text])
    return times.to_pylist()[0], odd == {0: text}


@pytest.mark.parametrize(
    "text",
    [USUAL, "1000-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "9999-12-31T23:59:59Z", "0999-12-31T00:00:00Z",
     "2024-03-13T08:33:30.500Z", "1969-12-31T23:59:59.001Z"],
)  # fmt: skip
def test_a_time_in_cloudtrails_form_is_in_the_column_alone(text: str) -> None:
    assert _time(text) == (datetime.fromisoformat(text), False)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-13T08:33:30.0Z", MOMENT),
        ("2024-03-13T08:33:30.000Z", MOMENT),
        ("2024-03-13T08:33:30.5Z", MOMENT + timedelta(milliseconds=500)),
        ("2024-03-13T08:33:30.123456Z", MOMENT + timedelta(milliseconds=123)),
        ("2024-03-13T08:33:30.123999999Z", MOMENT + timedelta(milliseconds=123)),
        ("2024-03-13T08:33:30+00:00", MOMENT),
        ("2024-03-13T10:33:30+02:00", MOMENT),
        ("2024-03-13t08:33:30Z", MOMENT),
        ("2024-03-13 08:33:30Z", MOMENT),
        ("2024-03-13T08:33:30", MOMENT),
        ("20240313T083330Z", MOMENT),
    ],
)
def test_a_time_in_another_form_is_in_the_column_and_kept_as_delivered(text: str, moment: datetime) -> None:
    assert _time(text) == (moment, True)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-03-13T08:33:60Z",
     "2024-03-13T08:60:30Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00",
     "٢٠٢٤-03-13T08:33:30Z", "+024-03-13T08:33:30Z"],
)  # fmt: skip
def test_what_is_no_time_is_null_and_kept_as_delivered(text: str) -> None:
    assert _time(text) == (None, True)


def test_one_odd_time_changes_no_other() -> None:
    texts = [USUAL] * 300
    texts[77] = "2024-03-13T08:33:30.1234Z"
    times, odd = time_column(texts)
    assert odd == {77: texts[77]}
    assert times.to_pylist() == [MOMENT + timedelta(milliseconds=123 if row == 77 else 0) for row in range(300)]


def test_records_without_a_time_have_null_beside_others_and_alone() -> None:
    times, odd = time_column([USUAL, None, USUAL])
    assert (times.to_pylist(), odd) == ([MOMENT, None, MOMENT], {})
    assert time_column((None, None))[0].to_pylist() == [None, None]


@pytest.mark.parametrize("texts", [[USUAL[:19], "Z" + USUAL], [USUAL + "\0" + USUAL, "", USUAL[:19]]])
def test_texts_that_look_right_only_when_joined_are_kept_as_delivered(texts: list[str]) -> None:
    assert time_column(texts)[1] == dict(enumerate(texts))


def test_an_odd_time_is_in_unmapped_beside_what_else_did_not_fit() -> None:
    batch = batch_of({"eventTime": USUAL}, {"eventTime": "soon", "new": 1}, {"eventTime": "later"})
    assert batch.column("unmapped").to_pylist() == [None, '{"eventTime":"soon","new":1}', '{"eventTime":"later"}']


def test_a_time_of_another_type_is_in_unmapped_as_delivered() -> None:
    batch = batch_of({"eventTime": 1710318810})
    assert batch.column("eventTime").to_pylist() == [None]
    assert batch.column("unmapped").to_pylist() == ['{"eventTime":1710318810}']
