"""A worker that is a thread of the user's process: for functions that have no name in another process."""

import logging
import os
import socket
import threading
from collections.abc import Callable

from ingester.model.errors import ConfigurationError, FunctionError
from ingester.model.frames import CannotBegin
from ingester.model.settings import Settings
from ingester.supervisor.worker_link import Worker
from ingester.worker.channel import Channel, SupervisorGoneError
from ingester.worker.functions import Functions
from ingester.worker.loop import WorkerLoop

_log = logging.getLogger("ingester.worker")

THREAD_NAME = "ingester-worker"

_END_SECONDS = 2.0
"""How long a thread that was told to end may take, before it is left to itself: a function can't be interrupted."""


class WorkerThread(Worker):
    """One thread in a slot. It makes its `functions` itself, so that what they hold belongs to it alone.

    `keep_cause` takes a job and what the user's function raised over it.
    """

    def __init__(
        self,
        slot: int,
        generation: int,
        settings: Settings,
        *,
        make_functions: Callable[[], Functions],
        keep_cause: Callable[[int, FunctionError], None],
        reports_progress: bool,
    ) -> None:
        ours, self._theirs = socket.socketpair()
        super().__init__(slot, generation, ours)
        self._settings = settings
        self._make_functions = make_functions
        self._keep_cause = keep_cause
        self._reports_progress = reports_progress
        self._how = "ended"
        self._thread = threading.Thread(target=self._run, name=f"{THREAD_NAME}-{slot}", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """This process."""
        return os.getpid()

    def kill(self) -> None:
        """Let it end as soon as it wants to be heard again. A function that runs is not interrupted."""
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:  # it has ended already
            return

    def reap(self) -> str:
        """Wait a little for its end, and say how it ended."""
        self.connection.close()
        self._thread.join(_END_SECONDS)
        return "was left alone with a function that has not returned" if self._thread.is_alive() else self._how

    def _run(self) -> None:
        with self._theirs as connection:
            try:
                loop = self._begin(Channel(connection))
                if loop is not None:
                    try:
                        loop.run([])
                    finally:
                        loop.close()
            except SupervisorGoneError:
                return
            except BaseException as error:
                self._how = f"ended with {type(error).__name__}: {error}"
                _log.exception("worker thread %d ended unexpectedly", self.slot)

    def _begin(self, channel: Channel) -> WorkerLoop | None:
        """The loop, or None if there can be none, which is told."""
        try:
            return WorkerLoop(
                self._settings,
                channel,
                functions=self._make_functions(),
                keep_cause=self._keep_cause,
                reports_progress=self._reports_progress,
                commit_prefix=self.commit_prefix,
            )
        except ConfigurationError as error:
            self.unable = error
            channel.send(CannotBegin(error.args[0], error.hint))
            return None
