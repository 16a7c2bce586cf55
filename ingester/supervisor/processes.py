"""One worker process, as the supervisor sees it: started, spoken to without ever waiting, and its death told.

Started with `subprocess` and not with `multiprocessing`: nothing of the supervisor is imported again in the
worker, no resource tracker, no lock without an owner; just a socket and an exit status. The socket is its only
inherited descriptor, so its end of stream is the worker's death on every platform.
"""

import os
import signal
import socket
import subprocess
import sys

from ingester.model.frames import Frame, Start, ToSupervisor, encode_frame, read_by_supervisor
from ingester.model.settings import Settings

_READ_BYTES = 1 << 20
_EXIT_SECONDS = 2.0
"""How long a worker that has closed its socket may take to end, before it is killed."""


class WorkerProcess:
    """One child in a slot. `generation` tells it from its predecessors there."""

    def __init__(self, slot: int, generation: int, settings: Settings) -> None:
        self.slot = slot
        self.generation = generation
        self.jobs_assigned = 0
        self.jobs_welcome = 0
        self.jobs_done = 0
        self.events = 0
        self._reader = read_by_supervisor()
        self._unsent = bytearray()
        self.connection, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                # -P and our own path: what we import is what it imports, and never a file of the current directory
                [sys.executable, "-P", "-m", "ingester.worker", str(theirs.fileno())],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
            )
        self.connection.setblocking(False)
        self.send(Start(settings=settings, number=slot))

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def room(self) -> int:
        """How many more jobs it may be assigned."""
        return self.jobs_welcome - self.jobs_assigned

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

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def reap(self) -> str:
        """Wait for the end of a process that has closed its socket, and say how it ended."""
        self.connection.close()
        try:
            status = self._process.wait(timeout=_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        return describe_exit(status)


def describe_exit(status: int) -> str:
    """An exit status in words."""
    if status == -signal.SIGKILL:
        return "was killed with SIGKILL (out of memory?)"
    if status < 0:
        return f"was ended by signal {-status} ({signal.strsignal(-status)})"
    return f"exited with {status}"
