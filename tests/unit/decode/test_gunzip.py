"""Inflating log files: whole, in chunks, damaged, and more than is wanted."""

import gzip
import struct
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from ingester.decode.gunzip import PIECE_BYTES, gunzip, inflate_at_once
from ingester.model.errors import BadLogFileError, FetchError

CONTENT = b'{"Records":[' + b",".join(b'{"eventID":"%d"}' % number for number in range(500)) + b"]}"
FEXTRA, FNAME, FCOMMENT, FHCRC = 4, 8, 16, 2


def inflate(*chunks: bytes) -> bytes:
    return b"".join(gunzip(iter(chunks)))


def in_chunks(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def member(content: bytes, flags: int) -> bytes:
    """A gzip member with the optional header fields of RFC 1952 that `flags` name."""
    header = b"\x1f\x8b\x08" + bytes([flags]) + b"\0" * 6
    header += b"\x03\x00abc" if flags & FEXTRA else b""
    header += b"log.json\0" if flags & FNAME else b""
    header += b"a comment\0" if flags & FCOMMENT else b""
    header += struct.pack("<H", zlib.crc32(header) & 0xFFFF) if flags & FHCRC else b""
    deflate = zlib.compressobj(wbits=-15)
    body = deflate.compress(content) + deflate.flush()
    return header + body + struct.pack("<II", zlib.crc32(content), len(content))


@pytest.mark.parametrize("size", [1, 2, 7, 1000, 1 << 20])
@pytest.mark.parametrize("flags", [0, FNAME, FEXTRA | FNAME, FEXTRA | FNAME | FCOMMENT | FHCRC])
def test_chunks_of_any_size_and_headers_of_any_fields_inflate(size: int, flags: int) -> None:
    assert inflate(*in_chunks(member(CONTENT, flags), size)) == CONTENT


@pytest.mark.parametrize("size", [1, 5, 1 << 20])
def test_all_members_of_a_file_inflate(size: int) -> None:
    data = gzip.compress(CONTENT[:100]) + gzip.compress(b"") + member(CONTENT[100:], FEXTRA | FNAME)
    assert inflate(*in_chunks(data, size)) == CONTENT


@pytest.mark.parametrize("size", [1, 100, 1 << 20])
def test_zeros_after_the_last_member_are_padding(size: int) -> None:
    assert inflate(*in_chunks(gzip.compress(CONTENT) + b"\0" * 700, size)) == CONTENT


@pytest.mark.parametrize("size", [1, 100, 1 << 20])
def test_plain_json_passes_through(size: int) -> None:
    assert inflate(*in_chunks(CONTENT, size)) == CONTENT


def test_nothing_inflates_to_nothing() -> None:
    assert inflate() == inflate(b"") == inflate(gzip.compress(b"")) == b""


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize("missing_bytes", [1, 8, 9, 300])
def test_a_file_cut_short_is_refused(size: int, missing_bytes: int) -> None:
    with pytest.raises(BadLogFileError, match="cut short"):
        inflate(*in_chunks(gzip.compress(CONTENT)[:-missing_bytes], size))


def test_a_second_member_cut_short_is_refused() -> None:
    with pytest.raises(BadLogFileError, match="cut short"):
        inflate(gzip.compress(CONTENT) + gzip.compress(CONTENT)[:4])


@pytest.mark.parametrize("place", [-1, -5])
def test_a_wrong_checksum_or_length_is_refused(place: int) -> None:
    data = bytearray(gzip.compress(CONTENT))
    data[place] ^= 1
    with pytest.raises(BadLogFileError, match="checksum"):
        inflate(bytes(data))


def test_damage_inside_is_refused() -> None:
    data = gzip.compress(CONTENT)
    with pytest.raises(BadLogFileError, match="damaged"):
        inflate(data[:60] + b"\xff\xff\xff" + data[63:])


@pytest.mark.parametrize("garbage", [b"x", b"garbage", b"\0\0\0garbage", b"\x1f", b"\x1fx"])
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_something_else_after_the_gzip_is_refused(garbage: bytes, size: int) -> None:
    with pytest.raises(BadLogFileError, match="not gzip follows"):
        inflate(*in_chunks(gzip.compress(CONTENT) + garbage, size))


def test_an_error_of_the_fetch_passes_through_unchanged() -> None:
    failure = FetchError("changed since it was announced")

    def chunks() -> Iterator[bytes]:
        yield gzip.compress(CONTENT)[:50]
        raise failure

    with pytest.raises(FetchError) as caught:
        inflate(*gunzip(chunks()))
    assert caught.value is failure


def test_a_bomb_inflates_piece_by_piece() -> None:
    bomb = gzip.compress(b"\0" * (8 << 20))
    assert max(map(len, gunzip(iter((bomb,))))) <= PIECE_BYTES


def test_one_small_member_inflates_at_once() -> None:
    assert inflate_at_once(gzip.compress(CONTENT), len(CONTENT)) == CONTENT
    assert inflate_at_once(gzip.compress(b""), 0) == b""


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(CONTENT) + gzip.compress(CONTENT),
        gzip.compress(CONTENT) + b"\0",
        gzip.compress(CONTENT)[:-1],
        gzip.compress(CONTENT)[:-4] + b"\1\0\0\0",
        b"\x1f\x8b",
    ],
)
def test_what_is_not_one_sound_member_is_left_to_gunzip(body: bytes) -> None:
    assert inflate_at_once(body, 1 << 20) is None


def test_a_member_larger_than_allowed_is_left_to_gunzip() -> None:
    assert inflate_at_once(gzip.compress(CONTENT), len(CONTENT) - 1) is None


def test_a_trailer_that_lies_about_the_size_does_not_inflate_more() -> None:
    bomb = gzip.compress(b"\0" * (8 << 20))
    tracemalloc.start()
    assert inflate_at_once(bomb[:-4] + struct.pack("<I", 100), 1000) is None
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 1 << 20
