"""The one way from another thread into the loop."""

import select
import signal
import threading
from collections.abc import Iterator

import pytest

from ingester.supervisor.mailbox import Mailbox


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    yield box
    box.close()


def is_readable(mailbox: Mailbox) -> bool:
    return bool(select.select([mailbox], [], [], 0)[0])


def test_items_come_out_in_order_and_wake_the_loop_once(mailbox: Mailbox) -> None:
    assert not is_readable(mailbox)
    for item in range(3):
        mailbox.post(item)

    assert is_readable(mailbox)
    assert mailbox.take() == [0, 1, 2]
    assert not is_readable(mailbox)
    assert mailbox.take() == []


def test_more_items_than_the_socket_holds_wake_ups_for_are_all_there(mailbox: Mailbox) -> None:
    for item in range(50_000):
        mailbox.post(item)

    assert mailbox.take() == list(range(50_000))
    assert not is_readable(mailbox)
    mailbox.post("next")
    assert is_readable(mailbox)


def test_nothing_that_threads_post_while_the_loop_takes_is_lost(mailbox: Mailbox) -> None:
    def post(thread: int) -> None:
        for number in range(2_000):
            mailbox.post((thread, number))

    threads = [threading.Thread(target=post, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    taken: list[object] = []
    while len(taken) < 8_000:
        assert select.select([mailbox], [], [], 10)[0], "items are there and the loop was not woken"
        taken += mailbox.take()
    for thread in threads:
        thread.join()

    assert sorted(taken) == [(thread, number) for thread in range(4) for number in range(2_000)]  # type: ignore[type-var]


def test_a_signal_wakes_the_loop(mailbox: Mailbox) -> None:
    former_fd = signal.set_wakeup_fd(mailbox.wakeup_fd, warn_on_full_buffer=False)
    former_handler = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        signal.raise_signal(signal.SIGUSR1)
        assert is_readable(mailbox)
        assert mailbox.take() == []
    finally:
        signal.set_wakeup_fd(former_fd)
        signal.signal(signal.SIGUSR1, former_handler)


def test_who_posts_after_the_end_is_told_so_that_a_receiver_gives_its_messages_back() -> None:
    mailbox = Mailbox()
    mailbox.post("in time, and not taken")
    mailbox.close()

    with pytest.raises(OSError, match="Bad file descriptor"):
        mailbox.post("late")
