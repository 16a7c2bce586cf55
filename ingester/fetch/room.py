"""How many bytes may lie fetched and not yet processed."""

import threading


class ClosedError(Exception):
    """There is no room any more, ever: whoever waits for it should end."""


class Room:
    """Bytes that several threads take and one gives back. A single log file larger than all of it is let in alone."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._held_bytes = 0
        self._closed = False
        self._changed = threading.Condition(threading.Lock())

    @property
    def held_bytes(self) -> int:
        """Bytes taken and not given back."""
        return self._held_bytes

    def take(self, size_bytes: int) -> None:
        """Wait until there is room. Raises ClosedError."""
        with self._changed:
            while not self._closed and self._held_bytes and self._held_bytes + size_bytes > self._bytes_max:
                self._changed.wait()
            if self._closed:
                raise ClosedError
            self._held_bytes += size_bytes

    def give(self, size_bytes: int) -> None:
        """Give back what was taken."""
        with self._changed:
            self._held_bytes -= size_bytes
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more, and end the waiting."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
