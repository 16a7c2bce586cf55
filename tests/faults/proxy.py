"""A small HTTP proxy in front of a server of S3 and SQS that misbehaves as it is told.

It runs in threads of the test's process and forwards requests as they are (Host, signature and all). Rules say which
calls get which fault; a rule without one only watches. Every call is noted, with its operation by AWS's name.
"""

import http.client
import json
import socket
import socketserver
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_SERVER_SECONDS_MAX = 120


@dataclass(frozen=True)
class Call:
    """A request, as it came. `operation`: `GetObject`, `DeleteMessageBatch`, …; `path` is decoded."""

    operation: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def parameters(self) -> Any:
        """The parameters of a call to SQS."""
        return json.loads(self.body)


@dataclass
class Answer:
    """What goes back: whole, or only `sent_bytes_max` bytes of the body and then a reset."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    sent_bytes_max: int | None = None


Forward = Callable[[Call], Answer]
Fault = Callable[["Proxy", Call, Forward], Answer | None]
"""What happens in the place of a call; None: the connection is reset, without an answer."""


@dataclass
class Rule:
    """Which calls meet a fault: those whose operation is `operation` ("*": all) and whose path holds `path_part`, and
    for which `only` is true; not the first `skip` of them, and `times` of them (None: all)."""

    operation: str
    fault: Fault
    times: int | None = 1
    skip: int = 0
    path_part: str = ""
    only: Callable[[Call], bool] = lambda _: True
    met: int = 0
    """How many calls it was applied to."""
    _seen: int = 0

    def takes(self, call: Call) -> bool:
        """Whether this call meets the fault. Counts."""
        if self.operation not in ("*", call.operation) or self.path_part not in call.path or not self.only(call):
            return False
        self._seen += 1
        if self._seen <= self.skip or (self.times is not None and self.met >= self.times):
            return False
        self.met += 1
        return True


@dataclass
class Proxy:
    """The running proxy. Rules may be added and removed (`rules.remove`) at any time; the first that fits counts."""

    server_url: str
    endpoint_url: str = ""
    rules: list[Rule] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    received: Counter[str] = field(default_factory=Counter)
    """How often each message id was delivered."""
    under_way: Counter[str] = field(default_factory=Counter)
    """How many calls of each operation wait for their answer now."""
    closing: threading.Event = field(default_factory=threading.Event)
    counting: threading.Lock = field(default_factory=threading.Lock)
    """For faults that count the calls that they meet."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def inject(self, operation: str, fault: Fault, **more: Any) -> Rule:
        """Add a rule; see `Rule`."""
        rule = Rule(operation, fault, **more)
        with self._lock:
            self.rules.append(rule)
        return rule

    def heal(self) -> None:
        """Forget all rules."""
        with self._lock:
            self.rules.clear()

    def count(self, operation: str) -> int:
        """How many calls of an operation came."""
        return sum(call.operation == operation for call in list(self.calls))

    def answer(self, call: Call) -> Answer | None:
        """What a call gets."""
        with self._lock:
            self.calls.append(call)
            self.under_way[call.operation] += 1
            rule = next((rule for rule in self.rules if rule.takes(call)), None)
        try:
            answer = rule.fault(self, call, self.forward) if rule else self.forward(call)
        finally:
            with self._lock:
                self.under_way[call.operation] -= 1
        if call.operation == "ReceiveMessage" and answer is not None and answer.status == 200:
            with self._lock:
                self.received.update(m["MessageId"] for m in json.loads(answer.body).get("Messages") or ())
        return answer

    def forward(self, call: Call) -> Answer:
        """What the server says to a call."""
        target = urlsplit(self.server_url)
        assert target.hostname is not None
        connection = http.client.HTTPConnection(target.hostname, target.port, timeout=_SERVER_SECONDS_MAX)
        try:
            method, url = call.headers[":method"], call.headers[":url"]
            connection.putrequest(method, url, skip_host=True, skip_accept_encoding=True)
            for name, value in call.headers.items():
                if not name.startswith(":") and name.lower() not in _HOP_BY_HOP:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(call.body)))
            connection.endheaders(call.body)
            answer = connection.getresponse()
            body = answer.read()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP]
            if method == "HEAD":
                kept.append(("Content-Length", answer.getheader("Content-Length") or "0"))
            return Answer(answer.status, kept, body)
        finally:
            connection.close()


@contextmanager
def fault_proxy(server_url: str) -> Iterator[Proxy]:
    """A proxy in front of the server at `server_url`, on a free loopback port."""
    proxy = Proxy(server_url)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with _Server(("127.0.0.1", 0), handler) as server:
        proxy.endpoint_url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="proxy", daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.closing.set()
            server.shutdown()
            thread.join()


# faults


def reset(_proxy: Proxy, _call: Call, _forward: Forward) -> None:
    """The connection breaks before the server has seen the request."""


def no_answer(_proxy: Proxy, call: Call, forward: Forward) -> None:
    """The server does what it was asked, and its answer never comes."""
    forward(call)


def status(code: int, name: str, message: str = "made up by a test", **headers: str) -> Fault:
    """An error of AWS: its HTTP status, its code and message, in the form of the service."""

    def answer(_proxy: Proxy, call: Call, _forward: Forward) -> Answer:
        return error_answer(call, code, name, message, headers)

    return answer


def cut(at_byte: int) -> Fault:
    """The headers promise the whole body; after so many bytes of it the connection is reset."""

    def answer(_proxy: Proxy, call: Call, forward: Forward) -> Answer:
        whole = forward(call)
        return Answer(whole.status, whole.headers, whole.body, sent_bytes_max=at_byte)

    return answer


def stall(seconds: float) -> Fault:
    """Nothing comes for so long, or until the test ends; then the connection is reset."""

    def answer(proxy: Proxy, _call: Call, _forward: Forward) -> None:
        proxy.closing.wait(seconds)

    return answer


def edited(edit: Callable[[dict[str, Any]], None]) -> Fault:
    """The parameters of a call to SQS are changed on their way."""

    def answer(_proxy: Proxy, call: Call, forward: Forward) -> Answer:
        parameters = call.parameters
        edit(parameters)
        return forward(Call(call.operation, call.path, call.headers, json.dumps(parameters).encode()))

    return answer


def short_visibility(seconds: int) -> Fault:
    """Messages are hidden for so long only, whatever was asked for."""
    return edited(lambda parameters: parameters.update(VisibilityTimeout=seconds))


def entries_refused(code: str, *, every: int = 1, told_only: bool = False) -> Fault:
    """Every so-manieth entry of a batch call fails with `code`, and the server does not see it; `told_only`: it does
    see it, and only the answer is wrong."""

    def answer(_proxy: Proxy, call: Call, forward: Forward) -> Answer:
        parameters = call.parameters
        refused = parameters["Entries"][::every]
        kept = [entry for entry in parameters["Entries"] if told_only or entry not in refused]
        body: dict[str, Any] = {"Successful": [], "Failed": []}
        if kept:
            edited_call = Call(
                call.operation, call.path, call.headers, json.dumps(parameters | {"Entries": kept}).encode()
            )
            body |= json.loads(forward(edited_call).body)
        ids = {entry["Id"] for entry in refused}
        done = [entry for entry in body.get("Successful") or () if entry["Id"] not in ids]
        failed = [
            {"Id": name, "Code": code, "SenderFault": False, "Message": "made up by a test"} for name in sorted(ids)
        ]
        body = {"Successful": done, "Failed": [*(body.get("Failed") or ()), *failed]}
        return Answer(200, [("Content-Type", "application/x-amz-json-1.0")], json.dumps(body).encode())

    return answer


def error_answer(call: Call, code: int, name: str, message: str, headers: dict[str, str] | None = None) -> Answer:
    """An error in the form of the service that was called."""
    more = [(key.replace("_", "-"), value) for key, value in (headers or {}).items()]
    if "x-amz-target" in {key.lower() for key in call.headers}:
        body = json.dumps({"__type": f"com.amazonaws.sqs#{name}", "message": message}).encode()
        return Answer(code, [("Content-Type", "application/x-amz-json-1.0"), *more], body)
    body = f"<?xml version='1.0'?><Error><Code>{name}</Code><Message>{message}</Message></Error>".encode()
    return Answer(code, [("Content-Type", "application/xml"), *more], body)


# the server


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that were killed are no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def _handle(self) -> None:
        body = self._body()
        headers = {":method": self.command, ":url": self.path, **dict(self.headers.items())}
        operation = _operation(self.command, self.path, {k.lower(): v for k, v in headers.items()})
        try:
            answer = self.proxy.answer(Call(operation, unquote(urlsplit(self.path).path), headers, body))
        except OSError:  # the server has gone
            answer = None
        if answer is None:
            self._reset()
            return
        self.send_response_only(answer.status)
        names = {name.lower() for name, _ in answer.headers}
        for name, value in answer.headers:
            self.send_header(name, value)
        if "content-length" not in names:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(answer.body[: answer.sent_bytes_max])
        if answer.sent_bytes_max is not None and answer.sent_bytes_max < len(answer.body):
            self._reset()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle  # noqa: N815 (the names are http.server's)

    def _body(self) -> bytes:
        if self.headers.get("Expect", "").lower() == "100-continue":
            del self.headers["Expect"]
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _reset(self) -> None:
        """Break the connection with RST, as a host that went down does."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (http.server's name)
        """Nothing."""


def _operation(method: str, url: str, headers: dict[str, str]) -> str:
    target = headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    has_key = len(parts.path.strip("/").split("/", 1)) == 2
    if method == "GET":
        if not has_key:
            return "ListMultipartUploads" if "uploads" in query else "ListObjectsV2"
        return "ListParts" if "uploadId" in query else "GetObject"
    if method == "HEAD":
        return "HeadObject" if has_key else "HeadBucket"
    if method == "POST":
        return "CreateMultipartUpload" if "uploads" in query else "CompleteMultipartUpload"
    if method == "PUT":
        return "UploadPart" if "partNumber" in query else "PutObject"
    return "AbortMultipartUpload" if "uploadId" in query else "DeleteObject"
