"""ijson as judge: what JSON is, however deep, and whatever Python could not hold."""

import pytest

from ingester.decode.judge import NotJsonError, check_json


@pytest.mark.parametrize(
    "text",
    [
        b"1",
        b' {"a": [1.5e-3, true, null, "x"]} ',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        rb'["\ud83d", "\ude00", "\uD83D\u0041", "\\ud83d", "\u12345678901234567890"]',
        b'["\xff\xfe", "\xed\xa0\xbd"]',
        b"[" + b"9" * 10_000 + b", 1e" + b"9" * 30 + b", 0." + b"1" * 9_000 + b"]",
        b'"\x7f"',
    ],
)
def test_json_is_let_pass(text: bytes) -> None:
    check_json(text)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"  ",
        b"{",
        b"[1,]",
        b"[1 2]",
        b"1 2",
        b'{"a":1,}',
        b"{1:2}",
        b"[01]",
        b"[" + b"0" * 20 + b"]",
        b"[1.]",
        b"[NaN]",
        b"[\xa0]",
        b'["\x01"]',
        rb'["\x"]',
        rb'["\u12"]',
        b"[1] /* comment */",
        b"[\x0b1]",
        b"\x0c[]",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 99_999,
    ],
)
def test_what_is_not_json_is_refused(text: bytes) -> None:
    with pytest.raises(NotJsonError):
        check_json(text)
