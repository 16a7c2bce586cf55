"""The bound on bytes that are fetched and not processed."""

import threading

import pytest

from ingester.fetch.room import ClosedError, Room
from tests.unit.fetch.waiting import wait_until


def in_thread(target) -> threading.Thread:  # type: ignore[no-untyped-def]
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def test_who_finds_no_room_waits_until_some_is_given_back() -> None:
    room = Room(100)
    room.take(60)
    waiting = in_thread(lambda: room.take(50))
    waiting.join(timeout=0.05)
    assert waiting.is_alive()
    room.give(60)
    waiting.join(timeout=10)
    assert not waiting.is_alive()
    assert room.held_bytes == 50


def test_what_is_larger_than_all_the_room_is_let_in_alone() -> None:
    room = Room(100)
    room.take(1000)
    waiting = in_thread(lambda: room.take(1))
    waiting.join(timeout=0.05)
    assert waiting.is_alive()
    room.give(1000)
    waiting.join(timeout=10)
    assert room.held_bytes == 1


def test_closing_ends_the_waiting() -> None:
    room = Room(1)
    room.take(1)
    ended: list[str] = []

    def take() -> None:
        try:
            room.take(1)
        except ClosedError:
            ended.append("closed")

    thread = in_thread(take)
    room.close()
    wait_until(lambda: not thread.is_alive())
    assert ended == ["closed"]
    with pytest.raises(ClosedError):
        room.take(1)
