"""An SQS that answers as a test tells it, where moto is too kind: a small HTTP server that speaks SQS's protocol."""

import json
import os
import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ingester.model.message import Message
from ingester.model.settings import Settings
from ingester.sqs.client import make_sqs_client
from ingester.sqs.signed import SignedSqs

Answer = tuple[int, dict[str, str], Any]
"""HTTP status, headers, and the body: a JSON document, or text as it is. Status 0: the connection is reset."""

RESET: Answer = (0, {}, "")


@dataclass(frozen=True)
class Request:
    """What came: the target as it was written in the request, the headers, and the body."""

    target: str
    headers: dict[str, str]
    body: bytes


class Endpoint:
    """`answers[operation]` makes the answer to a call from its parameters; `calls` has what was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.queue_url = f"{url}/123456789012/trail"
        self.answers: dict[str, Callable[[dict[str, Any]], Answer]] = {}
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._calls: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def calls(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of all calls of an operation so far."""
        with self._lock:
            return list(self._calls[operation])

    def answer(self, operation: str, parameters: dict[str, Any]) -> Answer:
        """What the test wants answered."""
        with self._lock:
            self._calls[operation].append(parameters)
        return self.answers[operation](parameters)

    def client(self, settings: Settings | None = None) -> SignedSqs:
        """The product's client for this endpoint."""
        return make_sqs_client(settings or Settings(endpoint_url=self.url), self.queue_url)

    def messages(self, count: int) -> list[Message]:
        """Messages as if they had been received here."""
        return [Message(self.queue_url, f"id-{n}", f"handle-{n}", "{}", 1, 0.0) for n in range(count)]

    @staticmethod
    def ok(body: Any) -> Answer:
        """A successful answer."""
        return 200, {}, body

    @staticmethod
    def error(code: str, message: str = "", status: int = 400, shape: str = "") -> Answer:
        """An error as SQS gives it: the code of the query protocol in a header, the shape's name in the body."""
        body = {"__type": f"com.amazonaws.sqs#{shape or code}", "message": message}
        return status, {"x-amzn-query-error": f"{code};Sender"}, body

    @staticmethod
    def batch(parameters: dict[str, Any], failed: dict[str, str]) -> Answer:
        """A batch's answer in which the entries with these receipt handles fail, with these codes."""
        entries = parameters["Entries"]
        return Endpoint.ok(
            {
                "Successful": [{"Id": e["Id"]} for e in entries if e["ReceiptHandle"] not in failed],
                "Failed": [
                    {"Id": e["Id"], "Code": failed[e["ReceiptHandle"]], "Message": "Because.", "SenderFault": True}
                    for e in entries
                    if e["ReceiptHandle"] in failed
                ],
            }
        )


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Made-up credentials, and nothing of the user's AWS set-up."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTTESTTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")


@pytest.fixture
def endpoint(clean_environment: None) -> Iterator[Endpoint]:
    """A running endpoint."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            running.requests.append(Request(self.path, dict(self.headers.items()), asked))
            operation = self.headers["X-Amz-Target"].removeprefix("AmazonSQS.")
            status, headers, body = running.answer(operation, json.loads(asked))
            if not status:
                self.close_connection = True
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running = Endpoint(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    server.shutdown()
    thread.join()
    server.server_close()
