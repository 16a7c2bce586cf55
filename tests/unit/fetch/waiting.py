"""Waiting on a condition, never on a sleep."""

import threading
import time
from collections.abc import Callable

_TICK = threading.Event()


def wait_until(condition: Callable[[], object], timeout_seconds: float = 20.0) -> None:
    """Raises AssertionError if the condition does not come true."""
    deadline_seconds = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline_seconds, "it did not come true"
        _TICK.wait(0.002)
