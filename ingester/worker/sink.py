"""Where a worker's log files go: into columns and the lake, to a user's functions, or both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ingester.fetch.base import Fetched
from ingester.model.frames import Prepared, RecordRefused
from ingester.model.settings import Settings
from ingester.worker.functions import Functions, load_functions

Emit = Callable[[Prepared | RecordRefused], None]
"""Takes what goes to the supervisor."""

Progress = Callable[[int, int], None]
"""Called every few milliseconds of work with the events and the bytes of JSON that were done."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the records of one log file, as far as it is known once the file was taken."""

    json_bytes: int
    events: int = 0
    events_filtered: int = 0
    records_quarantined: int = 0


class Sink(Protocol):
    """Takes one log file after another. Used by the worker's processing thread only."""

    @property
    def waits_for_others(self) -> bool:
        """Whether `take` calls functions of a user, which may take any time: a drain then begins no log file."""

    def is_due(self, now_seconds: float) -> bool:
        """Whether to `checkpoint` now."""

    def take(self, job: int, fetched: Fetched) -> Taken:
        """Take a log file whole.

        Raises BadLogFileError, FetchError or FunctionError, and then nothing of it will be prepared; OutputError, and
        then `abandon` tells which jobs must be done again.
        """

    def checkpoint(self) -> None:
        """Emit all that was taken as one prepared commit; nothing taken, nothing done. Raises OutputError."""

    def abandon(self) -> list[int]:
        """Forget what was taken since the last checkpoint; its jobs, of which nothing will be prepared."""

    def close(self) -> None:
        """Free what is held. Never raises."""


def open_sink(
    settings: Settings,
    emit: Emit,
    progress: Progress,
    functions: Functions | None = None,
    commit_prefix: str = "",
) -> Sink:
    """The sink that the settings ask for. `functions`: given in this process, else those that the settings name.
    `commit_prefix`: what the ids of its commits begin with.

    Raises ConfigurationError if a function can't be loaded.
    """
    functions = functions or load_functions(settings)
    if functions is not None and not settings.output:
        from ingester.worker.process import Processing

        return Processing(settings, functions, emit, progress, commit_prefix)
    from ingester.worker.gather import Gathering  # pyarrow, which a run without an output does not need

    return Gathering(settings, emit, progress, functions, commit_prefix)
