"""Fetching ahead: a few at once, a bound on bytes, nothing lost and nothing twice."""

import threading
from pathlib import Path

import pytest

from ingester.fetch.ahead import FetchAhead
from ingester.fetch.base import Fetched, MakeRoom
from ingester.fetch.open import opener
from ingester.model.errors import FetchError
from ingester.model.log_file import LogFile, local_log_file
from ingester.model.settings import Settings
from tests.unit.fetch.waiting import wait_until

MANY_BYTES = 1 << 30


class Source:
    """A source whose fetches end when the test says so. `sizes`: bytes of a body, by key; 1 by default."""

    def __init__(self, held_back: bool = False, **sizes: int) -> None:
        self.sizes = sizes
        self.started: list[str] = []
        self.at_once = 0
        self.at_once_max = 0
        self._lock = threading.Lock()
        self._go = threading.Semaphore(0 if held_back else 1 << 30)

    def let(self, count: int = 1) -> None:
        self._go.release(count)

    def open(self, log_file: LogFile, make_room: MakeRoom) -> Fetched:
        with self._lock:
            self.started.append(log_file.key)
            self.at_once += 1
            self.at_once_max = max(self.at_once_max, self.at_once)
        self._go.acquire()
        try:
            if log_file.key.startswith("bad"):
                make_room(7)
                raise FetchError(f"{log_file.uri} is bad")
            if log_file.key.startswith("bug"):
                raise ZeroDivisionError
            make_room(self.sizes.get(log_file.key, 1))
            return Fetched(log_file, 1, iter([log_file.key.encode()]))
        finally:
            with self._lock:
                self.at_once -= 1


def take_all(ahead: FetchAhead) -> dict[int, Fetched | FetchError]:
    taken: dict[int, Fetched | FetchError] = {}
    while ahead.pending:
        item = ahead.next(10)
        assert item is not None
        job, outcome = item
        assert job not in taken
        taken[job] = outcome
    return taken


def test_every_job_comes_back_once_with_its_log_file() -> None:
    source = Source()
    ahead = FetchAhead(source.open, 4, MANY_BYTES)
    for job in range(500):
        ahead.put(job, LogFile("b", f"k{job}"))
    taken = take_all(ahead)
    assert {job: fetched.log_file.key for job, fetched in taken.items() if isinstance(fetched, Fetched)} == {
        job: f"k{job}" for job in range(500)
    }
    assert ahead.next(0) is None
    ahead.close()


def test_a_failed_fetch_is_handed_out_like_any_other_and_gives_back_its_room() -> None:
    ahead = FetchAhead(Source().open, 1, 10)
    for job in range(20):
        ahead.put(job, LogFile("b", f"bad{job}" if job % 2 else f"k{job}"))
    taken = take_all(ahead)
    assert [isinstance(taken[job], FetchError) for job in range(20)] == [False, True] * 10
    ahead.close()


def test_no_more_than_the_wanted_number_is_fetched_at_once() -> None:
    source = Source(held_back=True)
    ahead = FetchAhead(source.open, 3, MANY_BYTES)
    for job in range(10):
        ahead.put(job, LogFile("b", f"k{job}"))
    wait_until(lambda: len(source.started) == 3)
    source.let(10)
    take_all(ahead)
    assert source.at_once_max == 3
    ahead.close()


def test_fetching_runs_ahead_up_to_the_bound_on_bytes_and_no_further() -> None:
    source = Source(**{f"k{job}": 40 for job in range(6)})
    ahead = FetchAhead(source.open, 6, 100)
    for job in range(6):
        ahead.put(job, LogFile("b", f"k{job}"))
    wait_until(lambda: len(source.started) == 6 and source.at_once == 4)
    assert ahead._room.held_bytes == 80
    assert ahead.next(10) is not None
    wait_until(lambda: source.at_once == 3)
    assert ahead._room.held_bytes == 80
    assert len(take_all(ahead)) == 5
    assert ahead._room.held_bytes == 0
    ahead.close()


def test_a_log_file_larger_than_the_bound_comes_all_the_same() -> None:
    ahead = FetchAhead(Source(k=5000).open, 2, 100)
    ahead.put(1, LogFile("b", "k"))
    ahead.put(2, LogFile("b", "l"))
    assert len(take_all(ahead)) == 2
    ahead.close()


def test_a_fetch_that_is_tried_again_holds_its_room_once() -> None:
    def open_twice(log_file: LogFile, make_room: MakeRoom) -> Fetched:
        make_room(60)
        make_room(80)
        return Fetched(log_file, 80, iter([]))

    ahead = FetchAhead(open_twice, 1, 100)
    ahead.put(1, LogFile("b", "k"))
    wait_until(lambda: ahead._room.held_bytes == 80)
    take_all(ahead)
    assert ahead._room.held_bytes == 0
    ahead.close()


def test_an_unexpected_error_is_raised_where_the_job_is_asked_for() -> None:
    ahead = FetchAhead(Source().open, 1, MANY_BYTES)
    ahead.put(1, LogFile("b", "bug"))
    with pytest.raises(ZeroDivisionError):
        ahead.next(10)
    ahead.put(2, LogFile("b", "fine"))
    assert ahead.next(10) is not None
    ahead.close()


def test_next_gives_up_after_its_time_and_the_job_stays_pending() -> None:
    source = Source(held_back=True)
    ahead = FetchAhead(source.open, 1, MANY_BYTES)
    ahead.put(1, LogFile("b", "k"))
    assert ahead.next(0.01) is None
    assert ahead.pending == 1
    source.let()
    assert ahead.next(10) is not None
    assert ahead.pending == 0
    ahead.close()


def test_cancelled_jobs_are_those_that_have_not_begun() -> None:
    source = Source(held_back=True)
    ahead = FetchAhead(source.open, 2, MANY_BYTES)
    for job in range(6):
        ahead.put(job, LogFile("b", f"k{job}"))
    wait_until(lambda: len(source.started) == 2)
    assert ahead.cancel_waiting() == [2, 3, 4, 5]
    assert ahead.pending == 2
    source.let(2)
    assert set(take_all(ahead)) == {0, 1}
    assert len(source.started) == 2
    ahead.close()


def test_closing_ends_the_threads_and_those_that_wait_for_room() -> None:
    source = Source(k0=100, k1=100)
    ahead = FetchAhead(source.open, 2, 100)
    for job in range(2):
        ahead.put(job, LogFile("b", f"k{job}"))
    wait_until(lambda: len(source.started) == 2 and source.at_once == 1)
    ahead.close()
    wait_until(lambda: not any(thread.is_alive() for thread in ahead._threads))


def test_files_on_disk_need_no_thread(tmp_path: Path) -> None:
    ahead = FetchAhead(opener(Settings()), 4, 10)
    log_files = []
    for number in range(5):
        (tmp_path / f"{number}.json").write_bytes(b"x" * 100)
        log_files.append(local_log_file(tmp_path / f"{number}.json"))
    (tmp_path / "2.json").unlink()
    for job, log_file in enumerate(log_files):
        ahead.put(job, log_file)
    assert ahead.pending == 5
    assert ahead.cancel_waiting() == [0, 1, 2, 3, 4]
    for job, log_file in enumerate(log_files):
        ahead.put(job, log_file)
    taken = take_all(ahead)
    assert [type(taken[job]) for job in range(5)] == [Fetched, Fetched, FetchError, Fetched, Fetched]
    assert ahead._threads == []
    ahead.close()
