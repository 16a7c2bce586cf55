"""What a command takes: seconds, CPU seconds of its whole process tree, peak memory of its largest process."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

PROJECT_ROOT = Path(__file__).resolve().parents[1]
_REAP = Path(__file__).resolve().parent / "reap.py"

INGESTER = (sys.executable, "-c", "from ingester.cli.main import main; main()")
"""The command line of this very tree, as `ingester` is after installation."""


class Usage(Struct, frozen=True):
    """What a command took, all of its processes together; `peak_rss_bytes` is that of the largest one."""

    exit_code: int
    seconds: float
    user_seconds: float
    system_seconds: float
    peak_rss_bytes: int

    @property
    def cpu_seconds(self) -> float:
        """User and system."""
        return self.user_seconds + self.system_seconds


class BenchError(Exception):
    """A figure that can't be trusted: rows that differ, messages that are left."""


class CommandFailedError(BenchError):
    """A command that was to be measured ended with an exit code of its own; the message has its last words."""


Environment = Mapping[str, str | None]
"""Variables of the environment to set, or, with None, to do without."""


class Running:
    """A command under way. `pid` is its first process."""

    def __init__(self, command: Sequence[str], environment: Environment | None = None) -> None:
        read_end, write_end = os.pipe()
        self._command = command
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_REAP), str(write_end), *command],
            cwd=PROJECT_ROOT,
            env={name: value for name, value in {**os.environ, **(environment or {})}.items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=(write_end,),
        )
        os.close(write_end)
        self._told = os.fdopen(read_end)
        self.pid = int(msgspec.json.decode(self._told.readline())["pid"])

    def wait(self) -> tuple[Usage, str]:
        """What it took, and what it printed. Raises CommandFailedError."""
        with self._told, self._process:
            output, _ = self._process.communicate()
            usage = msgspec.json.decode(self._told.readline(), type=Usage)
        if usage.exit_code:
            raise CommandFailedError(f"{' '.join(self._command)}: exit code {usage.exit_code}\n{output[-4000:]}")
        return usage, output


def run(command: Sequence[str], environment: Environment | None = None) -> tuple[Usage, str]:
    """Run a command to its end; what it took and what it printed. Raises CommandFailedError."""
    return Running(command, environment).wait()


def run_module(module: str, *arguments: Any) -> tuple[Usage, str]:
    """`python -m module arguments…`, measured."""
    return run([sys.executable, "-m", module, *map(str, arguments)])
