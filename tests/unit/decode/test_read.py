"""From the chunks of a log file to its records: which lane, and what is known when."""

import gzip
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingester.decode.events import decode_events
from ingester.decode.read import Records, read_records
from ingester.model.errors import BadLogFileError, FetchError

RECORDS = [b'{"eventVersion":"1.08","eventName":"Get%d"}' % number for number in range(300)]
DATA = b'{"Records":[' + b",".join(RECORDS) + b"]}"
ODD_LAYOUT = b'{"x":[{"y":1}],"Records": [' + b" , ".join(RECORDS) + b'], "z":2}'
PROJECT_ROOT = Path(__file__).resolve().parents[3]


def in_chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def all_records(records: Records) -> list[bytes]:
    """All records, after a look at the batches' indexes."""
    taken: list[bytes] = []
    for batch in records.batches:
        assert batch.first_index == len(taken)
        taken += [bytes(raw) for raw in batch.raws]
    return taken


@pytest.mark.parametrize("chunk_bytes", [100, 1 << 20])
@pytest.mark.parametrize("data", [DATA, ODD_LAYOUT], ids=["usual", "odd"])
@pytest.mark.parametrize(
    "pack",
    [bytes, gzip.compress, lambda data: gzip.compress(data[:500]) + gzip.compress(data[500:]) + b"\0\0"],
    ids=["plain", "gzip", "two members"],
)
def test_a_file_below_the_threshold_is_whole_and_one_batch(
    pack: Callable[[bytes], bytes], data: bytes, chunk_bytes: int
) -> None:
    records = read_records(in_chunks(pack(data), chunk_bytes), whole_bytes_max=len(data))
    assert records.is_whole
    assert records.json_bytes == len(data)
    (batch,) = records.batches
    assert (batch.first_index, [bytes(raw) for raw in batch.raws]) == (0, RECORDS)


@pytest.mark.parametrize("chunk_bytes", [100, 1 << 20])
@pytest.mark.parametrize("data", [DATA, ODD_LAYOUT], ids=["usual", "odd"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_file_above_the_threshold_streams(pack: Callable[[bytes], bytes], data: bytes, chunk_bytes: int) -> None:
    records = read_records(in_chunks(pack(data), chunk_bytes), whole_bytes_max=len(data) - 1, window_bytes=1_000)
    assert not records.is_whole
    assert all_records(records) == RECORDS
    assert records.json_bytes == len(data)


def test_no_records_are_one_empty_batch() -> None:
    records = read_records(iter((gzip.compress(b'{"Records":[]}'),)))
    assert records.is_whole
    assert [batch.raws for batch in records.batches] == [[]]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (gzip.compress(b""), "empty"),
        (gzip.compress(DATA)[:-10], "cut short"),
        (gzip.compress(DATA) + b"garbage", "not gzip follows"),
        (gzip.compress(DATA[:-10]), "cut short"),
        (gzip.compress(DATA.replace(b'"Get100"', b"Get100")), "not JSON at record 100"),
        (gzip.compress(b'{"awsAccountId":"123456789012","logFiles":[]}'), "has no Records"),
        (b"PK\x03\x04 a zip file", "it begins with b'PK"),
    ],
    # not the bytes: gzip puts the time into them, and each process that runs tests would give them names of its own
    ids=["nothing", "nothing gzipped", "cut gzip", "more than gzip", "cut JSON", "bad record", "digest", "zip"],
)
def test_a_bad_file_below_the_threshold_gives_nothing(body: bytes, reason: str) -> None:
    with pytest.raises(BadLogFileError, match=reason):
        read_records(iter((body,)))


def test_a_bad_file_above_the_threshold_raises_from_its_batches() -> None:
    records = read_records(iter((gzip.compress(DATA[:-30]),)), whole_bytes_max=1_000, window_bytes=1_000)
    assert next(records.batches).raws
    with pytest.raises(BadLogFileError, match="cut short"):
        list(records.batches)


def test_a_record_nested_too_deep_leaves_the_others_alone() -> None:
    deep = b'{"requestParameters":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001
    data = b'{"Records":[' + b",".join((RECORDS[0], deep, RECORDS[1])) + b"]}"
    (batch,) = read_records(iter((gzip.compress(data),))).batches
    decoded = decode_events(batch.raws, batch.first_index)
    assert [event.event_name for event in decoded.events] == ["Get0", "Get1"]
    assert (decoded.bad[0].index, decoded.bad[0].raw_bytes) == (1, deep)
    assert "too deep" in decoded.bad[0].reason


@pytest.mark.parametrize("whole_bytes_max", [1 << 20, 10])
def test_a_record_that_is_not_utf8_leaves_the_others_alone(whole_bytes_max: int) -> None:
    bad = b'{"requestParameters":{"a":"\xff"}}'
    data = b'{"Records":[' + b",".join((RECORDS[0], bad, '{"eventName":"Käse"}'.encode())) + b"]}"
    records = read_records(iter((gzip.compress(data),)), whole_bytes_max)
    decoded = [decode_events(batch.raws, batch.first_index) for batch in records.batches]
    assert [event.event_name for some in decoded for event in some.events] == ["Get0", "Käse"]
    assert [(bad.index, bad.raw_bytes) for some in decoded for bad in some.bad] == [(1, bad)]


def test_a_file_with_more_records_than_are_held_in_memory_streams() -> None:
    count = 3_000_000
    records = read_records(iter((gzip.compress(b'{"Records":[' + b"{}," * (count - 1) + b"{}]}", 1),)))
    assert not records.is_whole
    assert sum(len(batch.raws) for batch in records.batches) == count


def test_an_error_of_the_fetch_passes_through_unchanged() -> None:
    failure = FetchError("throttled", throttled=True)

    def chunks() -> Iterator[bytes]:
        yield DATA[:100]
        raise failure

    with pytest.raises(FetchError) as caught:
        read_records(chunks())
    assert caught.value is failure


def test_a_file_that_inflates_to_a_third_of_a_gigabyte_takes_little_memory() -> None:
    program = """
        import gzip, resource, sys
        from ingester.decode.events import decode_events
        from ingester.decode.read import read_records

        block = gzip.compress(b'{"eventVersion":"1.08","requestParameters":{"a":"b"}},' * 20_000, 1)
        def chunks():
            yield gzip.compress(b'{"Records":[')
            for _ in range(320):
                yield block
            yield gzip.compress(b'{}]}')

        def peak_bytes():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

        before = peak_bytes()
        records = read_records(chunks(), 16 << 20)
        count = sum(len(batch.raws) for batch in records.batches)
        print(count, records.json_bytes, peak_bytes() - before)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    count, json_bytes, grown_bytes = map(int, run.stdout.split())
    assert count == 320 * 20_000 + 1
    assert json_bytes > 300 << 20
    assert grown_bytes < 64 << 20


@pytest.mark.parametrize("records", [1, 3])
def test_a_record_longer_than_any_of_cloudtrail_s_is_refused_in_memory_too(records: int) -> None:
    long = b'{"eventName":"%b"}' % (b"x" * (5 << 20))
    data = b'{"Records":[%b]}' % b",".join([b"{}"] * (records - 1) + [long])

    with pytest.raises(BadLogFileError, match=f"Record {records - 1} of the log file has over 4,194,304 bytes"):
        read_records(iter((data,)))


def test_a_log_file_with_more_json_or_records_than_the_limits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def taken() -> int:
        records = read_records(iter((b'{"Records":[' + b"{}," * 999, b"{}]}")), 100, window_bytes=100)
        return sum(len(batch.raws) for batch in records.batches)

    assert taken() == 1000
    monkeypatch.setattr("ingester.decode.read.JSON_BYTES_MAX", 3_000)
    with pytest.raises(BadLogFileError, match="inflates to over 3,000 bytes of JSON"):
        taken()
    monkeypatch.undo()
    monkeypatch.setattr("ingester.decode.read.RECORDS_MAX", 900)
    with pytest.raises(BadLogFileError, match="has over 900 records"):
        taken()
