"""The worker slots: who lives, who is spoken to, and who is started again."""

import os
import selectors
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingester.model.frames import Beat, Drain, Flush, encode_frame
from ingester.model.settings import Settings
from ingester.supervisor.pool import Died, Heard, WorkerPool
from ingester.supervisor.restart import DEATHS_AT_START_MAX

WorkerProgram = Callable[[str], None]
SLOTS = 2
DIE = "sys.exit(4)"
LIVE = "time.sleep(60)"


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[WorkerPool]:
    with selectors.DefaultSelector() as selector:
        some = WorkerPool(Settings(output=str(tmp_path)), SLOTS, selector)
        yield some
        some.end()


def events(pool: WorkerPool, number: int) -> list[Heard | Died]:
    """The next `number` things that happen, in order."""
    happened: list[Heard | Died] = []
    while len(happened) < number:
        ready = pool._selector.select(20)
        assert ready, f"only {happened}"
        for key, mask in ready:
            happened += pool.on_ready(key.data, mask)
    return happened


def test_every_slot_gets_a_worker(pool: WorkerPool, worker_program: WorkerProgram) -> None:
    worker_program(LIVE)
    pool.start_due(100.0)

    assert sorted(pool.workers) == [0, 1]
    assert len({worker.pid for worker in pool.workers.values()}) == SLOTS
    assert [worker.slot for worker in pool.workers.values()] == list(pool.workers)


def test_a_dead_worker_is_told_after_its_last_words_and_has_no_slot_any_more(
    pool: WorkerPool, worker_program: WorkerProgram
) -> None:
    beat = Beat(jobs_welcome=16)
    worker_program(f"connection.sendall({encode_frame(beat)!r})\n{DIE}")
    pool.start_due(100.0)
    started = dict(pool.workers)

    happened = events(pool, 2 * SLOTS)

    for slot, worker in started.items():
        assert [item for item in happened if item.worker is worker] == [
            Heard(worker, beat),
            Died(worker, "exited with 4"),
        ]
        assert slot not in pool.workers


def test_a_successor_is_another_process_in_the_same_slot_with_nothing_assigned(
    pool: WorkerPool, worker_program: WorkerProgram
) -> None:
    worker_program(DIE)
    pool.start_due(100.0)
    worker = pool.workers[1]
    worker.jobs_assigned = worker.jobs_done = worker.jobs_welcome = 7
    dead = [item.worker for item in events(pool, SLOTS)]
    worker_program(LIVE)

    assert sorted(worker.slot for worker in dead) == [0, 1]
    assert pool.replace(worker, 100.0)
    pool.start_due(100.0)

    successor = pool.workers[1]
    assert (successor.slot, successor.room, successor.jobs_done) == (1, 0, 0)
    assert successor.generation > worker.generation
    assert 0 not in pool.workers


def test_workers_that_die_at_their_start_again_and_again_are_given_up(
    pool: WorkerPool, worker_program: WorkerProgram
) -> None:
    worker_program(DIE)
    now_seconds, deaths = 100.0, 0
    goes_on = True
    while goes_on:
        pool.start_due(now_seconds)
        for died in events(pool, 1):
            deaths += 1
            goes_on = goes_on and pool.replace(died.worker, now_seconds)
        now_seconds += 100.0

    assert DEATHS_AT_START_MAX < deaths <= DEATHS_AT_START_MAX + SLOTS


def test_finished_work_anywhere_keeps_the_pool_from_giving_up(
    pool: WorkerPool, worker_program: WorkerProgram
) -> None:
    worker_program(LIVE)
    pool.start_due(100.0)

    for _ in range(DEATHS_AT_START_MAX * 2):
        assert pool.replace(pool.workers[0], 100.0)
        pool.worked()


def test_a_successor_waits_for_its_time(pool: WorkerPool, worker_program: WorkerProgram) -> None:
    worker_program(LIVE)
    pool.start_due(100.0)
    worker = pool.workers.pop(0)
    pool._selector.unregister(worker.connection)
    worker.kill()
    worker.reap()
    for _ in range(4):
        assert pool.replace(worker, 100.0)
    pool._due[:-1] = []
    due_seconds = pool._due[0][0]

    pool.start_due(due_seconds - 0.01)
    assert sorted(pool.workers) == [1]
    pool.start_due(due_seconds)
    assert sorted(pool.workers) == [0, 1]


def test_after_start_no_more_nobody_is_started(pool: WorkerPool, worker_program: WorkerProgram) -> None:
    worker_program(DIE)
    pool.start_due(100.0)
    for died in events(pool, SLOTS):
        pool.replace(died.worker, 100.0)
    pool.start_no_more()
    pool.start_due(1e9)

    assert pool.workers == {}


def test_what_a_slow_worker_does_not_take_goes_out_when_it_reads(
    pool: WorkerPool, worker_program: WorkerProgram
) -> None:
    frame = encode_frame(Drain())
    worker_program(
        f"""
        with connection.makefile("rb") as stream:
            stream.read(int.from_bytes(stream.read(4), "big"))
            sys.exit(100 if all(stream.read({len(frame)}) == {frame!r} for _ in range(20_000)) else 1)
        """
    )
    pool.start_due(100.0)
    for worker in pool.workers.values():
        os.kill(worker.pid, signal.SIGSTOP)
    for _ in range(20_000):
        pool.send_all(Drain())
    assert all(worker.has_unsent for worker in pool.workers.values())
    for worker in pool.workers.values():
        os.kill(worker.pid, signal.SIGCONT)

    assert sorted(str(item) for item in {died.how for died in events(pool, SLOTS) if isinstance(died, Died)}) == [
        "exited with 100"
    ]


def test_the_end_of_a_pool_leaves_no_process(pool: WorkerPool, worker_program: WorkerProgram) -> None:
    worker_program(f"signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{LIVE}")
    pool.start_due(100.0)
    workers = list(pool.workers.values())
    pool.send_all(Flush())

    pool.end()

    assert pool.workers == {}
    assert not any(Path(f"/proc/{worker.pid}").exists() for worker in workers)
    pool.start_due(1e9)
    assert pool.workers == {}
