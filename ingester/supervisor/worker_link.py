"""One worker, as the supervisor sees it: frames over a socket, without ever waiting, and its death told.

A worker is a process (`processes.py`), or, in the library, a thread of this process that speaks the same frames.
"""

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable

from ingester.model.commit import new_commit_prefix
from ingester.model.errors import ConfigurationError
from ingester.model.frames import Frame, ToSupervisor, encode_frame, read_by_supervisor
from ingester.model.settings import Settings

_READ_BYTES = 1 << 20


class Worker(ABC):
    """One worker in a slot. `generation` tells it from its predecessors there; `connection` is our end; the ids
    of all its commits begin with `commit_prefix`."""

    is_process = False
    """Whether it is a process of its own, which can be replaced whatever it does."""

    def __init__(self, slot: int, generation: int, connection: socket.socket) -> None:
        self.slot = slot
        self.generation = generation
        self.connection = connection
        self.commit_prefix = new_commit_prefix()
        self.jobs_assigned = 0
        self.jobs_welcome = 0
        self.jobs_done = 0
        self.events = 0
        self.is_leaving = False
        self.unable: ConfigurationError | None = None
        """Why it can't begin; of a worker in this process, with its cause."""
        self._reader = read_by_supervisor()
        self._unsent = bytearray()
        self.connection.setblocking(False)

    @property
    @abstractmethod
    def pid(self) -> int:
        """The process that it runs in."""

    @abstractmethod
    def kill(self) -> None:
        """End it, whatever it does. Its end is told by `receive`."""

    def abort(self) -> None:
        """End it so that it tells where it stood, if it can."""
        self.kill()

    @abstractmethod
    def reap(self) -> str:
        """Free what belongs to a worker that has closed its end; how it ended. Waits a few seconds at most."""

    @property
    def room(self) -> int:
        """How many more jobs it may be assigned; none once it has been told to drain."""
        return 0 if self.is_leaving else self.jobs_welcome - self.jobs_assigned

    @property
    def has_unsent(self) -> bool:
        """Whether bytes wait for the socket to take them."""
        return bool(self._unsent)

    def send(self, frame: Frame) -> None:
        """Send, or keep what the socket does not take now for `flush`; never waits."""
        self._unsent += encode_frame(frame)
        self.flush()

    def flush(self) -> None:
        """Send what is kept, as far as the socket takes it. A dead peer is noticed by `receive`."""
        try:
            while self._unsent:
                del self._unsent[: self.connection.send(self._unsent)]
        except BlockingIOError:
            pass
        except ConnectionError:
            self._unsent.clear()

    def receive(self) -> tuple[list[ToSupervisor], bool]:
        """The frames that have arrived whole, and whether the worker's end is closed.

        A broken stream counts as closed: the worker is killed.
        """
        try:
            data = self.connection.recv(_READ_BYTES)
        except BlockingIOError:
            return [], False
        except ConnectionError:
            return [], True
        if not data:
            return [], True
        try:
            return self._reader.feed(data), False
        except ValueError:
            self.kill()
            return [], True


Launch = Callable[[int, int, Settings], Worker]
"""Starts a worker: its slot, its generation, the settings."""
