"""What the stream lane holds of a log file: a window that is filled at its end and dropped at its beginning."""

from collections.abc import Iterator


class Buffer:
    """Bytes of a stream, from the first that is still needed.

    `data`: what is held. `dropped`: how many bytes came before it. `is_complete`: nothing comes after it.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.data = bytearray()
        self.dropped = 0
        self.is_complete = False
        self._chunks = chunks

    def fill(self, length: int) -> None:
        """Holds `length` bytes or more, if there are so many. Raises what the chunks raise."""
        while len(self.data) < length and not self.is_complete:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.is_complete = True
            else:
                self.data += chunk

    def take(self, length: int) -> bytes:
        """The first `length` bytes, which are dropped."""
        with memoryview(self.data) as view:
            taken = bytes(view[:length])
        self.drop(length)
        return taken

    def drop(self, length: int) -> None:
        """Forgets the first `length` bytes."""
        del self.data[:length]
        self.dropped += length
