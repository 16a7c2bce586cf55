"""Finding the records that are not UTF-8."""

import pytest
from msgspec import Raw

from ingester.decode.utf8 import is_utf8, mark_not_utf8, without_mark


@pytest.mark.parametrize("data", [b"", b"ascii", "käse 🧀".encode(), b"a" * (1 << 20) + "🧀".encode() * 1000])
def test_utf8_is_utf8(data: bytes) -> None:
    assert is_utf8(data)


def test_a_character_across_a_slice_is_utf8() -> None:
    for shift in range(1, 4):
        assert is_utf8(b"a" * ((1 << 20) - shift) + "🧀".encode() + b"a")


@pytest.mark.parametrize("data", [b"\xff", b"a\xed\xa0\xbd", b"\xc3", b"a" * (2 << 20) + b"\xf0\x9f\xa7"])
def test_what_is_not_utf8_is_found(data: bytes) -> None:
    assert not is_utf8(data)


def test_only_the_records_that_are_not_utf8_are_marked() -> None:
    data = b'["a","\xff","\xc3\xa4"]'
    raws = [Raw(text) for text in (b'"a"', b'"\xff"', b'"\xc3\xa4"')]
    marked = [bytes(raw) for raw in mark_not_utf8(raws, data)]
    assert marked[0] == b'"a"'
    assert marked[2] == b'"\xc3\xa4"'
    assert without_mark(marked[1]) == b'"\xff"'
    assert without_mark(marked[0]) is None
