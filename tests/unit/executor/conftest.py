"""Fixtures of the library's unit tests: log files on disk in the place of queues."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ingester import ProcessingExecutor, Settings
from tests.support.library import Taken, write_log_file

Run = Callable[..., Taken]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A directory for log files."""
    directory = tmp_path / "source"
    directory.mkdir()
    return directory


@pytest.fixture
def run(source: Path) -> Run:
    """Gives the log files of the source to a function that keeps events: settings by name, and `hooks`."""

    def run_all(hooks: dict[str, Any] | None = None, **settings: Any) -> Taken:
        taken = Taken()
        with ProcessingExecutor(taken, Settings(source=str(source), **settings), **(hooks or {})) as executor:
            executor.wait()
        return taken

    return run_all


@pytest.fixture
def write(source: Path) -> Callable[[str, Sequence[Any] | str], Path]:
    """Writes a log file into the source."""
    return lambda name, some: write_log_file(source, name, some)
