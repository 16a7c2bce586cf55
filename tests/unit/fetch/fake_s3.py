"""An S3 that answers what a test tells it, over real HTTP: for what no server can be made to do on demand
(redirects to another region, throttling, connections that break off at byte N).
"""

import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

ETAG = "0123456789abcdef0123456789abcdef"


class Request(NamedTuple):
    """What arrived. `target` as it was on the wire; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]

    @property
    def signing_region(self) -> str:
        return self.headers["authorization"].split("/")[2]

    @property
    def key_id(self) -> str:
        return self.headers["authorization"].partition("Credential=")[2].split("/")[0]

    @property
    def byte_range(self) -> tuple[int, int | None] | None:
        """First and last byte that were asked for."""
        if "range" not in self.headers:
            return None
        first, _, last = self.headers["range"].removeprefix("bytes=").partition("-")
        return int(first), int(last) if last else None


class Answer(NamedTuple):
    """What to answer. Only `sent_bytes` of the body go out before the connection is reset, or stalls."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}  # noqa: RUF012 (never written to)
    sent_bytes: int | None = None
    stalls: bool = False


def an_object(body: bytes, request: Request, sent_bytes: int | None = None, etag: str = ETAG) -> Answer:
    """The answer to a GET of an object, or of a range of it, if it has the ETag that is asked for."""
    if request.headers.get("if-match", f'"{etag}"') != f'"{etag}"':
        return an_error(412, "PreconditionFailed", "At least one of the preconditions did not hold")
    headers = {"ETag": f'"{etag}"', "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}
    if request.byte_range is None:
        return Answer(200, body, headers, sent_bytes)
    first, last = request.byte_range
    last = len(body) - 1 if last is None else min(last, len(body) - 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
    return Answer(206, body[first : last + 1], headers, sent_bytes)


def an_error(status: int, code: str = "", message: str = "", more: str = "", **headers: str) -> Answer:
    """An error as S3 tells it, or without a body if `code` is empty."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>".encode() if code else b""
    return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what some tests are about."""


class FakeS3:
    """The server. Set `answer`; read `requests`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Answer] = lambda request: an_object(b"body", request)
        self.let_go = threading.Event()
        """Ends answers that stall."""
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.endpoint_url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()

    def targets(self, method: str = "GET") -> list[str]:
        return [request.target for request in self.requests if request.method == method]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else 40 ms an answer

            def do_GET(self) -> None:
                # not self.path, which is tidied up
                target = self.raw_requestline.decode("latin-1").split(" ")[1]
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, target, headers)
                fake.requests.append(request)
                self._send(fake.answer(request))

            def do_HEAD(self) -> None:
                self.do_GET()

            def _send(self, answer: Answer) -> None:
                body = b"" if self.command == "HEAD" else answer.body
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if answer.sent_bytes is None:
                    self.wfile.write(body)
                    return
                self.wfile.write(body[: answer.sent_bytes])
                self.wfile.flush()
                if answer.stalls:
                    fake.let_go.wait(60)
                else:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True

            def log_message(self, *args: object) -> None:
                pass

        return Handler
