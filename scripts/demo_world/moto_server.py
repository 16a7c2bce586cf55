"""A moto server (S3, SQS, SNS) in a process of its own, on a free loopback port, gone when its starter is gone.

Run as a program it is that process: it prints its port, and ends as soon as its standard input is closed, which
the operating system does even for a starter that was killed.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REGION = "us-east-1"
ACCOUNT = "123456789012"
"""The account that moto plays without further ado."""

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Environment for clients of the server: made-up credentials, so that real ones are never sent."""

_PROJECT_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS_MAX = 60


@dataclass(frozen=True)
class MotoServer:
    """A running server. `endpoint_url` is what goes into `--endpoint-url`."""

    endpoint_url: str
    process: "subprocess.Popen[str]"

    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client of `service` ("s3", "sqs", "sns") with the made-up credentials; botocore Config by name."""
        import boto3
        from botocore.config import Config

        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(parameter_validation=False, s3={"addressing_style": "path"}, **config),
        )


@contextmanager
def moto_server() -> Iterator[MotoServer]:
    """A server that is ready for requests; ended on leaving. Raises RuntimeError if it doesn't start."""
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.demo_world.moto_server"],
        cwd=_PROJECT_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # a session of its own: Ctrl-C at the terminal is for the starter, which ends the server when all is told
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    watchdog = threading.Timer(_START_SECONDS_MAX, process.kill)
    watchdog.start()
    try:
        port = process.stdout.readline().strip()
        watchdog.cancel()
        if not port:
            raise RuntimeError(f"The moto server did not start: exit code {process.wait()}.")
        yield MotoServer(f"http://127.0.0.1:{port}", process)
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def _serve() -> None:
    from moto.server import ThreadedMotoServer

    _delete_under_the_lock()
    _look_at_a_copy()
    _receive_under_the_lock()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    sys.stdin.read()
    os._exit(0)


def _delete_under_the_lock() -> None:
    """Makes SQS deletes safe beside other calls.

    moto 5.2.5 builds a queue's list of messages anew on delete, without the lock under which messages are added: of
    two calls at once the later one brings a deleted message back, or drops one that was sent just then.
    """
    from moto.sqs.models import Queue

    unsafe = Queue.delete_message

    def delete_message(queue: Any, receipt_handle: str) -> None:
        with queue._messages_lock:
            unsafe(queue, receipt_handle)

    Queue.delete_message = delete_message  # type: ignore[assignment]


def _look_at_a_copy() -> None:
    """Makes SQS receives safe beside others.

    moto 5.2.5 walks a queue's set of messages in hand while another call changes it, and answers 500 with a
    traceback ("Set changed size during iteration").
    """
    from moto.sqs.models import Queue

    def pending_message_groups(queue: Any) -> set[str]:
        return {message.group_id for message in list(queue.pending_messages) if message.group_id is not None}

    Queue.pending_message_groups = property(pending_message_groups)  # type: ignore[assignment,method-assign]


def _receive_under_the_lock() -> None:
    """Makes SQS deliver a message to one receiver only.

    moto 5.2.5 looks whether a message is visible and hides it in two steps: of two receivers at once both get it, and
    it counts as received twice, which a queue with a redrive policy takes for a failure.
    """
    from moto.sqs.models import SQSBackend

    unsafe = SQSBackend.receive_message

    def receive_message(
        backend: Any, queue_name: str, count: int, wait_seconds_timeout: int, *arguments: Any, **more: Any
    ) -> Any:
        queue = backend.get_queue(queue_name)
        until_seconds = time.monotonic() + wait_seconds_timeout
        while True:
            with queue._messages_lock:
                messages = unsafe(backend, queue_name, count, 0, *arguments, **more)
            left_seconds = until_seconds - time.monotonic()
            if messages or left_seconds <= 0:
                return messages
            queue.wait_for_messages(min(1, left_seconds))

    SQSBackend.receive_message = receive_message  # type: ignore[method-assign]


if __name__ == "__main__":
    _serve()
