"""The worker's loop on a real socket: every job that it is given comes back once, prepared, failed or untouched."""

import select
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ingester.model.frames import (
    Assign,
    Beat,
    Drain,
    Failed,
    Flush,
    Frame,
    Prepared,
    Returned,
    ToSupervisor,
    encode_frame,
    read_by_supervisor,
)
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings
from ingester.worker.channel import Channel, SupervisorGoneError
from ingester.worker.loop import WorkerLoop
from ingester.worker.pace import JOBS_AT_FIRST
from tests.unit.worker.given import expected_rows, record, staged_rows, write_log_file


class Supervised:
    """A worker's loop in a thread, and the supervisor's end of its socket. `ended`: what its thread ended with."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.root = root
        self.heard: list[ToSupervisor] = []
        self.ended: BaseException | str | None = None
        self._reader = read_by_supervisor()
        self.connection, theirs = socket.socketpair()
        self._theirs = theirs
        loop = WorkerLoop(Settings(output=str(root), **settings), Channel(theirs))
        self._thread = threading.Thread(target=self._run, args=(loop,), daemon=True)
        self._thread.start()

    def _run(self, loop: WorkerLoop) -> None:
        try:
            loop.run([])
            self.ended = "drained"
        except BaseException as error:
            self.ended = error
        self._theirs.close()

    def say(self, *frames: Frame) -> None:
        self.connection.sendall(b"".join(map(encode_frame, frames)))

    def hear_until(self, is_enough: Callable[[], bool]) -> None:
        """Read frames until a condition holds."""
        while not is_enough():
            assert select.select([self.connection], [], [], 20)[0], f"heard only {self.heard}"
            data = self.connection.recv(1 << 20)
            assert data or is_enough(), f"it ended with {self.ended!r}"
            self.heard += self._reader.feed(data)

    def end(self) -> None:
        """Wait for the end of the loop, hearing all it says."""
        while select.select([self.connection], [], [], 20)[0] and (data := self.connection.recv(1 << 20)):
            self.heard += self._reader.feed(data)
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()

    def of(self, kind: type[Any]) -> list[Any]:
        return [frame for frame in self.heard if isinstance(frame, kind)]

    def settled(self) -> Counter[int]:
        """How often each job came back, in whatever way."""
        prepared = [done.job for frame in self.of(Prepared) for done in frame.log_files]
        failed = [frame.job for frame in self.of(Failed)]
        returned = [job for frame in self.of(Returned) for job in frame.jobs]
        return Counter([*prepared, *failed, *returned])

    def rows(self) -> Counter[tuple[str, int, str]]:
        return sum((staged_rows(self.root, prepared) for prepared in self.of(Prepared)), Counter())


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    """Starts loops; they are ended with the test."""
    started: list[Supervised] = []

    def start_one(**settings: Any) -> Supervised:
        started.append(Supervised(tmp_path / "lake", **settings))
        return started[-1]

    yield start_one
    for supervised in started:
        supervised.connection.close()
        supervised._thread.join(timeout=20)


def assign(log_files: Sequence[LogFile], first_job: int = 1) -> Assign:
    return Assign(jobs=tuple(enumerate(log_files, first_job)))


def test_a_worker_says_first_how_much_it_wants(start: Callable[..., Supervised]) -> None:
    worker = start()
    worker.hear_until(lambda: len(worker.heard) > 0)

    assert isinstance(worker.heard[0], Beat)
    assert worker.heard[0].jobs_welcome == JOBS_AT_FIRST
    assert worker.heard[0].rss_bytes > 1_000_000


def test_a_flush_prepares_everything_that_was_assigned_before_it(
    start: Callable[..., Supervised], tmp_path: Path
) -> None:
    contents = [[record(number * 10 + index) for index in range(number)] for number in range(8)]
    log_files = [write_log_file(tmp_path, f"{number}", some) for number, some in enumerate(contents)]
    worker = start()
    worker.say(assign(log_files[:5]), assign(log_files[5:], 6), Flush())
    worker.hear_until(lambda: len(worker.settled()) == 8)

    assert worker.settled() == Counter(range(1, 9))
    assert len(worker.of(Prepared)) == 1
    assert worker.rows() == sum(map(expected_rows, log_files, contents), Counter())


def test_beats_tell_what_is_done_and_never_less_than_before(start: Callable[..., Supervised], tmp_path: Path) -> None:
    log_files = [write_log_file(tmp_path, f"{number}", [record(number)]) for number in range(40)]
    worker = start()
    worker.say(assign(log_files), Flush())
    worker.hear_until(lambda: any(beat.jobs_done == 40 for beat in worker.of(Beat)) and bool(worker.of(Prepared)))

    beats: list[Beat] = worker.of(Beat)
    assert [beat.jobs_done for beat in beats] == sorted(beat.jobs_done for beat in beats)
    assert [beat.events for beat in beats] == sorted(beat.events for beat in beats)
    assert all(beat.jobs_welcome >= beat.jobs_done for beat in beats)
    assert beats[-1].json_bytes > 0


def test_a_worker_that_is_through_asks_for_more_than_it_has_done(
    start: Callable[..., Supervised], tmp_path: Path
) -> None:
    log_files = [write_log_file(tmp_path, f"{number}", [record(number)]) for number in range(JOBS_AT_FIRST)]
    worker = start()
    worker.say(assign(log_files))
    worker.hear_until(lambda: any(beat.jobs_welcome > JOBS_AT_FIRST for beat in worker.of(Beat)))

    assert not worker.of(Failed)


def test_each_failure_is_told_with_its_kind_and_the_others_go_on(
    start: Callable[..., Supervised], tmp_path: Path
) -> None:
    good = write_log_file(tmp_path, "good", [record(1)])
    bad = write_log_file(tmp_path, "bad", [record(1)], cut_bytes=10)
    gone = write_log_file(tmp_path, "gone", [record(1)])
    Path(gone.key).unlink()
    changed = write_log_file(tmp_path, "changed", [record(1)])
    write_log_file(tmp_path, "changed", [record(1), record(2)])
    worker = start()
    worker.say(assign([bad, good, gone, changed]), Flush())
    worker.hear_until(lambda: len(worker.settled()) == 4)

    assert worker.settled() == Counter(range(1, 5))
    assert {failed.job: failed.kind for failed in worker.of(Failed)} == {1: "bad_log_file", 3: "fetch", 4: "fetch"}
    assert all(failed.reason for failed in worker.of(Failed))
    assert worker.rows() == expected_rows(good, [record(1)])


def test_an_output_that_can_not_be_written_fails_every_job_once_and_the_worker_goes_on(
    start: Callable[..., Supervised], tmp_path: Path
) -> None:
    log_files = [write_log_file(tmp_path, f"{number}", [record(number)]) for number in range(3)]
    (tmp_path / "lake").write_text("a file where the lake should be")
    worker = start()
    worker.say(assign(log_files), Flush())
    worker.hear_until(lambda: len(worker.settled()) == 3)
    assert worker.settled() == Counter(range(1, 4))
    assert {failed.kind for failed in worker.of(Failed)} == {"output"}
    (tmp_path / "lake").unlink()
    worker.say(assign(log_files, 4), Flush())
    worker.hear_until(lambda: len(worker.settled()) == 6)

    assert worker.settled() == Counter(range(1, 7))
    assert sum(worker.rows().values()) == 3


def test_a_drain_prepares_what_is_gathered_gives_back_the_rest_and_ends(
    start: Callable[..., Supervised], tmp_path: Path
) -> None:
    contents = [[record(number)] for number in range(200)]
    log_files = [write_log_file(tmp_path, f"{number}", some) for number, some in enumerate(contents)]
    worker = start()
    worker.say(assign(log_files[:3]))
    worker.hear_until(lambda: any(beat.jobs_done == 3 for beat in worker.of(Beat)))
    worker.say(assign(log_files[3:], 4), Drain())
    worker.end()

    assert worker.ended == "drained"
    assert worker.settled() == Counter(range(1, 201))
    assert {1, 2, 3} <= {done.job for frame in worker.of(Prepared) for done in frame.log_files}
    prepared = [done.job - 1 for frame in worker.of(Prepared) for done in frame.log_files]
    assert worker.rows() == sum((expected_rows(log_files[job], contents[job]) for job in prepared), Counter())
    last_beat: Beat = worker.of(Beat)[-1]
    assert last_beat.jobs_welcome <= 200


def test_a_drain_with_nothing_in_hand_ends_at_once(start: Callable[..., Supervised]) -> None:
    worker = start()
    worker.say(Drain())
    worker.end()

    assert worker.ended == "drained"
    assert not worker.of(Prepared)


def test_rows_are_prepared_after_the_flush_interval_without_being_asked(
    start: Callable[..., Supervised], tmp_path: Path
) -> None:
    worker = start(flush_interval_seconds=0.1)
    worker.say(assign([write_log_file(tmp_path, "a", [record(1)])]))
    worker.hear_until(lambda: bool(worker.of(Prepared)))

    assert worker.settled() == Counter([1])


def test_a_worker_whose_supervisor_is_gone_ends(start: Callable[..., Supervised], tmp_path: Path) -> None:
    worker = start()
    worker.say(assign([write_log_file(tmp_path, "a", [record(1)])]))
    worker.hear_until(lambda: bool(worker.heard))
    worker.connection.close()
    worker._thread.join(timeout=20)

    assert isinstance(worker.ended, SupervisorGoneError)


def test_a_frame_that_makes_no_sense_is_an_error_and_not_passed_over(start: Callable[..., Supervised]) -> None:
    worker = start()
    worker.connection.sendall(encode_frame(Beat(jobs_welcome=1)))
    worker.end()

    assert isinstance(worker.ended, ValueError)
