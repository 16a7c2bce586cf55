"""Where signed POSTs go, through which proxy, and whom they trust: as boto3 decides it."""

import datetime
import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from urllib3.exceptions import HTTPError, SSLError

from ingester.aws.clients import make_client, make_session
from ingester.aws.signed_posts import SignedPosts
from ingester.model.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_") or name.upper() in _PROXY_VARIABLES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTTESTTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")


def _posts(client: "SQSClient") -> SignedPosts:
    find_credentials = make_session(Settings()).get_credentials
    return SignedPosts(client.meta, find_credentials(), find_credentials)


def _post(settings: Settings) -> tuple[int, bytes]:
    posts = _posts(make_client("sqs", settings, "eu-west-1"))
    answer = posts.post(posts.credentials(), {}, b"{}")
    return answer.status, answer.body


class _NotSentError(Exception):
    pass


def _url_of_boto3(client: "SQSClient") -> str:
    urls = []

    def instead_of_sending(request: Any, **_: object) -> None:
        urls.append(request.url)
        raise _NotSentError

    client.meta.events.register("before-send.sqs", instead_of_sending)
    with pytest.raises(_NotSentError):
        client.receive_message(QueueUrl="https://sqs.eu-west-1.amazonaws.com/123456789012/trail")
    return str(urls[0])


@pytest.mark.parametrize(
    ("environ", "regions"),
    [
        ({}, ["eu-west-1", "cn-north-1", "us-iso-east-1"]),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, ["us-east-1", "us-gov-west-1"]),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, ["eu-west-1", "cn-north-1"]),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, ["eu-west-1"]),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/some/prefix"}, ["eu-west-1"]),
        ({"AWS_ENDPOINT_URL_SQS": "https://vpce-1a.sqs.eu-west-1.vpce.amazonaws.com"}, ["eu-west-1"]),
    ],
    ids=str,
)
def test_they_go_where_boto3_would_send_them(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], regions: list[str]
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    for region in regions:
        client = make_client("sqs", Settings(), region)
        assert _posts(client).url == _url_of_boto3(client)
        assert _posts(client).region == region


class _Handler(BaseHTTPRequestHandler):
    """An endpoint, and a proxy that makes tunnels; notes what it was asked for."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str, str | None]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append(("POST", self.path, self.headers["Proxy-Authorization"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_CONNECT(self) -> None:
        self.asked.append(("CONNECT", self.path, self.headers["Proxy-Authorization"]))
        self.send_response(200)
        self.end_headers()
        port = int(self.path.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as behind:
            back = threading.Thread(target=_pump, args=(behind, self.connection))
            back.start()
            _pump(self.connection, behind)
            back.join()
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@contextmanager
def _server(tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[tuple[str, str, str | None]]]]:
    """A running server's port, and what it was asked for."""
    asked: list[tuple[str, str, str | None]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"asked": asked}))
    server.daemon_threads = True
    server.block_on_close = False
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for 127.0.0.1 that nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(tls: ssl.SSLContext) -> None:
    with _server(tls) as (port, asked), pytest.raises(SSLError):
        _post(Settings(endpoint_url=f"https://127.0.0.1:{port}"))
    assert asked == []


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "the profile"])
def test_certificates_of_ones_own_are_trusted_as_boto3_is_told(
    monkeypatch: pytest.MonkeyPatch, certificate: Path, tls: ssl.SSLContext, tmp_path: Path, variable: str
) -> None:
    if variable == "the profile":
        (tmp_path / "config").write_text(f"[default]\nca_bundle = {certificate}\n")
    else:
        monkeypatch.setenv(variable, str(certificate))

    with _server(tls) as (port, _):
        assert _post(Settings(endpoint_url=f"https://127.0.0.1:{port}")) == (200, b"{}")


def test_http_goes_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with _server() as (port, asked):
        monkeypatch.setenv("HTTP_PROXY", f"http://joe:secret@127.0.0.1:{port}")
        assert _post(Settings(endpoint_url="http://sqs.invalid")) == (200, b"{}")

    assert asked == [("POST", "http://sqs.invalid/", "Basic am9lOnNlY3JldA==")]


def test_https_goes_through_a_tunnel_of_the_proxy(
    monkeypatch: pytest.MonkeyPatch, certificate: Path, tls: ssl.SSLContext
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with _server(tls) as (port, asked), _server() as (proxy_port, proxied):
        monkeypatch.setenv("HTTPS_PROXY", f"http://joe:secret@127.0.0.1:{proxy_port}")
        assert _post(Settings(endpoint_url=f"https://127.0.0.1:{port}")) == (200, b"{}")

    assert proxied == [("CONNECT", f"127.0.0.1:{port}", "Basic am9lOnNlY3JldA==")]
    assert asked == [("POST", "/", None)]


def test_a_host_that_needs_no_proxy_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with _server() as (port, asked):
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert _post(Settings(endpoint_url=f"http://127.0.0.1:{port}")) == (200, b"{}")

    assert asked == [("POST", "/", None)]


def test_a_proxy_that_is_not_there_is_an_error_of_urllib3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://joe:secret@127.0.0.1:1")

    with pytest.raises(HTTPError) as raised:
        _post(Settings(endpoint_url="http://sqs.invalid"))

    assert "secret" not in str(raised.value)
