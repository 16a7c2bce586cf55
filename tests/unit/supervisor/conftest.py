"""A lake and a ledger in a temporary directory."""

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingester.lake.publish_disk import DiskLake
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.settings import Settings


@pytest.fixture
def lake(tmp_path: Path) -> DiskLake:
    """An empty lake in `tmp_path`."""
    some = DiskLake(Settings(output=str(tmp_path)))
    some.check_writable()
    return some


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    """An empty ledger in `tmp_path`."""
    some = SqliteLedger(tmp_path / "_ingester/ledger.sqlite")
    yield some
    some.close()


WorkerProgram = Callable[[str], None]


@pytest.fixture
def worker_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorkerProgram:
    """Puts a few lines of Python in the place of the worker, for what a real one never does.

    They have `connection`, the worker's end of the socket.
    """

    python = sys.executable

    def put(lines: str) -> None:
        program = tmp_path / "worker-program"
        program.write_text(_PROGRAM.format(python=python, lines=textwrap.dedent(lines)))
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))

    return put


_PROGRAM = """#!{python} -S
import os, signal, socket, sys, time
connection = socket.socket(fileno=int(sys.argv[-1]))
{lines}
"""


@pytest.fixture
def obedient_worker(worker_program: WorkerProgram) -> None:
    """Puts a worker in the real one's place that keeps the protocol and decodes nothing.

    It does what a log file's key says: a row for each, `bad` fails, `poison` kills the worker, `slow` stays
    undone until the worker is told to drain or killed, `full` fails for its output until `output-is-back` lies
    beside this program.
    """
    worker_program(_OBEDIENT)


_OBEDIENT = """
import uuid
from pathlib import Path
from ingester.model.frames import *

reader = read_by_worker()
output_is_back = Path(sys.argv[0]).with_name("output-is-back")
received = done = 0
gathered, slow = [], []

def say(frame):
    connection.sendall(encode_frame(frame))

def prepare():
    if gathered:
        say(Prepared(uuid.uuid4().hex, (), tuple(gathered)))
        gathered.clear()

def take(job, key, etag):
    global done
    if "poison" in key:
        os.kill(os.getpid(), signal.SIGKILL)
    if "slow" in key:
        slow.append(job)
        return
    done += 1
    if "bad" in key:
        say(Failed(job, "bad_log_file", "It is bad."))
    elif "full" in key and not output_is_back.exists():
        say(Failed(job, "output", "No space."))
    else:
        gathered.append(PreparedLogFile(job, etag or "fetched", 1, 100))

while data := connection.recv(1 << 16):
    for frame in reader.feed(data):
        match frame:
            case Assign(jobs):
                received += len(jobs)
                for job, log_file in jobs:
                    take(job, log_file.key, log_file.etag)
            case Flush():
                prepare()
            case Drain():
                say(Returned(tuple(slow)))
                prepare()
                os._exit(0)
        say(Beat(jobs_welcome=max(done + 16, received), jobs_done=done, events=done))
os._exit(0)
"""
