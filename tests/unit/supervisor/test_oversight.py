"""Workers that fall silent or grow too large: who is aborted, who is given up, who is told to go."""

import selectors
import socket
from collections.abc import Iterator

import msgspec
import pytest

from ingester.model.frames import Beat, Drain, Flush, Prepared, ToWorker, encode_frame, read_by_worker
from ingester.model.settings import Settings
from ingester.supervisor.oversight import ABORT_SECONDS, Oversight
from ingester.supervisor.pool import WorkerPool
from ingester.supervisor.worker_link import Worker

SETTINGS = Settings(output="/lake", worker_silence_seconds=60, worker_memory_bytes=500_000_000)


class Puppet(Worker):
    """A worker that does nothing by itself. `told`: what was done to it."""

    is_process = True

    def __init__(self, slot: int, generation: int, _settings: Settings) -> None:
        ours, self.theirs = socket.socketpair()
        self.theirs.setblocking(False)
        self.told: list[str] = []
        super().__init__(slot, generation, ours)

    @property
    def pid(self) -> int:
        return 1

    def abort(self) -> None:
        self.told.append("abort")

    def kill(self) -> None:
        self.told.append("kill")

    def reap(self) -> str:
        self.connection.close()
        return "was given up"

    def frames(self) -> list[ToWorker]:
        """What the supervisor said."""
        try:
            return read_by_worker().feed(self.theirs.recv(1 << 16))
        except BlockingIOError:
            return []


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    selector = selectors.DefaultSelector()
    some = WorkerPool(SETTINGS, 2, selector, Puppet)
    some.start_due(0.0)
    yield some
    some.end()
    selector.close()


def puppet(pool: WorkerPool, slot: int = 0) -> Puppet:
    worker = pool.workers[slot]
    assert isinstance(worker, Puppet)
    return worker


def look_until(oversight: Oversight, since: int, until: int) -> list[int]:
    """Look once a second; the slots of those given up."""
    return [died.worker.slot for second in range(since, until) for died in oversight.look(float(second))]


def test_a_silent_worker_is_aborted_then_given_up_and_one_that_beats_is_left_alone(pool: WorkerPool) -> None:
    oversight = Oversight(pool, SETTINGS)
    silent, beating = puppet(pool), puppet(pool, 1)
    for second in range(100, 160):
        oversight.heard(beating, Beat(1), float(second))
        assert oversight.look(float(second)) == []
    assert silent.told == []

    oversight.heard(beating, Beat(1), 160.0)
    given_up = look_until(oversight, 160, 161 + int(ABORT_SECONDS))

    assert given_up == [0]
    assert silent.told == ["abort", "kill"]
    assert silent.connection.fileno() == -1
    assert set(pool.workers) == {1}
    assert beating.told == []


def test_a_worker_that_starts_may_be_silent_for_longer(pool: WorkerPool) -> None:
    oversight = Oversight(pool, msgspec.structs.replace(SETTINGS, worker_silence_seconds=5))
    starting, started = puppet(pool), puppet(pool, 1)
    oversight.look(99.0)
    oversight.heard(started, Beat(1), 99.0)

    assert look_until(oversight, 100, 108) == [1]

    assert started.told == ["abort", "kill"]
    assert starting.told == []


def test_a_loop_that_stood_still_itself_blames_nobody(pool: WorkerPool) -> None:
    oversight = Oversight(pool, SETTINGS)

    assert look_until(oversight, 100, 130) == []
    assert look_until(oversight, 1_000, 1_050) == []

    assert puppet(pool).told == []


def test_a_worker_that_calls_a_users_function_may_be_silent_for_any_time(pool: WorkerPool) -> None:
    oversight = Oversight(pool, msgspec.structs.replace(SETTINGS, processor="module:function"))

    assert look_until(oversight, 100, 1_000) == []

    assert puppet(pool).told == []


def test_a_worker_that_is_too_large_after_a_commit_is_told_to_drain_once_and_gets_nothing_more(
    pool: WorkerPool,
) -> None:
    oversight = Oversight(pool, SETTINGS)
    worker = puppet(pool)
    worker.jobs_welcome = 16

    for _ in range(2):
        oversight.heard(worker, Prepared("0" * 32, (), ()), 1.0)
        oversight.heard(worker, Beat(16, rss_bytes=500_000_001), 1.0)

    assert worker.frames() == [Drain()]
    assert worker.room == 0


def test_a_worker_that_holds_rows_or_is_small_stays(pool: WorkerPool) -> None:
    oversight = Oversight(pool, SETTINGS)
    worker = puppet(pool)

    oversight.heard(worker, Beat(16, rss_bytes=900_000_000), 1.0)
    oversight.heard(worker, Prepared("0" * 32, (), ()), 1.0)
    oversight.heard(worker, Beat(16, rss_bytes=499_999_999), 1.0)
    oversight.heard(worker, Beat(16, rss_bytes=900_000_000), 1.0)
    pool.send(worker, Flush())

    assert worker.frames() == [Flush()]


def test_what_a_worker_says_after_it_was_given_up_is_heard_by_nobody(pool: WorkerPool) -> None:
    worker = puppet(pool)

    pool.give_up(worker)

    with pytest.raises(ConnectionError):
        worker.theirs.sendall(encode_frame(Prepared("0" * 32, (), ())))
