"""Signals before a run begins: each ends it, wherever it is."""

import os
import signal
import threading

import pytest

from ingester.supervisor.signals import ending_on_signals
from ingester.supervisor.start_up import StopRequested

NUMBERS = (signal.SIGTERM, signal.SIGINT)


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number.name)
def test_a_signal_ends_even_a_call_that_waits_and_says_which_it_was(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in NUMBERS]
    threading.Timer(0.05, os.kill, (os.getpid(), number)).start()

    with pytest.raises(StopRequested, match=number.name), ending_on_signals():
        threading.Event().wait(20)
    assert [signal.getsignal(each) for each in NUMBERS] == before


def test_handlers_are_put_back_when_no_signal_comes() -> None:
    before = [signal.getsignal(each) for each in NUMBERS]
    with ending_on_signals():
        assert [signal.getsignal(each) for each in NUMBERS] != before
    assert [signal.getsignal(each) for each in NUMBERS] == before


def test_other_threads_leave_signals_alone() -> None:
    before = [signal.getsignal(each) for each in NUMBERS]
    seen: list[object] = []

    def use() -> None:
        with ending_on_signals():
            seen.extend(signal.getsignal(each) for each in NUMBERS)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert seen == before
