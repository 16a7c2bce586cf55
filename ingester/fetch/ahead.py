"""Fetching a few log files ahead of decoding: a few plain threads, and a bound on the bytes that wait.

Threads, not asyncio: obstore's `get` releases the GIL and costs 50–80 µs of CPU from threads, its asynchronous twin
250. Results come in the order in which they are ready. In the worker process; one thread puts and takes.
"""

import queue
import threading
from collections import deque
from typing import NamedTuple

from ingester.fetch.base import Fetched, Open, no_waiting
from ingester.fetch.room import ClosedError, Room
from ingester.fetch.width import Width
from ingester.model.errors import FetchError
from ingester.model.log_file import LogFile

_Job = tuple[int, LogFile]


class FetchAhead:
    """Opens what is put in, and hands it out when it is there.

    `fetches_ahead`: log files that are fetched at once, fewer while the source throttles. `bytes_ahead_max`: bytes of
    bodies that are in memory, being fetched or not handed out yet; a large log file (it streams) counts as
    `WHOLE_BYTES_MAX`, so that not too many
    connections lie open. Files on disk are opened when they are asked for, without a thread.
    """

    def __init__(self, open_: Open, fetches_ahead: int, bytes_ahead_max: int) -> None:
        self._open = open_
        self._threads_max = fetches_ahead
        self._room = Room(bytes_ahead_max)
        self._width = Width(fetches_ahead)
        self._on_disk: deque[_Job] = deque()
        self._waiting: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._ready: queue.SimpleQueue[_Ready] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._remote_pending = 0

    @property
    def pending(self) -> int:
        """Jobs put in and neither handed out nor cancelled."""
        return self._remote_pending + len(self._on_disk)

    def put(self, job: int, log_file: LogFile) -> None:
        """Have a log file fetched. Never waits."""
        if not log_file.bucket:
            self._on_disk.append((job, log_file))
            return
        self._waiting.put((job, log_file))
        self._remote_pending += 1
        if len(self._threads) < min(self._threads_max, self._remote_pending):
            thread = threading.Thread(target=self._fetch, name=f"fetch-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def next(self, timeout_seconds: float) -> tuple[int, Fetched | FetchError] | None:
        """A job that is ready; None if there is none within `timeout_seconds`.

        Raises what a fetch raised besides FetchError: that is a bug.
        """
        if self._on_disk:
            job, log_file = self._on_disk.popleft()
            try:
                return job, self._open(log_file, no_waiting)
            except FetchError as error:
                return job, error
        if not self._remote_pending:
            return None
        try:
            ready = self._ready.get(timeout=timeout_seconds)
        except queue.Empty:
            return None
        self._remote_pending -= 1
        self._room.give(ready.held_bytes)
        if isinstance(ready.outcome, Fetched | FetchError):
            return ready.job, ready.outcome
        raise ready.outcome

    def cancel_waiting(self) -> list[int]:
        """Take back the jobs whose fetch has not begun; which ones."""
        cancelled = [job for job, _ in self._on_disk]
        self._on_disk.clear()
        while not self._waiting.empty():
            try:
                waiting = self._waiting.get_nowait()
            except queue.Empty:  # a thread was faster
                break
            if waiting is not None:
                cancelled.append(waiting[0])
                self._remote_pending -= 1
        return cancelled

    def close(self) -> None:
        """Fetch nothing more. Does not wait for fetches that are under way: their threads end after them."""
        self.cancel_waiting()
        self._room.close()
        self._width.close()
        for _ in self._threads:
            self._waiting.put(None)

    def _fetch(self) -> None:
        """The loop of a fetching thread."""
        while (waiting := self._waiting.get()) is not None:
            job, log_file = waiting
            hold = _Hold(self._room)
            outcome: Fetched | Exception
            try:
                self._width.enter()
                outcome = self._open(log_file, hold.take)
            except ClosedError:
                return
            except Exception as error:  # handed to the thread that asks for it
                outcome = error
            self._width.leave(throttled=isinstance(outcome, FetchError) and outcome.throttled)
            self._ready.put(_Ready(job, outcome, hold.held_bytes))


class _Ready(NamedTuple):
    job: int
    outcome: Fetched | Exception
    held_bytes: int


class _Hold:
    """The room that one fetch takes, until it is handed out. One that is tried again gives back what it had."""

    __slots__ = ("_room", "held_bytes")

    def __init__(self, room: Room) -> None:
        self._room = room
        self.held_bytes = 0

    def take(self, size_bytes: int) -> None:
        if self.held_bytes:
            self._room.give(self.held_bytes)
            self.held_bytes = 0
        self._room.take(size_bytes)
        self.held_bytes = size_bytes
