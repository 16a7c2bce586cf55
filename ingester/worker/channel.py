"""The worker's end of the socket to its supervisor: frames in, frames out, in the processing thread only."""

import select
import socket

from ingester.model.crash_points import ARMED_POINT, WORKER_MID_FRAME, crash_point
from ingester.model.frames import Frame, ToWorker, encode_frame, read_by_worker

_READ_BYTES = 1 << 18


class SupervisorGoneError(Exception):
    """The supervisor closed the socket or died: nothing that this worker prepares can be committed any more."""


class Channel:
    """Typed frames over one duplex socket. A send may wait: the supervisor reads all the time."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = read_by_worker()
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)

    def receive(self, timeout_seconds: float) -> list[ToWorker]:
        """The frames that have arrived, waiting for the first at most `timeout_seconds`.

        Raises SupervisorGoneError at the end of the stream.
        """
        if not self._poll.poll(timeout_seconds * 1000):
            return []
        try:
            data = self._connection.recv(_READ_BYTES)
        except ConnectionError as error:
            raise SupervisorGoneError from error
        if not data:
            raise SupervisorGoneError
        return self._reader.feed(data)

    def send(self, frame: Frame) -> None:
        """Send one frame. Raises SupervisorGoneError if nobody reads any more."""
        try:
            data = encode_frame(frame)
            if ARMED_POINT == WORKER_MID_FRAME:
                half = len(data) // 2
                self._connection.sendall(data[:half])
                crash_point(WORKER_MID_FRAME, type(frame).__name__)
                data = data[half:]
            self._connection.sendall(data)
        except ConnectionError as error:
            raise SupervisorGoneError from error
