"""The real command line, in a process of its own."""

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.demo_world.command import INGESTER, environment

_END_SECONDS_MAX = 120


@dataclass(frozen=True)
class Ended:
    """A run of the command line that has ended."""

    exit_code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Running:
    """A run that goes on. Its output goes to files, so that no full pipe holds it up."""

    process: "subprocess.Popen[bytes]"
    stdout_file: Path
    stderr_file: Path

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def send(self, signal_number: signal.Signals) -> None:
        """Sends it a signal."""
        self.process.send_signal(signal_number)

    def wait(self, timeout_seconds: float = _END_SECONDS_MAX) -> Ended:
        """Waits for its end; fails the test with what it wrote when it doesn't come."""
        try:
            exit_code = self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end in {timeout_seconds} s:\n{self.stderr_file.read_text()}") from None
        return Ended(exit_code, self.stdout_file.read_text(), self.stderr_file.read_text())

    def worker_pids(self) -> list[int]:
        """Process ids of its worker processes, oldest first."""
        return [
            pid for pid, parent, command in processes() if parent == self.process.pid and "ingester.worker" in command
        ]


def ingester(
    *arguments: str | Path, environ: Mapping[str, str] | None = None, timeout_seconds: float = _END_SECONDS_MAX
) -> Ended:
    """Runs `ingester` to its end. `environ` is added to the environment, an empty value takes a variable away."""
    done = subprocess.run(
        [*INGESTER, *map(str, arguments)],
        env=_environment(environ),
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@contextmanager
def running_ingester(
    folder: Path, *arguments: str | Path, environ: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Starts `ingester`; its output goes to new files in `folder`. What is still alive at the end is killed.

    `environ` is added to the environment.
    """
    number = len(list(folder.glob("*.stdout")))
    stdout_file, stderr_file = folder / f"{number}.stdout", folder / f"{number}.stderr"
    with stdout_file.open("wb") as stdout, stderr_file.open("wb") as stderr:
        process = subprocess.Popen(
            [*INGESTER, *map(str, arguments)],
            env=_environment(environ),
            stdout=stdout,
            stderr=stderr,
        )
    try:
        yield Running(process, stdout_file, stderr_file)
    except BaseException:
        print(stderr_file.read_text())
        raise
    finally:
        process.kill()
        process.wait()


def is_running(pid: int) -> bool:
    """Whether a process lives, a zombie not counted."""
    return any(pid == other for other, _, command in processes() if "<defunct>" not in command)


def processes() -> list[tuple[int, int, str]]:
    """Process id, parent's id and command line of every process, oldest id first."""
    proc = Path("/proc")
    if proc.is_dir():
        return [entry for path in proc.iterdir() if path.name.isdigit() if (entry := _read_proc(path))]
    lines = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,command="], capture_output=True, text=True, check=True
    ).stdout
    return [
        (int(pid), int(parent), command) for pid, parent, command in (s.split(None, 2) for s in lines.splitlines())
    ]


def _read_proc(path: Path) -> tuple[int, int, str] | None:
    try:
        state, parent = (path / "stat").read_text().rsplit(")", 1)[1].split()[:2]
        command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:  # it has ended meanwhile
        return None
    return int(path.name), int(parent), "<defunct>" if state == "Z" else command


def _environment(environ: Mapping[str, str] | None) -> dict[str, str]:
    merged = environment() | dict(environ or {})
    return {name: value for name, value in merged.items() if value}
