"""A worker that is a process: how it is started, and how it ends.

Started with `subprocess` and not with `multiprocessing`: nothing of the supervisor is imported again in the
worker, no resource tracker, no lock without an owner; just a socket and an exit status. The socket is its only
inherited descriptor, so its end of stream is the worker's death on every platform.
"""

import os
import signal
import socket
import subprocess
import sys

from ingester.model.frames import Start
from ingester.model.settings import Settings
from ingester.supervisor.worker_link import Worker

_EXIT_SECONDS = 2.0
"""How long a worker that has closed its socket may take to end, before it is killed."""


_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OPENBLAS_NUM_THREADS": "1",
}
"""What suits a worker, where the user's environment says nothing else.

Large buffers are kept and used again, as fresh ones cost page faults. Whole backfill of 350 MB of JSON, five runs in
turn: median CPU 2.65 s against 3.27 (minimum 2.55 against 2.60, the machine was busy), peak of the worker 391 MB
against 485. NumPy brings OpenBLAS, which nothing here uses: starting its threads takes 70 ms of CPU on 2 cores."""


class WorkerProcess(Worker):
    """One child in a slot. `reports_progress`: whether it tells the progress of single log files."""

    is_process = True

    def __init__(self, slot: int, generation: int, settings: Settings, *, reports_progress: bool = False) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                # -P and our own path: what we import is what it imports, and never a file of the current directory
                [sys.executable, "-P", "-m", "ingester.worker", str(theirs.fileno())],
                env=_ENVIRONMENT | os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
            )
        self._killed_by_us = False
        super().__init__(slot, generation, ours)
        self.send(
            Start(
                settings=settings,
                number=slot,
                reports_progress=reports_progress,
                commit_prefix=self.commit_prefix,
            )
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL."""
        self._killed_by_us = True
        self._process.kill()

    def abort(self) -> None:
        """SIGABRT: it writes the stacks of its threads to standard error and dies, unless it is stopped."""
        self._process.send_signal(signal.SIGABRT)

    def reap(self) -> str:
        """Wait for the end of a process that has closed its socket, and say how it ended."""
        self.connection.close()
        try:
            status = self._process.wait(timeout=_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            try:
                status = self._process.wait(timeout=_EXIT_SECONDS)
            except subprocess.TimeoutExpired:  # it waits in the kernel, for a disk say; nobody listens to it any more
                return "could not be killed and was left behind"
        return "was killed by its supervisor" if self._killed_by_us else describe_exit(status)


def describe_exit(status: int) -> str:
    """An exit status in words."""
    if status == -signal.SIGKILL:
        return "was killed with SIGKILL (out of memory?)"
    if status < 0:
        return f"was ended by signal {-status} ({signal.strsignal(-status)})"
    return f"exited with {status}"
