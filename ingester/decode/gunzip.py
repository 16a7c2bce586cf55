"""gzip → bytes, with ISA-L, never more at once than asked for: a few kB can inflate to gigabytes.

Several members in one file, zero padding after the last and plain bytes without gzip are all fine.
"""

from collections.abc import Iterator
from itertools import chain

from isal.igzip_lib import DECOMP_GZIP, IgzipDecompressor, IsalError

from ingester.model.errors import BadLogFileError

GZIP_MAGIC = b"\x1f\x8b"

_GZIP_DAMAGE: type[Exception] = IsalError  # type: ignore[assignment]  # isal's stub takes it for an instance

PIECE_BYTES = 256 << 10
"""The most that is inflated at once while streaming: stays in the L2 cache, and costs few calls."""

_HEADER_BYTES = 128 << 10
"""A member's header is given to ISA-L in one go, as far as it can be: it misreads a header with several optional
fields that is split over calls (seen with isal 1.9.1). The extra field alone may take 64 kB (RFC 1952)."""


def inflate_at_once(body: bytes, bytes_max: int) -> bytes | None:
    """The content of a small gzip file of one member, in one call.

    None if it has to go through `gunzip`, which says why: several members, damage, or more than `bytes_max`. The
    trailer's size is only a guess at how much memory to take: it may lie, and counts modulo 4 GiB.
    """
    size_bytes = int.from_bytes(body[-4:], "little")
    if size_bytes > bytes_max:
        return None
    member = IgzipDecompressor(DECOMP_GZIP)
    try:
        data = member.decompress(body, size_bytes + 1)
    except _GZIP_DAMAGE:
        return None
    return data if member.eof and not member.unused_data else None


def gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The content in pieces; bytes that are not gzip pass through as they come.

    Raises BadLogFileError when the gzip is damaged, cut short or followed by something else, and whatever the
    iterator of chunks raises.
    """
    head = _at_least(b"", len(GZIP_MAGIC), chunks)
    if not head.startswith(GZIP_MAGIC):
        yield from filter(None, chain((head,), chunks))
        return
    taken = _Counted(head, chunks)
    while head:
        member = IgzipDecompressor(DECOMP_GZIP)
        yield from _inflate_member(member, _at_least(head, _HEADER_BYTES, taken), taken)
        head = _after_member(member.unused_data, taken)


class _Counted(Iterator[bytes]):
    """The chunks behind `head`; `count` is the number of bytes taken so far, for error messages."""

    def __init__(self, head: bytes, chunks: Iterator[bytes]) -> None:
        self.count = len(head)
        self._chunks = chunks

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self.count += len(chunk)
        return chunk


def _inflate_member(member: IgzipDecompressor, data: bytes, taken: _Counted) -> Iterator[bytes]:
    while not member.eof:
        try:
            piece = member.decompress(data, PIECE_BYTES)
        except _GZIP_DAMAGE as error:
            # "Error -6 Incorrect checksum found"
            reason = str(error).split(maxsplit=2)[-1]
            raise BadLogFileError(f"Its gzip is damaged within the first {taken.count:,} bytes: {reason}.") from error
        if piece:
            yield piece
        data = b""
        if member.needs_input and not member.eof:
            data = next(filter(None, taken), b"")
            if not data:
                raise BadLogFileError(f"Its gzip is cut short after {taken.count:,} bytes.")


def _after_member(rest: bytes, taken: _Counted) -> bytes:
    """The beginning of the next member; empty at the end. Zeros are padding, as gzip(1) has it."""
    while True:
        rest = rest.lstrip(b"\0")
        if not rest:
            rest = next(filter(None, taken), b"")
            if not rest:
                return b""
        elif rest.startswith(GZIP_MAGIC):
            return rest
        elif len(rest) < len(GZIP_MAGIC) and GZIP_MAGIC.startswith(rest):
            more = next(filter(None, taken), b"")
            if not more:
                break
            rest += more
        else:
            break
    raise BadLogFileError(f"Something that is not gzip follows its gzip: {rest[:16]!r}.")


def _at_least(head: bytes, length: int, chunks: Iterator[bytes]) -> bytes:
    """`head` and as many chunks as it takes to have `length` bytes, if there are so many."""
    if len(head) >= length:
        return head
    parts, size = [head], len(head)
    while size < length:
        chunk = next(chunks, None)
        if chunk is None:
            break
        parts.append(chunk)
        size += len(chunk)
    return b"".join(parts)
