"""What a user of the library may hand in: the functions' types, what they are given, and what they decide.

In which process and thread each runs
- `process` and the event filter: where the work is: in a worker process (`workers=N`), or in a worker thread of this
  process (`workers=0`), each with one call at a time;
- the source filter, the exception handler and the progress reporter: in the process that started the executor, in
  one thread of it, one call at a time. A slow one holds up receiving, never the extension of visibility.
"""

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from msgspec import Struct

from ingester.model.errors import IngesterError
from ingester.model.event import CloudTrailEvent
from ingester.model.log_file import LogFile
from ingester.model.progress import ProgressState
from ingester.model.source import Source


class EventsProcessor(Protocol):
    """An object whose `process` takes the events. It may be `async`: then it is awaited, on an event loop of its
    worker's own that lives as long as the worker.

    Called in a worker process (`workers=N`) or in a worker thread of this process (`workers=0`); in each, one call at
    a time.
    """

    def process(self, events: list[CloudTrailEvent], /) -> object:
        """Take 1 to `max_events_per_emit` events of one log file, in the file's order.

        Returning means that they are taken; the message is deleted once all of its log files are. Raising anything
        means that this log file is tried again, from its first event: each event is delivered at least once.
        """


EventsFunction = Callable[[list[CloudTrailEvent]], object]
"""A function, plain or `async`, in the place of an `EventsProcessor`: called where and as its `process` is. What it
returns is of no interest."""

SourceFilter = Callable[[Source], bool]
"""Whether to take a source. One that is not wanted is deleted from its queue, and counted. Raising gives the message
back to the queue, as any failure does. Called in the process that started the executor, in the hooks' thread."""

EventFilter = Callable[[CloudTrailEvent], bool]
"""Whether to give an event to the function. One that is not wanted counts as done, and is counted. Raising fails the
log file, as if the function had raised. Called where the function is, once for each event: a few lines of Python for
each of them; `include` and `exclude` of `Settings` cost far less."""


class Decision(Enum):
    """What becomes of something that failed."""

    RETRY = "retry"
    """Try it again, with a growing delay; after `max_attempts` it is quarantined all the same. What happens without
    a handler, or when it returns None."""
    QUARANTINE = "quarantine"
    """Skip it: note it in the quarantine, count it as done. Its message is deleted once its other log files are."""
    STOP = "stop"
    """End the run: drain, give back what is unfinished, and raise the error from `wait()` or `stop()`."""


class ErrorContext(Struct, frozen=True):
    """What was being done when an error came up."""

    state: ProgressState
    """What was being done."""
    source: Source | None = None
    """The source, as far as it is known; of a message that nobody understood it holds the body and no log files."""
    log_file: LogFile | None = None
    """The log file, where the error is about one."""
    attempt: int = 0
    """Which attempt has failed, from 1; 0 where attempts are not counted (no answer, throttling, a drain)."""
    attempts_max: int = 0
    """The attempt at which a log file is quarantined even if the handler says RETRY; 0 where none are counted."""
    record_index: int | None = None
    """The place in `Records`, from 0, where the error is about one record only."""


class ExceptionHandler(Protocol):
    """Decides about an error. `error` says in words what happened; a `FunctionError` has the traceback of what the
    user's function raised. What the handler raises is logged, and the error is treated as without a handler.

    Called in the process that started the executor, in the thread of the hooks: one call at a time. What it is asked
    about waits, and stays hidden from other consumers, until it answers.
    """

    def __call__(self, error: IngesterError, context: ErrorContext, /) -> Decision | None:
        """The decision; None is RETRY."""
