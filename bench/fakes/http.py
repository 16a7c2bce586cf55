"""HTTP/1.1 in one thread over plain sockets: as much of it as boto3 and obstore speak.

An answer may come late (`Answer.after_seconds`), slowly (`bytes_a_second`), or not at once at all: a handler that
returns None answers later through `Server.answer`. 20 µs a request, a third of asyncio's.
"""

import heapq
import re
import selectors
import socket
import time
from collections.abc import Callable
from itertools import count

from msgspec import Struct

_READ_BYTES = 256 << 10
_SLICE_SECONDS = 0.01
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_NOTHING = memoryview(b"")


class Request(Struct, frozen=True, gc=False):
    """One request. `target` is path and query as sent, `head` everything before the body."""

    method: str
    target: str
    head: bytes
    body: bytes

    def header(self, name: str) -> str | None:
        """A header's value."""
        found = re.search(rb"\r\n" + name.encode() + rb":[ \t]*([^\r]*)", self.head, re.IGNORECASE)
        return found[1].decode() if found else None


class Answer(Struct, frozen=True, gc=False):
    """Bytes to send, head and body, when and how fast."""

    content: bytes
    after_seconds: float = 0.0
    bytes_a_second: int = 0


class Connection:
    """One client. `sending`: what is left of the answer under way."""

    __slots__ = ("_received", "answer", "sending", "socket", "started_at_seconds")

    def __init__(self, client: socket.socket) -> None:
        self.socket = client
        self.sending = _NOTHING
        self.answer: Answer | None = None
        self.started_at_seconds = 0.0
        self._received = b""

    def next_request(self, data: bytes) -> Request | None:
        """The request that `data` completes. Clients wait for each answer, so there is never a second one."""
        received = self._received + data
        end = received.find(b"\r\n\r\n")
        if end >= 0:
            start, length = end + 4, 0
            if not received.startswith((b"GET ", b"HEAD ")):
                found = _CONTENT_LENGTH.search(received, 0, end)
                length = int(found[1]) if found else 0
            if len(received) >= start + length:
                self._received = received[start + length :]
                method, target, _ = received[: received.index(b"\r\n")].decode().split(" ")
                return Request(method, target, received[:end], received[start : start + length])
        self._received = received
        return None


Handler = Callable[[Connection, Request], Answer | None]


class Server:
    """Listens on a free loopback port. `handle` is called for every request; `wake` when the clock says so."""

    def __init__(self, handle: Handler, wake: Callable[[float], float | None]) -> None:
        self._handle = handle
        self._wake = wake
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._due: list[tuple[float, int, Connection]] = []
        self._number = count()
        self.late = 0
        """Answers that are waiting for their time, or are under way slice by slice."""
        self.late_max = 0

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._listener.getsockname()[1])

    def run(self) -> None:
        """Serve for ever."""
        while True:
            now_seconds = time.monotonic()
            self._send_due(now_seconds)
            next_seconds = self._wake(now_seconds)
            if self._due and (next_seconds is None or self._due[0][0] < next_seconds):
                next_seconds = self._due[0][0]
            timeout = None if next_seconds is None else max(0.0, next_seconds - time.monotonic())
            for key, events in self._selector.select(timeout):
                if key.data is None:
                    self._accept()
                elif events & selectors.EVENT_WRITE:
                    self._send(key.data)
                else:
                    self._read(key.data)

    def answer(self, connection: Connection, answer: Answer) -> None:
        """Answer a request, now or at its time."""
        connection.answer = answer
        connection.sending = memoryview(answer.content)
        if answer.after_seconds or answer.bytes_a_second:
            self.late += 1
            self.late_max = max(self.late_max, self.late)
            connection.started_at_seconds = time.monotonic() + answer.after_seconds
            heapq.heappush(self._due, (connection.started_at_seconds, next(self._number), connection))
        else:
            self._send(connection)

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except BlockingIOError:
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(client, selectors.EVENT_READ, Connection(client))

    def _read(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close(connection)
            return
        request = connection.next_request(data)
        if request is not None:
            answer = self._handle(connection, request)
            if answer is not None:
                self.answer(connection, answer)

    def _send(self, connection: Connection) -> None:
        try:
            sent = connection.socket.send(connection.sending)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._close(connection)
            return
        connection.sending = connection.sending[sent:]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.sending else 0)
        if self._selector.get_key(connection.socket).events != wanted:
            self._selector.modify(connection.socket, wanted, connection)

    def _send_due(self, now_seconds: float) -> None:
        while self._due and self._due[0][0] <= now_seconds:
            connection = heapq.heappop(self._due)[2]
            answer = connection.answer
            if answer is None or connection.socket.fileno() < 0:
                self.late -= 1
            elif answer.bytes_a_second:
                self._send_slice(connection, answer, now_seconds)
            else:
                self.late -= 1
                self._send(connection)

    def _send_slice(self, connection: Connection, answer: Answer, now_seconds: float) -> None:
        """As much as the bandwidth allows until the next slice."""
        allowed = (now_seconds + _SLICE_SECONDS - connection.started_at_seconds) * answer.bytes_a_second
        sent = len(answer.content) - len(connection.sending)
        try:
            done = connection.socket.send(connection.sending[: max(1, int(allowed) - sent)])
        except BlockingIOError:
            done = 0
        except OSError:
            self.late -= 1
            self._close(connection)
            return
        connection.sending = connection.sending[done:]
        if connection.sending:
            heapq.heappush(self._due, (now_seconds + _SLICE_SECONDS, next(self._number), connection))
        else:
            self.late -= 1

    def _close(self, connection: Connection) -> None:
        connection.answer = None
        self._selector.unregister(connection.socket)
        connection.socket.close()


def respond(status: str, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer. Header names are written with `_` for `-`."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
