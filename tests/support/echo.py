"""A server that refuses every call and quotes the request in its answer, as AWS does for a wrong signature."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape


@dataclass
class EchoServer:
    """`code` and `status` are what it answers; `asked` the requests that came, as they are quoted."""

    url: str = ""
    code: str = "SignatureDoesNotMatch"
    status: int = 403
    asked: list[str] = field(default_factory=list)


@contextmanager
def echo_server() -> Iterator[EchoServer]:
    """The server, until it is left."""
    echo = EchoServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = f"{self.command} {self.path} " + " ".join(f"{k}:{v}" for k, v in self.headers.items())
            echo.asked.append(request)
            is_sqs = "X-Amz-Target" in self.headers
            message = f"The Canonical String for this request should have been '{request}'"
            if is_sqs:
                body = json.dumps({"__type": f"com.amazonaws.sqs#{echo.code}", "message": message})
            else:
                body = (
                    f"<Error><Code>{echo.code}</Code><Message>{escape(message)}</Message>"
                    f"<StringToSign>{escape(request)}</StringToSign></Error>"
                )
            content = body.encode()
            self.send_response(echo.status)
            self.send_header("Content-Type", "application/x-amz-json-1.0" if is_sqs else "application/xml")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _answer  # noqa: N815 (http.server's names)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    echo.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield echo
    finally:
        server.shutdown()
        server.server_close()
