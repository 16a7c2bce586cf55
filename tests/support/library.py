"""A user of the library in the tests: log files of the test's own making, and functions that keep what they get."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isal import igzip

from ingester import (
    CloudTrailEvent,
    Decision,
    ErrorContext,
    IngesterError,
    LogFile,
    ProcessingExecutor,
    ProgressState,
    Settings,
)
from scripts.demo_world.notifications import StoredObject, s3_event
from tests.support.moto import Place, Queue

ACCOUNT = "123456789012"


def record(number: int, **more: Any) -> dict[str, Any]:
    """A small record that says which it is."""
    return {
        "eventVersion": "1.08",
        "eventTime": "2024-03-13T08:33:30Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": f"Event{number}",
        "eventID": f"{number:08}",
        **more,
    }


def records(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Some records, numbered."""
    return [record(number) for number in range(first, first + count)]


def body_of(some: Sequence[Any] | str) -> bytes:
    """A gzipped log file with these records, or with this JSON text."""
    text = some if isinstance(some, str) else json.dumps({"Records": some}, separators=(",", ":"))
    return igzip.compress(text.encode(), mtime=0)  # the same bytes, and ETag, at any time


def write_log_file(directory: Path, name: str, some: Sequence[Any] | str) -> Path:
    """A log file on disk."""
    path = directory / f"{name}.json.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body_of(some))
    return path


def key_of(name: str, *, account: str = ACCOUNT, kind: str = "CloudTrail") -> str:
    """A log file's key as CloudTrail lays it out."""
    file = f"{account}_{kind}_eu-west-1_20240313T0835Z_{name:x>16}.json.gz"
    return f"AWSLogs/{account}/{kind}/eu-west-1/2024/03/13/{file}"


@dataclass
class Trail:
    """A bucket and a queue that announces what is put into it."""

    place: Place
    queue: Queue

    def put(self, key: str, some: Sequence[Any] | str | bytes) -> StoredObject:
        """Store a log file without announcing it."""
        body = some if isinstance(some, bytes) else body_of(some)
        answer = self.place.s3.put_object(Bucket=self.place.bucket, Key=key, Body=body)
        return StoredObject(self.place.bucket, key, answer["ETag"].strip('"'), len(body))

    def deliver(self, key: str, some: Sequence[Any] | str | bytes) -> LogFile:
        """Store a log file and announce it."""
        stored = self.put(key, some)
        self.queue.send(s3_event([stored]))
        return LogFile(stored.bucket, key, stored.etag)


@dataclass
class Taken:
    """A function that keeps the events it gets, as a list a call; from any thread."""

    calls: list[list[CloudTrailEvent]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, events: list[CloudTrailEvent]) -> None:
        with self._lock:
            self.calls.append(events)

    @property
    def events(self) -> list[CloudTrailEvent]:
        """All events, in the order in which they came."""
        return [event for call in self.calls for event in call]

    @property
    def names(self) -> list[str | None]:
        """Their names."""
        return [event.event_name for event in self.events]


def settings(trail: Trail, **more: Any) -> Settings:
    """Settings that end with the queue."""
    defaults: dict[str, Any] = {"until_empty": True, "endpoint_url": trail.place.server.endpoint_url}
    return Settings(queue_url=trail.queue.url, **(defaults | more))


def run(trail: Trail, process: Any, more: dict[str, Any] | None = None, **hooks: Any) -> ProcessingExecutor:
    """An executor at its end."""
    with ProcessingExecutor(process, settings(trail, **(more or {})), **hooks) as executor:
        executor.wait()
    return executor


class Handler:
    """An exception handler that decides by the type of the error, and remembers."""

    def __init__(self, **decisions: Decision) -> None:
        self.decisions = decisions
        self.told: list[tuple[IngesterError, ErrorContext]] = []

    def __call__(self, error: IngesterError, context: ErrorContext) -> Decision | None:
        self.told.append((error, context))
        return self.decisions.get(type(error).__name__)


class Reporter:
    """Keeps what is reported; its tokens count up."""

    def __init__(self) -> None:
        self.starts: list[Any] = []
        self.ends: list[tuple[Any, Any]] = []
        self.lost: list[object] = []

    def report_start(self, status: Any) -> object:
        self.starts.append(status)
        return len(self.starts) - 1

    def report_end(self, status: Any, token: Any) -> None:
        if not isinstance(token, int) or self.starts[token].state is not status.state:
            self.lost.append(status)
        self.ends.append((status, token))

    def infos(self, state: ProgressState) -> list[Any]:
        return [status.info for status, _ in self.ends if status.state is state]
