"""The fake as a process: started with a World, asked for its Counts, gone when its starter is gone.

Run as a program it is that process: a World as JSON is its argument; it prints its port, and ends when its standard
input is closed, which the operating system does even for a starter that was killed.
"""

import heapq
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import md5
from itertools import count
from pathlib import Path

import msgspec
import orjson

from bench.fakes.http import Answer, Connection, Request, Server, respond
from bench.fakes.s3 import FakeS3, StoredBody, stored_body
from bench.fakes.sqs import BATCH, FakeQueue
from bench.fakes.world import BUCKET, QUEUE_PATH, Counts, World
from scripts.demo_world.notifications import StoredObject, cloudtrail_message, sns_envelope

_PROJECT_ROOT = Path(__file__).resolve().parents[2]
_COUNTS_PATH = "/_bench/counts"
_LONG_POLL_SECONDS_MAX = 0.2
"""Shorter than SQS's, so that a run's end is not spent waiting for nothing."""
_JSON = "application/x-amz-json-1.0"


@dataclass(frozen=True)
class FakeAws:
    """A running fake. Give `endpoint_url` and `queue_url` to the product."""

    endpoint_url: str

    @property
    def queue_url(self) -> str:
        """The one queue."""
        return self.endpoint_url + QUEUE_PATH

    @property
    def source(self) -> str:
        """All log files, as a source for a backfill."""
        return f"s3://{BUCKET}/AWSLogs/"

    def counts(self) -> Counts:
        """What was asked for so far."""
        with urllib.request.urlopen(self.endpoint_url + _COUNTS_PATH, timeout=10) as answer:
            return msgspec.json.decode(answer.read(), type=Counts)


@contextmanager
def fake_aws(world: World) -> Iterator[FakeAws]:
    """A fake that is ready for requests; ended on leaving. Raises RuntimeError if it does not start."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.fakes.server", msgspec.json.encode(world, enc_hook=str).decode()],
        cwd=_PROJECT_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"The fake S3 and SQS did not start: exit code {process.wait()}.")
        yield FakeAws(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def objects_of(world: World) -> dict[str, StoredBody]:
    """Keys in CloudTrail's layout, 20 accounts and 4 regions in turn, with the folder's bodies in turn."""
    paths = sorted(path for path in world.folder.rglob("*.json.gz"))
    if not paths:
        raise FileNotFoundError(f"no log files in {world.folder}")
    bodies = []
    for path in paths[: world.log_files]:
        content = path.read_bytes()
        bodies.append(stored_body(md5(content, usedforsecurity=False).hexdigest(), content))
    return {_key(number): bodies[number % len(bodies)] for number in range(world.log_files)}


def _key(number: int) -> str:
    account = 100_000_000_000 + 7 * (number % 20)
    region = ("us-east-1", "eu-west-1", "us-west-2", "eu-central-1")[number // 20 % 4]
    name = f"{account}_CloudTrail_{region}_20251103T{number // 60 % 24:02}{number % 60:02}Z_{number:016}.json.gz"
    return f"AWSLogs/{account}/CloudTrail/{region}/2025/11/03/{name}"


class Fake:
    """Routes requests, holds long polls, counts."""

    def __init__(self, world: World) -> None:
        objects = objects_of(world)
        bodies = [
            sns_envelope(cloudtrail_message([StoredObject(BUCKET, key, body.etag, body.size_bytes)]))
            for key, body in objects.items()
        ]
        self._s3 = FakeS3(world, objects)
        self._queue = FakeQueue(bodies, world.messages_a_second)
        self._calls: Counter[str] = Counter()
        self._waiting: list[tuple[float, int, Connection, int, float]] = []
        self._number = count()
        self._began_at_seconds = time.monotonic()
        self._began_cpu_seconds = time.process_time()
        self._first_receive_seconds = self._last_delete_seconds = 0.0
        self.server = Server(self.handle, self.wake)

    def handle(self, connection: Connection, request: Request) -> Answer | None:
        """The answer to a request; None for a long poll, which is answered later."""
        if request.method == "POST" and request.target == "/":
            return self._sqs(connection, request)
        if request.target == _COUNTS_PATH:
            return Answer(respond("200 OK", msgspec.json.encode(self._counts())))
        operation, answer = self._s3.answer(request)
        self._calls[operation] += 1
        return answer

    def wake(self, now_seconds: float) -> float | None:
        """Answer long polls whose messages have come or whose time is over; when to be called again."""
        while self._waiting:
            deadline_seconds, _, connection, most, visibility_seconds = self._waiting[0]
            found = self._queue.receive(most, visibility_seconds, now_seconds)
            if found is None and now_seconds < deadline_seconds:
                next_seconds = self._queue.next_release_seconds(now_seconds)
                return deadline_seconds if next_seconds is None else min(deadline_seconds, next_seconds)
            heapq.heappop(self._waiting)
            self.server.answer(connection, _json(found or b"{}"))
        return None

    def _sqs(self, connection: Connection, request: Request) -> Answer | None:
        operation = (request.header("x-amz-target") or "").removeprefix("AmazonSQS.")
        self._calls[operation] += 1
        parameters = orjson.loads(request.body)
        now_seconds = time.monotonic()
        if operation == "ReceiveMessage":
            return self._receive(connection, parameters, now_seconds)
        if operation == "DeleteMessageBatch":
            self._last_delete_seconds = now_seconds
            return _json(self._queue.delete(parameters["Entries"]))
        if operation == "ChangeMessageVisibilityBatch":
            return _json(self._queue.change_visibility(parameters["Entries"], now_seconds))
        if operation == "GetQueueAttributes":
            return _json(self._queue.attributes(now_seconds))
        return Answer(respond("400 Bad Request", b'{"__type":"com.amazon.coral.service#UnknownOperationException"}'))

    def _receive(self, connection: Connection, parameters: dict[str, int], now_seconds: float) -> Answer | None:
        self._first_receive_seconds = self._first_receive_seconds or now_seconds
        most = min(BATCH, parameters.get("MaxNumberOfMessages", 1))
        visibility_seconds = parameters.get("VisibilityTimeout", 300)
        found = None if self._waiting else self._queue.receive(most, visibility_seconds, now_seconds)
        if found is not None:
            return _json(found)
        wait_seconds = min(parameters.get("WaitTimeSeconds", 0), _LONG_POLL_SECONDS_MAX)
        if not wait_seconds:
            return _json(b"{}")
        waiter = (now_seconds + wait_seconds, next(self._number), connection, most, visibility_seconds)
        heapq.heappush(self._waiting, waiter)
        return None

    def _counts(self) -> Counts:
        began = self._began_at_seconds
        return Counts(
            calls=dict(self._calls),
            messages_received=self._queue.received,
            messages_deleted=self._queue.deleted,
            body_bytes=self._s3.body_bytes,
            first_receive_seconds=max(0.0, self._first_receive_seconds - began),
            last_delete_seconds=max(0.0, self._last_delete_seconds - began),
            gets_at_once_max=self.server.late_max,
            cpu_seconds=time.process_time() - self._began_cpu_seconds,
            seconds=time.monotonic() - began,
        )


def _json(body: bytes) -> Answer:
    return Answer(respond("200 OK", body, Content_Type=_JSON))


def _end_with_starter() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Serve until the starter is gone."""
    fake = Fake(msgspec.json.decode(sys.argv[1], type=World, dec_hook=lambda kind, value: kind(value)))
    threading.Thread(target=_end_with_starter, daemon=True).start()
    print(fake.server.port, flush=True)
    fake.server.run()


if __name__ == "__main__":
    main()
