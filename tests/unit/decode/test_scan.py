"""Boundaries between array elements, by brackets, commas and strings."""

import pytest

from ingester.decode.scan import find_boundaries


@pytest.mark.parametrize(
    ("data", "commas", "close"),
    [
        (b"]", [], 0),
        (b"1,2]", [1], 3),
        (b'{"a":[1,2],"b":{"c":3}} , [4,5]]', [24], 31),
        (rb'",]}", "\",", "\\",4]}', [5, 12, 18], 20),
        (b"}", [], 0),
        (b'{"a":1}, {"b"', [7], None),
        (b'"never, closed', [], None),
        (b'"escape at the end\\', [], None),
        (b"", [], None),
    ],
)
def test_commas_and_brackets_count_outside_strings_and_deeper_levels_only(
    data: bytes, commas: list[int], close: int | None
) -> None:
    assert find_boundaries(data, len(data)) == (commas, close)


def test_nothing_behind_the_length_is_looked_at() -> None:
    assert find_boundaries(b"1,2,3]", 3) == ([1], None)
