"""An SNS that signs, and a network in which its host can be reached: through a proxy that plays the host itself."""

import base64
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

HOST = "sns.us-east-1.amazonaws.com"
CERTIFICATE_PATH = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
CERTIFICATE_URL = f"https://{HOST}{CERTIFICATE_PATH}"
TOPIC_ARN = "arn:aws:sns:us-east-1:123456789012:cloudtrail"
SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")


@cache
def rsa_key(name: str = "sns", bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key of this test session, told from others by its name."""
    return rsa.generate_private_key(65537, bits)


def certificate(
    *,
    name: str = "sns.amazonaws.com",
    key: Any = None,
    issuer: tuple[str, Any] | None = None,
    valid: tuple[timedelta, timedelta] = (timedelta(days=-1), timedelta(days=30)),
    is_authority: bool = False,
) -> bytes:
    """A certificate as PEM; made out by itself unless `issuer` (name and key) is given. `valid`: from now."""
    key = key or rsa_key()
    issuer_name, issuer_key = issuer or (name, key)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + valid[0])
        .not_valid_after(now + valid[1])
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def signed_envelope(message: str, *, version: str = "1", key: Any = None, **changes: str) -> dict[str, str]:
    """The envelope of a message as SNS signs it. `changes` are made before it is signed; an empty value removes."""
    envelope = {
        "Type": "Notification",
        "MessageId": str(uuid4()),
        "TopicArn": TOPIC_ARN,
        "Message": message,
        "Timestamp": "2025-11-03T00:00:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE_URL,
        "UnsubscribeURL": f"https://{HOST}/?Action=Unsubscribe",
        **changes,
    }
    envelope = {name: value for name, value in envelope.items() if value}
    text = "".join(f"{name}\n{envelope[name]}\n" for name in SIGNED if name in envelope).encode()
    algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()
    signature = (key or rsa_key()).sign(text, padding.PKCS1v15(), algorithm)
    return envelope | {"Signature": base64.b64encode(signature).decode()}


def signed_body(message: str, **changes: Any) -> str:
    """The same as the body of a queue message."""
    return json.dumps(signed_envelope(message, **changes))


Answer = Callable[[ssl.SSLSocket], None]


def answering(body: bytes, status: str = "200 OK", *headers: str) -> Answer:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return lambda connection: connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)


@dataclass
class SnsHost:
    """A proxy that answers for SNS's host, with a TLS certificate of an authority of its own (`authority_file`).

    `answer` may be replaced at any time. `is_away`: the proxy refuses to connect. `asked`: the paths asked for.
    """

    url: str
    authority_file: Path
    answer: Answer
    is_away: bool = False
    asked: list[str] = field(default_factory=list)
    _AWAY: ClassVar[bytes] = b"HTTP/1.1 503 No way there\r\nContent-Length: 0\r\n\r\n"

    @property
    def environ(self) -> dict[str, str]:
        """The environment in which a process reaches SNS through this proxy, and believes its authority."""
        return {"HTTPS_PROXY": self.url, "NO_PROXY": "127.0.0.1", "SSL_CERT_FILE": str(self.authority_file)}

    def serve(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        """One connection, to its end."""
        with connection, suppress(OSError):
            target = _request(connection)
            if self.is_away or target != f"{HOST}:443":
                connection.sendall(self._AWAY)
                return
            connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            with context.wrap_socket(connection, server_side=True) as secure:
                self.asked.append(_request(secure))
                self.answer(secure)


def _request(connection: socket.socket) -> str:
    """What a request asks for."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(4096)
        if not piece:
            raise ConnectionError("closed")
        received += piece
    return received.split()[1].decode()


@contextmanager
def sns_host(folder: Path, *, name: str = HOST) -> Iterator[SnsHost]:
    """The proxy, until it is left. `name`: whom the host's TLS certificate is made out to."""
    authority, host_key = ("test authority", rsa_key("authority")), rsa_key("host")
    authority_file, host_file = folder / "authority.pem", folder / "host.pem"
    authority_file.write_bytes(certificate(name=authority[0], key=authority[1], is_authority=True))
    key_pem = host_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    host_file.write_bytes(certificate(name=name, key=host_key, issuer=authority) + key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(host_file)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = SnsHost(f"http://127.0.0.1:{listener.getsockname()[1]}", authority_file, answering(certificate()))

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    connection.settimeout(20)
                    threading.Thread(target=host.serve, args=(connection, context), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield host
        listener.shutdown(socket.SHUT_RDWR)
