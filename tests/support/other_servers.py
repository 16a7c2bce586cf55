"""Servers that are not moto: SeaweedFS for S3 and MiniStack for SQS, each in a process of its own.

`./scripts/test` installs both; how they differ from moto and AWS is their own: they are independent implementations.
"""

import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from scripts.demo_world.command import environment
from scripts.demo_world.moto_server import CREDENTIALS, REGION
from tests.support.waiting import wait_until

_PROJECT_ROOT = Path(__file__).resolve().parents[2]
_PLACES = (Path(sys.executable).parent, _PROJECT_ROOT / ".venv" / "servers" / "bin")


@dataclass(frozen=True)
class OtherServers:
    """What `tests.support.moto.Place` needs of a server. `environ` leads the product there."""

    s3_url: str
    sqs_url: str

    @property
    def environ(self) -> dict[str, str]:
        """The standard AWS environment for two endpoints."""
        return {"AWS_ENDPOINT_URL_S3": self.s3_url, "AWS_ENDPOINT_URL_SQS": self.sqs_url}

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return boto3.client(
            service,
            endpoint_url=self.s3_url if service == "s3" else self.sqs_url,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}),
        )


def program(name: str) -> str | None:
    """Where a server's program lies; None if it is not installed."""
    found = next((place / name for place in _PLACES if (place / name).exists()), None)
    return str(found) if found else shutil.which(name)


@contextmanager
def other_servers(folder: Path) -> Iterator[OtherServers]:
    """Both servers, ready for requests; ended on leaving. Their files and logs lie in `folder`."""
    weed = program("weed")
    assert weed is not None
    s3, master, volume, filer, *grpc = _free_ports(8)
    data = folder / "seaweed"
    data.mkdir()
    options = {
        "dir": data, "ip": "127.0.0.1", "ip.bind": "127.0.0.1", "s3.port": s3, "s3.port.grpc": grpc[0],
        # each bucket takes several volumes; and these two would have the same ports in every server of this machine
        "s3.port.lance": 0, "s3.port.iceberg": 0,
        "master.port": master, "master.port.grpc": grpc[1], "volume.port": volume, "volume.port.grpc": grpc[2],
        "filer.port": filer, "filer.port.grpc": grpc[3], "master.volumeSizeLimitMB": 64, "volume.max": 500,
        "master.telemetry": "false",
    }  # fmt: skip
    with ExitStack() as stack:
        stack.enter_context(
            _server(
                [weed, "server", "-s3", *(f"-{name}={value}" for name, value in options.items())],
                {},
                folder / "weed.log",
            )
        )
        servers = OtherServers(f"http://127.0.0.1:{s3}", stack.enter_context(ministack(folder)))
        wait_until(lambda: _can_store(servers), timeout_seconds=60, what="SeaweedFS")
        yield servers


@contextmanager
def ministack(folder: Path) -> Iterator[str]:
    """MiniStack alone, ready for requests: its URL."""
    found = program("ministack")
    assert found is not None
    [port] = _free_ports(1)
    url = f"http://127.0.0.1:{port}"
    environ = {"MINISTACK_HOST": "127.0.0.1", "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    with _server([found], environ, folder / "ministack.log"):
        wait_until(lambda: _answers(url), timeout_seconds=60, what="MiniStack")
        yield url


@contextmanager
def _server(command: list[str], environ: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment() | environ, cwd=log.parent, stdout=output, stderr=output,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for some in sockets:
            some.bind(("127.0.0.1", 0))
        return [some.getsockname()[1] for some in sockets]


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _can_store(servers: OtherServers) -> bool:
    """It answers before it can store anything."""
    if not _answers(servers.s3_url):
        return False
    s3 = servers.client("s3")
    try:
        s3.create_bucket(Bucket="is-it-ready")
        s3.put_object(Bucket="is-it-ready", Key="probe", Body=b"x")
    except Exception:
        return "BucketAlreadyOwnedByYou" in str(sys.exc_info()[1]) and _put(s3)
    return True


def _put(s3: Any) -> bool:
    try:
        s3.put_object(Bucket="is-it-ready", Key="probe", Body=b"x")
    except Exception:
        return False
    return True
