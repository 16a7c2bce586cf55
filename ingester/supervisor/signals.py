"""SIGTERM and SIGINT: noted, not acted upon. The loop is woken, and acts."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def noting_signals(noted: list[int], wakeup_fd: int) -> Iterator[None]:
    """Append each signal to `noted` and write to `wakeup_fd`; afterwards the former handlers are back.

    Does nothing outside the main thread, where Python lets nobody catch signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(number: int, _frame: FrameType | None) -> None:
        noted.append(number)

    former_fd = signal.set_wakeup_fd(wakeup_fd, warn_on_full_buffer=False)
    former = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(former_fd)
