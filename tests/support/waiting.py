"""Waiting on conditions, so that no test sleeps for a guessed time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS_MIN = 0.05
_POLL_SECONDS_MAX = 0.25
_PAUSES = 4
"""How much longer than an answer took the next question waits: what is waited for needs the processor more."""


def wait_until(condition: Callable[[], T], *, timeout_seconds: float = 60, what: str = "the condition") -> T:
    """The first true value of `condition`. Fails the test when it stays false for the timeout."""
    deadline_seconds = time.monotonic() + timeout_seconds
    while True:
        asked_at_seconds = time.monotonic()
        if value := condition():
            return value
        now_seconds = time.monotonic()
        assert now_seconds < deadline_seconds, f"waited {timeout_seconds} s in vain for {what}"
        pause_seconds = _PAUSES * (now_seconds - asked_at_seconds)
        time.sleep(min(_POLL_SECONDS_MAX, max(_POLL_SECONDS_MIN, pause_seconds)))
