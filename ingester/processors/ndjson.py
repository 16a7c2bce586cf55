"""Events as newline-delimited JSON on standard output: one record a line, as it was delivered.

ingester run --queue-url … --processor ingester.processors.ndjson:write | jq .eventName
"""

import fcntl
import os
import sys
from pathlib import Path
from typing import BinaryIO

from ingester.model.event import CloudTrailEvent

_LOCKED = Path(__file__)
"""What is locked while a list of events is written: worker processes share one standard output, and a pipe takes more
than 4,096 bytes in several pieces."""


def write(events: list[CloudTrailEvent]) -> None:
    """Write one line an event, and see that it is written. Raises OSError (BrokenPipeError when nobody reads)."""
    lines = b"".join([_line(event) for event in events])
    with _LOCKED.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _write_all(sys.stdout.buffer, lines)


def _line(event: CloudTrailEvent) -> bytes:
    record = event.raw or event.to_json().encode()
    if b"\n" in record or b"\r" in record:  # white space between the values: none can stand inside a JSON string
        record = record.replace(b"\n", b" ").replace(b"\r", b" ")
    return record + b"\n"


def _write_all(stream: BinaryIO, data: bytes) -> None:
    stream.flush()
    try:
        descriptor = stream.fileno()
    except OSError:  # not a real file, as in a notebook
        stream.write(data)
        return
    with memoryview(data) as rest:
        written = 0
        while written < len(data):
            written += os.write(descriptor, rest[written:])
