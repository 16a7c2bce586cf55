"""Adding a delivered value to `unmapped`."""

import json

import pytest

from ingester.model.unmapped import merge_unmapped, object_text


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        (None, {"eventTime": 5}),
        (b"{}", {"eventTime": 5}),
        (b"{ }", {"eventTime": 5}),
        (b'{"a":1}', {"eventTime": 5, "a": 1}),
        (b' { "a" : {"eventTime":2} } ', {"eventTime": 5, "a": {"eventTime": 2}}),
        (b'{"a":"\\"eventTime\\":","b":"}"}', {"eventTime": 5, "a": '"eventTime":', "b": "}"}),
        (b'{"\\ud83d":"eventTime"}', {"eventTime": 5, "\ud83d": "eventTime"}),
    ],
)
def test_the_value_is_added_at_the_top(existing: bytes | None, expected: dict[str, object]) -> None:
    assert json.loads(merge_unmapped(existing, "eventTime", b"5")) == expected


@pytest.mark.parametrize("existing", [b'{"eventTime":17,"a":1}', b'{"a":%b,"eventTime" : 17}' % (b"9" * 5_000)])
def test_what_was_delivered_already_stays(existing: bytes) -> None:
    assert merge_unmapped(existing, "eventTime", b'"17"') == existing


def test_a_member_too_deep_to_be_seen_wins() -> None:
    existing = b'{"deep":%b,"eventTime":17}' % (b"[" * 5_000 + b"]" * 5_000)
    assert merge_unmapped(existing, "eventTime", b'"17"') == b'{"eventTime":"17",' + existing[1:]


def test_digits_and_escapes_stay_as_delivered() -> None:
    merged = merge_unmapped(b'{"a":1.50,"b":"\\u003d"}', "eventTime", b'"2024-03-13T08:00:00.1234567Z"')
    assert merged == b'{"eventTime":"2024-03-13T08:00:00.1234567Z","a":1.50,"b":"\\u003d"}'


@pytest.mark.parametrize("existing", [b"", b"{"])
def test_what_is_no_object_is_refused(existing: bytes) -> None:
    with pytest.raises(ValueError, match="not a JSON object"):
        merge_unmapped(existing, "eventTime", b"5")


def test_names_are_escaped_as_json_wants() -> None:
    text = object_text([('"', b"1"), ("ä", b"2"), ("\ud83d", b"3")])
    assert json.loads(text) == {'"': 1, "ä": 2, "\ud83d": 3}
