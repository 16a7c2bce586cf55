"""The stream lane: any layout, any window, the very bytes; and a reason for each file that is refused."""

import json
from collections.abc import Iterator

import pytest

from ingester.decode.stream import stream_records
from ingester.model.errors import BadLogFileError, FetchError

RECORDS = [
    b'{"eventVersion":"1.08","eventName":"A","requestParameters":{"items":[{"a":1},{"a":2}]}}',
    b'{"eventVersion":"1.08","eventName":"B \\" ]},{ \\\\"}',
    b'{"eventName":"C","eventVersion":"1.08"}',
    b'{ "eventVersion" : "1.08",\n "eventName":"D", "list":[[],[[1,2]],{}] }',
    '{"eventVersion":"1.09","eventName":"käse 🧀"}'.encode(),
    b'{"eventVersion":"1.08","eventName":"E","n":[1.50,1E-7,100000000000000000000000]}',
    b'"a string, with a comma"',
    b"17",
    b"null",
    b"[1,[2],{}]",
    b"{}",
    rb'{"eventVersion":"1.08","eventName":"lone \ud83d"}',
    b'{"deep":' + b"[" * 3_000 + b"]" * 3_000 + b"}",
    b'{"eventVersion":"1.08","eventName":"after"}',
]
LAYOUTS = {
    "compact": (b'{"Records":[', b",", b"]}"),
    "spaced": (b'{"Records": [', b", ", b"]}\n"),
    "indented": (b'\n{\n  "Records" : [\n    ', b" ,\n    ", b"\n  ]\n}\n"),
    "not first": (b'{"x":{"Records":[1,2]},"y":["[",{"Records":[3]}],"Records":[', b",", b"]}"),
    "not last": (b'{"Records":[', b",", b'],"y":"]}","Records2":[1],"z":{"Records":[4]}}'),
    "escaped name": (b'{"\\u0052ecords":[', b",", b"]}"),
    "byte order mark": (b'\xef\xbb\xbf{"Records":[', b",", b"]}"),
    "not UTF-8 beside": (b'{"\xff":"\xfe","Records":[', b",", b"]}"),
}


def stream(*chunks: bytes, window_bytes: int = 1 << 20, **limits: int) -> list[bytes]:
    return [bytes(raw) for raws in stream_records(iter(chunks), window_bytes=window_bytes, **limits) for raw in raws]


def in_chunks(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("window_bytes", [1, 16, 200, 1 << 20])
@pytest.mark.parametrize("chunk_bytes", [1, 13, 1 << 20])
@pytest.mark.parametrize(("header", "comma", "tail"), LAYOUTS.values(), ids=LAYOUTS)
def test_records_are_the_very_bytes(
    header: bytes, comma: bytes, tail: bytes, chunk_bytes: int, window_bytes: int
) -> None:
    data = header + comma.join(RECORDS) + tail
    assert stream(*in_chunks(data, chunk_bytes), window_bytes=window_bytes) == RECORDS


@pytest.mark.parametrize("window_bytes", [300, 1000, 10_000])
def test_records_that_hold_what_looks_like_a_record_are_not_cut(window_bytes: int) -> None:
    inner = b",".join(b'{"eventVersion":"1.08","n":%d}' % number for number in range(50))
    records = [b'{"eventVersion":"1.08","items":[%b],"text":",{\\"eventVersion\\":"}' % inner] * 20
    assert stream(b'{"Records":[' + b",".join(records) + b"]}", window_bytes=window_bytes) == records


def test_no_records_are_fine() -> None:
    for data in (b'{"Records":[]}', b'{"x":1,"Records":[ \n ],"y":2}'):
        assert stream(data) == stream(data, window_bytes=1) == []


def test_batches_stay_small() -> None:
    records = [b'{"eventVersion":"1.08","n":%d}' % number for number in range(10_000)]
    batches = list(stream_records(iter((b'{"Records":[' + b",".join(records) + b"]}",)), window_bytes=4096))
    assert [bytes(raw) for raws in batches for raw in raws] == records
    assert max(sum(map(len, raws)) for raws in batches) <= 4096


REFUSED = {
    "": "empty",
    " ": "cut short",
    "garbage": "not JSON at about byte 0 (it begins with b'garbage')",
    "{}": "has no Records",
    '{"logFiles":[],"digestS3Bucket":"b"}': "has no Records",
    '{"logFiles":[], "Records2": [': "cut short",
    '{"Records":null}': "Records is no array",
    '{"Records":{}}': "Records is no array",
    '{"Records":"[]"}': "Records is no array",
    "[]": "no JSON object",
    '[{"Records":[]}]': "no JSON object",
    '"Records"': "no JSON object",
    "null": "no JSON object",
    '{"Records":[': "cut short after 12 bytes",
    '{"Records":[]': "cut short",
    '{"Records":[1': "cut short after 13 bytes of JSON, at record 0",
    '{"Records":[{"a":1},{"b":': "cut short after 25 bytes of JSON, at record 1",
    '{"Records":[{"a":1},': "cut short after 20 bytes of JSON, at record 1",
    '{"Records":["a': "cut short",
    '{"Records":[{"a":1}}': "not JSON at about byte 19",
    '{"Records":[{"a":1},]}': "not JSON at record 1, which begins at byte 20: a comma without a record",
    '{"Records":[,{"a":1}]}': "not JSON at record 0, which begins at byte 12: a comma without a record",
    '{"Records":[1,,2]}': "not JSON at record 1, which begins at byte 14: a comma without a record",
    '{"Records":[{"a":1} {"a":2}]}': "not JSON at record 0",
    '{"Records":[{"a":1};{"a":2}]}': "not JSON at record 0",
    '{"Records":[{"a":1},{"a":2,},{"a":3}]}': "not JSON at record 1, which begins at byte 20",
    '{"Records":[{"a":1},{"a":tru},{"a":3}]}': "not JSON at record 1",
    '{"Records":[{"a":1],{"a":3}]}': "not JSON at record 0",
    '{"Records":[{"a":"\n"}]}': "not JSON at record 0",
    '{"Records":[1]} x': "trailing garbage",
    '{"Records":[1]}{"Records":[1]}': "trailing garbage",
    '{"Records":[1],}': "not JSON",
    '{"Records":[1],"Records":[2]}': "Records twice",
    '{"Records":[1],"\\u0052ecords":null}': "Records is no array",
    '{"a":tru,"Records":[1]}': "not JSON at about byte 0",
    '{"a":' * 2_000 + "1" + "}" * 2_000: "nested more than 1,000 deep",
    '{"Records":[],"a":' + "[" * 100_000: "nested more than 1,000 deep",
    "[" * 100_000: "no JSON object",
    '{"Records":[' + "[" * 100_000: "cut short",
}  # fmt: skip


@pytest.mark.parametrize("window_bytes", [1, 1 << 20])
@pytest.mark.parametrize("chunk_bytes", [7, 1 << 20])
@pytest.mark.parametrize(("data", "reason"), REFUSED.items(), ids=[data[:40] for data in REFUSED])
def test_a_file_that_is_no_log_file_is_refused_with_the_reason(
    data: str, reason: str, chunk_bytes: int, window_bytes: int
) -> None:
    with pytest.raises(BadLogFileError) as caught:
        stream(*in_chunks(data.encode(), chunk_bytes), window_bytes=window_bytes)
    if window_bytes > 1:  # With smaller windows the reason is the same in other words.
        assert reason in str(caught.value)


def test_a_reason_names_the_record_and_its_place_in_the_file() -> None:
    good = b'{"eventVersion":"1.08"},'
    with pytest.raises(BadLogFileError, match=r"record 100, which begins at byte 2,412:"):
        stream(b'{"Records":[' + good * 100 + b'{"eventVersion":01},' + good * 100 + b"1]}", window_bytes=200)


def test_a_record_longer_than_the_limit_is_refused() -> None:
    data = b'{"Records":[{"a":1},{"b":"%b"},{"c":1}]}' % (b"x" * 5_000)
    assert len(stream(data, window_bytes=64, record_bytes_max=8_192)) == 3
    with pytest.raises(BadLogFileError, match="Record 1 of the log file has over 4,096 bytes"):
        stream(data, window_bytes=64, record_bytes_max=4_096)


@pytest.mark.parametrize("repeated", [b"x" * (1 << 20), b'","b":"' * 150_000])
@pytest.mark.parametrize("begin", [b'{"a":"', b'{"Records":[],"a":"'])
def test_more_beside_records_than_the_limit_is_refused_in_one_value_or_in_many(begin: bytes, repeated: bytes) -> None:
    def chunks() -> Iterator[bytes]:
        yield begin
        for _ in range(5):
            yield repeated

    with pytest.raises(BadLogFileError, match="over 4,194,304 bytes beside its Records"):
        list(stream_records(chunks()))


def test_what_stands_beside_the_records_may_be_longer_than_the_window() -> None:
    beside = json.dumps({f"key{number}": ["[", {"n": number}] for number in range(20_000)})[1:-1].encode()
    data = b'{%b,"Records":[1,2],"after":{%b}}' % (beside, beside)
    assert stream(*in_chunks(data, 10_000), window_bytes=100) == [b"1", b"2"]


def test_an_error_of_the_fetch_passes_through_after_what_came_before() -> None:
    failure = FetchError("connection reset")

    def chunks() -> Iterator[bytes]:
        yield b'{"Records":[' + b'{"a":1},' * 10_000
        raise failure

    batches = stream_records(chunks(), window_bytes=1_000)
    assert bytes(next(batches)[0]) == b'{"a":1}'
    with pytest.raises(FetchError) as caught:
        list(batches)
    assert caught.value is failure
