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
