"""The whole lane: CloudTrail's own layout, and what it leaves to the stream lane."""

import pytest

from ingester.decode.whole import split_whole


def records(data: bytes) -> list[bytes] | None:
    raws = split_whole(data)
    return None if raws is None else [bytes(raw) for raw in raws]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"Records":[]}', []),
        (b'{"Records":[ ]}', []),
        (b'{"Records":[{"a":1},{"b": [2, "]}"]}]}', [b'{"a":1}', b'{"b": [2, "]}"]}']),
        (b'{"Records": [ {"a" : 1} , {}\n]\n}\n', [b'{"a" : 1}', b"{}"]),
        (b' {\r\n\t"Records" :\n[1.50, null,"x",[ ], true]}', [b"1.50", b"null", b'"x"', b"[ ]", b"true"]),
    ],
)
def test_records_are_the_very_bytes(data: bytes, expected: list[bytes]) -> None:
    assert records(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"Records":null}',
        b'{"Records":[1],"Records":[2]}',
        b'{"Records":[{"a":1}],"x":[]}',
        b'{"x":1,"Records":[]}',
        b'{"Records":[{"a":1},]}',
        b'{"Records":[{"a":1}',
        b'{"Records":[{"a":1}]} x',
        b'{"Records":["\\ud83d"]}',
        b'{"Records":[' + b"[" * 5000 + b"]" * 5000 + b"]}",
        b'\xef\xbb\xbf{"Records":[]}',
        b"\x0c" + b'{"Records":[]}',
    ],
)
def test_any_other_layout_and_bad_json_is_left_to_the_stream_lane(data: bytes) -> None:
    assert split_whole(data) is None
