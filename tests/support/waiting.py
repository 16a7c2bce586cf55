"""Waiting on conditions, so that no test sleeps for a guessed time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.05


def wait_until(condition: Callable[[], T], *, timeout_seconds: float = 30, what: str = "the condition") -> T:
    """The first true value of `condition`. Fails the test when it stays false for the timeout."""
    deadline = time.monotonic() + timeout_seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {timeout_seconds} s in vain for {what}"
        time.sleep(_POLL_SECONDS)
    return value
