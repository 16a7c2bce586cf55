"""How many fetches run at once: fewer when S3 asks to slow down, more again as long as it does not."""

import threading

from ingester.fetch.room import ClosedError


class Width:
    """Half as many at once after a fetch that was throttled, one more after each round that went well: additive
    increase, multiplicative decrease, as TCP does, so that many workers on many hosts find what S3 can bear."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._running = 0
        self._since_cut = most
        self._closed = False
        self._changed = threading.Condition(threading.Lock())

    @property
    def limit(self) -> int:
        """How many may run at once now."""
        return int(self._limit)

    def enter(self) -> None:
        """Wait until one more may run. Raises ClosedError."""
        with self._changed:
            while not self._closed and self._running >= self.limit:
                self._changed.wait()
            if self._closed:
                raise ClosedError
            self._running += 1

    def leave(self, *, throttled: bool) -> None:
        """One is over. Those that were under way at the last cut don't cut again: they ran at the old width."""
        with self._changed:
            self._running -= 1
            self._since_cut += 1
            if not throttled:
                self._limit = min(self._most, self._limit + 1 / self._limit)
            elif self._since_cut > self._limit:
                self._limit = max(1.0, self._limit / 2)
                self._since_cut = 0
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more, and end the waiting."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
