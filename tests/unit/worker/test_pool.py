"""Records of consecutive log files, cut into chunks: each record once, in order, with its place in its log file."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from ingester.decode.at_once import decode_at_once
from ingester.model.log_file import LogFile
from ingester.worker.pool import CHUNK_BYTES_MAX, Chunk, GatheredLogFile, Pool, Slices
from ingester.worker.rows import record_indexes


def gathered(number: int) -> GatheredLogFile:
    return GatheredLogFile(number, LogFile("b", str(number), "e"), f"s3://b/{number}")


def raws(number: int, first_index: int, count: int) -> list[Raw]:
    """Records that say which they are: [log file, index]."""
    return [Raw(msgspec.json.encode([number, index])) for index in range(first_index, first_index + count)]


def records(chunk: Chunk) -> list[tuple[int, int]]:
    """(log file, index) of each record, as the chunk's spans and indexes tell it."""
    jobs = [span.log_file.job for span in chunk.spans for _ in range(span.count)]
    return list(zip(jobs, record_indexes(chunk.spans).tolist(), strict=True))


def told_by_themselves(chunk: Chunk) -> list[tuple[int, int]]:
    """(log file, index) of each record, as the record itself tells it."""
    return [tuple(msgspec.json.decode(raw)) for raw in chunk.raws]


def test_tiny_log_files_share_a_chunk() -> None:
    pool = Pool()
    for number in range(3):
        pool.add(gathered(number), 0, raws(number, 0, 2))

    assert pool.take_chunks(10) == []
    assert pool.rows == 6
    (chunk,) = pool.take_chunks(10, rest=True)
    assert records(chunk) == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]
    assert pool.rows == 0
    assert pool.take_chunks(10, rest=True) == []


def test_a_large_log_file_is_cut_and_its_indexes_go_on() -> None:
    pool = Pool()
    pool.add(gathered(1), 0, raws(1, 0, 25))

    first, second = pool.take_chunks(10)
    (rest,) = pool.take_chunks(10, rest=True)

    assert [len(chunk.raws) for chunk in (first, second, rest)] == [10, 10, 5]
    assert records(first) + records(second) + records(rest) == [(1, index) for index in range(25)]


def test_batches_of_one_log_file_go_on_where_the_last_ended() -> None:
    pool = Pool()
    log_file = gathered(1)
    pool.add(log_file, 0, raws(1, 0, 3))
    pool.add(log_file, 3, raws(1, 3, 3))

    (chunk,) = pool.take_chunks(10, rest=True)

    assert records(chunk) == [(1, index) for index in range(6)]
    assert all(span.log_file is log_file for span in chunk.spans)


def test_a_log_file_without_records_leaves_no_trace() -> None:
    pool = Pool()
    pool.add(gathered(1), 0, [])
    pool.add(gathered(2), 0, raws(2, 0, 1))
    pool.add(gathered(3), 0, [])

    (chunk,) = pool.take_chunks(10, rest=True)

    assert [span.log_file.job for span in chunk.spans] == [2]


@pytest.mark.parametrize("rows", [9, 10, 11, 19, 20, 21])
def test_full_chunks_are_given_as_soon_as_they_are_full(rows: int) -> None:
    pool = Pool()
    pool.add(gathered(1), 0, raws(1, 0, rows))

    assert len(pool.take_chunks(10)) == rows // 10
    assert pool.rows == rows % 10


log_file_sizes = st.lists(st.lists(st.integers(0, 12), max_size=3), max_size=12)


@given(log_file_sizes, st.integers(1, 9), st.booleans())
def test_every_record_comes_out_once_in_order_with_its_own_index(
    sizes: list[list[int]], chunk_rows: int, takes_often: bool
) -> None:
    pool = Pool()
    put: list[tuple[int, int]] = []
    chunks: list[Chunk] = []
    for number, batches in enumerate(sizes):
        log_file = gathered(number)
        first_index = 0
        for count in batches:
            pool.add(log_file, first_index, raws(number, first_index, count))
            put += [(number, index) for index in range(first_index, first_index + count)]
            first_index += count
            if takes_often:
                chunks += pool.take_chunks(chunk_rows)
    chunks += pool.take_chunks(chunk_rows, rest=True)

    assert [record for chunk in chunks for record in records(chunk)] == put
    assert [record for chunk in chunks for record in told_by_themselves(chunk)] == put
    assert all(len(chunk.raws) == chunk_rows for chunk in chunks[:-1])
    assert all(span.count > 0 for chunk in chunks for span in chunk.spans)
    assert all(sum(span.count for span in chunk.spans) == len(chunk.raws) > 0 for chunk in chunks)
    assert pool.rows == 0


def test_records_that_are_large_together_do_not_wait_for_a_full_chunk() -> None:
    pool = Pool()
    large = [Raw(b'"%s"' % (b"x" * CHUNK_BYTES_MAX)) for _ in range(3)]
    pool.add(gathered(1), 0, large)

    chunks = pool.take_chunks(512)

    assert [len(chunk.raws) for chunk in chunks] == [1, 1, 1]
    assert [index for chunk in chunks for index in record_indexes(chunk.spans).tolist()] == [0, 1, 2]
    assert pool.rows == 0


def test_slices_wait_until_they_have_enough_rows_or_bytes() -> None:
    (some,) = decode_at_once(b'{"Records":[{"eventName":"a"},{"eventName":"b"}]}')
    slices, more = Slices(), Slices()
    slices.add(gathered(0), some)
    more.add(gathered(1), some)
    slices.extend(more)
    assert (slices.rows, slices.are_enough(5), slices.are_enough(4)) == (4, False, True)

    slices.bytes += CHUNK_BYTES_MAX
    assert slices.are_enough(5)
