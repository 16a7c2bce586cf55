"""SIGTERM and SIGINT: while a run goes on noted, not acted upon: the loop is woken, and acts. Before, its end."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ingester.supervisor.start_up import StopRequested

_NUMBERS = (signal.SIGTERM, signal.SIGINT)


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
    try:
        with _handled_by(note):
            yield
    finally:
        signal.set_wakeup_fd(former_fd)


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Each signal raises StopRequested with its name; afterwards the former handlers are back.

    Nothing is in hand then that a loop would have to give back, and a start may be killed anywhere. A call that a
    server never answers takes minutes to give up: a signal that was only noted would have to wait for it.
    Does nothing outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: FrameType | None) -> None:
        raise StopRequested(signal.Signals(number).name)

    with _handled_by(end):
        yield


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    former = {number: signal.signal(number, handler) for number in _NUMBERS}
    try:
        yield
    finally:
        for number, before in former.items():
            signal.signal(number, before)
