"""The life of a real worker process: how it ends, and that it never outlives its supervisor."""

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingester.model.frames import Beat, Drain, Flush, Start, encode_frame, read_by_supervisor
from ingester.model.settings import Settings

PROJECT_ROOT = Path(__file__).resolve().parents[3]
START = encode_frame(Start(settings=Settings(output="/nowhere"), number=0))


class Process:
    """A worker process and our end of its socket."""

    def __init__(self) -> None:
        self.connection, theirs = socket.socketpair()
        with theirs:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "ingester.worker", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                cwd=PROJECT_ROOT,
                stderr=subprocess.PIPE,
                text=True,
            )

    def hear_beat(self) -> None:
        """Wait for its first words."""
        assert select.select([self.connection], [], [], 20)[0], "it says nothing"
        frames = read_by_supervisor().feed(self.connection.recv(1 << 16))
        assert isinstance(frames[0], Beat)

    def ended(self) -> tuple[int, str]:
        """Its exit status and what it wrote to standard error."""
        _, written = self.popen.communicate(timeout=20)
        return self.popen.returncode, written


@pytest.fixture
def process() -> Iterator[Process]:
    some = Process()
    yield some
    some.connection.close()
    some.popen.kill()
    some.popen.communicate()


def test_a_drain_ends_it_with_0(process: Process) -> None:
    process.connection.sendall(START + encode_frame(Drain()))

    assert process.ended() == (0, "")


def test_a_supervisor_that_is_gone_before_the_start_ends_it_with_0(process: Process) -> None:
    process.connection.close()

    assert process.ended() == (0, "")


def test_signals_that_a_terminal_or_a_service_manager_sends_to_all_are_the_supervisor_s(process: Process) -> None:
    process.connection.sendall(START)
    process.hear_beat()
    for number in (signal.SIGINT, signal.SIGTERM):
        process.popen.send_signal(number)
    process.connection.sendall(encode_frame(Drain()))

    assert process.ended() == (0, "")


@pytest.mark.parametrize("nonsense", [encode_frame(Flush()), START + START, b"\xff\xff\xff\xff"])
def test_what_it_can_not_understand_ends_it_with_1_and_a_traceback(process: Process, nonsense: bytes) -> None:
    process.connection.sendall(nonsense)
    status, written = process.ended()

    assert status == 1
    assert "Traceback" in written


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the end of the stream is all there is")
def test_it_dies_with_its_parent_even_if_somebody_else_holds_the_socket() -> None:
    """The socket is kept open here, so that only the parent's death can tell."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        parent = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import subprocess, sys\n"
                "child = subprocess.Popen([sys.executable, '-m', 'ingester.worker', sys.argv[1]],"
                " pass_fds=[int(sys.argv[1])])\n"
                "print(child.pid, flush=True)\n"
                "child.wait()",
                str(theirs.fileno()),
            ],
            pass_fds=(theirs.fileno(),),
            cwd=PROJECT_ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        ours.sendall(START)
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert select.select([ours], [], [], 20)[0]
        end_of_worker = os.pidfd_open(worker)
        parent.kill()
        parent.communicate()

        assert select.select([end_of_worker], [], [], 10)[0], "it lives on"
        os.close(end_of_worker)
