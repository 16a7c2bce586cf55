"""One test in a copy of the project, as it is or mutated. Starts pytest in a process group of its own.

The package is installed in editable form, but PYTHONPATH comes before that: in the copy's root, with PYTHONPATH the
copy's root, pytest and every `ingester` and worker that a test starts import the copy. `check_copy` proves it.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_COPIED = ("ingester", "scripts", "tests", "pyproject.toml")
_SECONDS_MAX = 1800.0
_PROOF = """
import ingester
from scripts.demo_world.command import environment
print(ingester.__file__, environment()["PYTHONPATH"], sep="\\n")
"""


class TrialError(Exception):
    """The test could not be run at all: that says nothing about the mutation."""


@dataclass(frozen=True)
class Verdict:
    """The cases of a test that failed and that passed, by their names. A case that is skipped is neither."""

    failed: tuple[str, ...]
    passed: tuple[str, ...]

    @property
    def is_killed(self) -> bool:
        """Whether every case failed."""
        return bool(self.failed) and not self.passed


@contextmanager
def copy_of_project() -> Iterator[Path]:
    """A copy of what tests need, removed on leaving."""
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        root = Path(folder).resolve() / "copy"
        root.mkdir()
        for name in _COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            else:
                shutil.copy(ROOT / name, root / name)
        yield root


def check_copy(root: Path) -> None:
    """Raises TrialError unless what runs in the copy imports the copy, and so do its children."""
    answer = subprocess.run(
        [sys.executable, "-c", _PROOF], cwd=root, env=_environment(root), capture_output=True, text=True, check=False
    )
    imported = [Path(line).resolve() for line in answer.stdout.split("\n") if line]
    if len(imported) != 2 or not all(path.is_relative_to(root) for path in imported):
        raise TrialError(f"What runs in {root} does not import it:\n{answer.stdout}{answer.stderr}")


def run_tests(node_ids: Sequence[str], mutated: Mapping[str, str]) -> Verdict:
    """Run tests, or single cases of them, in a copy in which the files `mutated` say something else.

    The names of files are relative to the project. Raises TrialError.
    """
    with copy_of_project() as root:
        check_copy(root)
        for name, source in mutated.items():
            (root / name).write_text(source)
        report = root / "report.xml"
        # plain: only whether it failed counts, and where CI is set pytest compares long lists for minutes
        command = [
            sys.executable, "-m", "pytest", *node_ids, "-p", "no:cacheprovider", "--assert=plain",
            f"--junitxml={report}",
        ]  # fmt: skip
        output = root.parent / "output"
        exit_code = _run(command, root, output)
        if exit_code not in (0, 1) or not report.exists():
            raise TrialError(f"pytest ended with {exit_code}:\n{output.read_text()[-3000:]}")
        return _read(report)


def _run(command: list[str], root: Path, output: Path) -> int:
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=root, env=_environment(root), stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            start_new_session=True,
        )  # fmt: skip
        try:
            return process.wait(_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            return -1
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _environment(root: Path) -> dict[str, str]:
    return dict(os.environ) | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}


def _read(report: Path) -> Verdict:
    """pytest's report, which is our own child's."""
    failed, passed = [], []
    for case in ElementTree.parse(report).iter("testcase"):
        if case.find("error") is not None:
            raise TrialError(f"{case.get('name')} could not be set up: {case.find('error').get('message', '')}")  # type: ignore[union-attr]
        if case.find("failure") is not None:
            failed.append(case.get("name", ""))
        elif case.find("skipped") is None:
            passed.append(case.get("name", ""))
    return Verdict(tuple(failed), tuple(passed))
