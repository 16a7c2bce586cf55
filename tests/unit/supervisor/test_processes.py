"""One worker process as the supervisor sees it: spoken to without waiting, and its death told."""

import os
import select
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingester.model.frames import Assign, Beat, Drain, Flush, ToSupervisor, encode_frame
from ingester.model.settings import Settings
from ingester.supervisor.processes import WorkerProcess, describe_exit
from tests.unit.supervisor.given import log_file

Start = Callable[[], WorkerProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts worker processes; those that still live are ended with the test."""
    started: list[WorkerProcess] = []

    def start_one() -> WorkerProcess:
        started.append(WorkerProcess(1, 1, Settings(output=str(tmp_path), workers=1)))
        return started[-1]

    yield start_one
    for worker in started:
        worker.kill()
        worker.reap()


def heard_until_closed(worker: WorkerProcess) -> list[ToSupervisor]:
    """All frames up to the end of the stream."""
    heard: list[ToSupervisor] = []
    is_closed = False
    while not is_closed:
        assert select.select([worker.connection], [], [], 20)[0], "the worker says nothing"
        frames, is_closed = worker.receive()
        heard += frames
    return heard


BEATS = b"".join(encode_frame(Beat(jobs_welcome=number)) for number in range(3))


def test_frames_before_a_death_are_heard_and_the_death_is_told(
    worker_program: Callable[[str], None], start: Start
) -> None:
    worker_program(f"connection.sendall({BEATS!r})\nsys.exit(3)")
    worker = start()

    assert heard_until_closed(worker) == [Beat(jobs_welcome=number) for number in range(3)]
    assert worker.reap() == "exited with 3"


@pytest.mark.parametrize("kept", [1, 3, 4, 5, 20])
def test_a_worker_that_dies_in_the_middle_of_a_frame_is_dead_and_its_partial_frame_nothing(
    worker_program: Callable[[str], None], start: Start, kept: int
) -> None:
    worker_program(
        f"connection.sendall({BEATS!r} + {encode_frame(Beat(jobs_welcome=9))[:kept]!r})\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    worker = start()

    assert heard_until_closed(worker) == [Beat(jobs_welcome=number) for number in range(3)]
    assert worker.reap() == "was killed with SIGKILL (out of memory?)"


@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff", b"\0\0\0\1\xc1", encode_frame(Flush())])
def test_a_worker_that_talks_nonsense_is_killed(
    worker_program: Callable[[str], None], start: Start, garbage: bytes
) -> None:
    worker_program(f"connection.sendall({garbage!r})\ntime.sleep(60)")
    worker = start()

    assert heard_until_closed(worker) == []
    assert worker.reap() == "was killed by its supervisor"


def test_a_worker_that_reads_nothing_does_not_hold_up_the_supervisor(
    worker_program: Callable[[str], None], start: Start
) -> None:
    worker_program("time.sleep(60)")
    worker = start()
    jobs = Assign(jobs=tuple((number, log_file(number)) for number in range(1000)))

    for _ in range(20):
        worker.send(jobs)

    assert worker.has_unsent


def test_what_a_slow_worker_does_not_take_at_once_arrives_whole_and_in_order(
    worker_program: Callable[[str], None], start: Start
) -> None:
    worker_program(
        f"""
        connection.sendall({BEATS!r})
        with connection.makefile("rb") as stream:
            start = stream.read(int.from_bytes(stream.read(4), "big"))
            sys.exit(100 if all(stream.read({len(encode_frame(Drain()))}) == {encode_frame(Drain())!r}
                                for _ in range(20_000)) else 1)
        """
    )
    worker = start()
    os.kill(worker.pid, signal.SIGSTOP)
    for _ in range(20_000):
        worker.send(Drain())
    assert worker.has_unsent
    os.kill(worker.pid, signal.SIGCONT)
    while worker.has_unsent:
        select.select([], [worker.connection], [], 20)
        worker.flush()

    heard_until_closed(worker)
    assert worker.reap() == "exited with 100"


def test_speaking_to_a_dead_worker_is_no_error(worker_program: Callable[[str], None], start: Start) -> None:
    worker_program("sys.exit(0)")
    worker = start()
    heard_until_closed(worker)

    worker.send(Flush())
    worker.send(Drain())

    assert not worker.has_unsent


def test_a_worker_that_closes_its_socket_and_lives_on_is_ended(
    worker_program: Callable[[str], None], start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker_program("connection.close()\ntime.sleep(60)")
    worker = start()
    heard_until_closed(worker)
    monkeypatch.setattr("ingester.supervisor.processes._EXIT_SECONDS", 0.05)

    assert worker.reap() == "was killed by its supervisor"


def test_a_worker_inherits_no_descriptor_but_its_socket_and_the_standard_ones(
    worker_program: Callable[[str], None], start: Start, tmp_path: Path
) -> None:
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    worker_program(
        f"""
        def is_open(fd):
            try:
                return bool(os.fstat(fd))
            except OSError:
                return False
        others = [fd for fd in range(3, 256) if is_open(fd) and fd != connection.fileno()]
        open({str(tmp_path / "others")!r}, "w").write(repr(others) + repr(os.read(0, 1)))
        """
    )
    worker = start()
    heard_until_closed(worker)
    worker.reap()
    os.close(read_end)
    os.close(write_end)

    assert (tmp_path / "others").read_text() == "[]b''"


def test_a_real_worker_imports_nothing_from_the_current_directory_and_goes_when_its_supervisor_is_gone(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("select", "ingester", "json", "numpy"):
        (tmp_path / f"{name}.py").write_text("import os\nos._exit(77)\n")
    monkeypatch.chdir(tmp_path)
    worker = start()
    assert select.select([worker.connection], [], [], 20)[0]
    frames, is_closed = worker.receive()
    assert [type(frame) for frame in frames] == [Beat]
    assert not is_closed

    assert worker.reap() == "exited with 0"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exited with 0"),
        (1, "exited with 1"),
        (-signal.SIGKILL, "was killed with SIGKILL (out of memory?)"),
        (-signal.SIGTERM, "was ended by signal 15 (Terminated)"),
        (-signal.SIGSEGV, "was ended by signal 11 (Segmentation fault)"),
        (-(signal.SIGRTMIN + 5), f"was ended by signal {signal.SIGRTMIN + 5} (Real-time signal 5)"),
    ],
)
def test_an_exit_status_is_told_in_words(status: int, words: str) -> None:
    assert describe_exit(status) == words
