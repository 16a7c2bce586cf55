"""What a fetch gives, whatever the source."""

from collections.abc import Callable, Iterator

from msgspec import Struct

from ingester.model.errors import FetchError
from ingester.model.log_file import LogFile

WHOLE_BYTES_MAX = 8 << 20
"""Log files up to this size arrive as one chunk. Larger ones (AWS caps them at 50 MB) stream."""

CHUNK_BYTES = 1 << 20
"""Least size of a streamed chunk, but for the last."""

MakeRoom = Callable[[int], None]
"""Called once the size is known and before the body is read, with the bytes that will be held; may wait."""

Open = Callable[[LogFile, MakeRoom], "Fetched"]
"""Opens a log file. Raises FetchError."""


class Fetched(Struct, frozen=True):
    """A log file's bytes, as they lie in the source (not decompressed).

    `log_file` has its ETag and size filled in. `chunks` raises FetchError when the body breaks off: what it gave
    until then must be thrown away. It is read once, by the thread that processes the log file.
    """

    log_file: LogFile
    size_bytes: int
    chunks: Iterator[bytes]


def no_waiting(size_bytes: int) -> None:
    """A `MakeRoom` that always has room."""


def exactly(size_bytes: int, chunks: Iterator[bytes], uri: str) -> Iterator[bytes]:
    """The same chunks. Raises FetchError at their end if they are not `size_bytes` long together."""
    received_bytes = 0
    for chunk in chunks:
        received_bytes += len(chunk)
        yield chunk
    check_size(size_bytes, received_bytes, uri)


def check_size(size_bytes: int, received_bytes: int, uri: str) -> None:
    """Raises FetchError unless the two are equal: a body cut short must never pass for a whole one."""
    if received_bytes != size_bytes:
        raise FetchError(f"{uri}: {received_bytes} bytes arrived where {size_bytes} were announced.", passing=True)


def changed(log_file: LogFile) -> FetchError:
    """The object that was announced is not there any more: another lies at its place.

    It is never ingested under the announcement of the old one. What lies there now has a notification of its own
    and is ingested once, by that; the announced bytes can't be had (or by their version, where the bucket keeps
    versions and the notification names one: then this error does not arise). So the log file fails, visibly, until
    its attempts are used up.
    """
    return FetchError(
        f"{log_file.uri} has changed since it was announced (its ETag was {log_file.etag}).",
        hint="What lies there now has a notification of its own; the announced content is gone.",
    )
