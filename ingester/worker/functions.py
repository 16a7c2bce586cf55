"""A user's functions as a worker calls them: loaded, checked, and what they raise made into one kind of error."""

import inspect
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ingester.model.callables import is_generator_object
from ingester.model.errors import OutputError
from ingester.model.event import CloudTrailEvent
from ingester.model.filters import Filters, compile_filters
from ingester.model.hooks import EventFilter
from ingester.model.named import load_named, processor_of
from ingester.model.raised import function_error
from ingester.model.settings import Settings

if TYPE_CHECKING:
    import asyncio

_log = logging.getLogger("ingester.worker")


class Functions:
    """What is done with events before they count as done. Used by one thread: that of its worker.

    `process` may be None: then events are only filtered.
    """

    def __init__(self, process: object, event_filter: EventFilter | None, keep: Filters | None) -> None:
        self._process: Callable[[list[CloudTrailEvent]], object] | None = None
        self._close: Callable[[], object] | None = None
        if process is not None:
            self._process, self._close = processor_of(process)
        self._event_filter = event_filter
        self._keep = keep
        self._runner: asyncio.Runner | None = None

    def wanted(self, events: Sequence[CloudTrailEvent], indexes: Sequence[int]) -> Sequence[bool] | None:
        """Which events pass the filters; None if there are none. `indexes`: their places, for an error's words.

        Raises FunctionError.
        """
        kept = self._keep(events) if self._keep else None
        event_filter = self._event_filter
        if event_filter is None:
            return kept
        judged = []
        for place, event in enumerate(events):
            try:
                judged.append(bool((kept is None or kept[place]) and event_filter(event)))
            except BaseException as error:
                raise function_error("event_filter", error, f" for record {indexes[place]}") from error
        return judged

    def process(self, events: list[CloudTrailEvent]) -> None:
        """Give events to the user's function and wait until it has taken them. Raises FunctionError."""
        if self._process is None:
            return
        try:
            outcome = self._process(events)
            if is_generator_object(outcome):
                raise TypeError("it returned a generator, so nothing of it has run")
            if inspect.isawaitable(outcome):
                self._await(outcome)
        except BaseException as error:  # SystemExit too: a function must not end a worker that others share
            raise function_error("process", error) from error

    def flush(self) -> None:
        """Write out what the function has printed, before its events count as done. Raises OutputError."""
        try:
            sys.stdout.flush()
        except (OSError, ValueError) as error:
            raise OutputError(f"Standard output, which process writes to, can't be written: {error}.") from error

    def close(self) -> None:
        """Let the object that was made of a user's class close, and end the event loop. What it raises is logged."""
        if self._close is not None:
            try:
                self._close()
            except Exception:
                _log.exception("a processor could not be closed")
            self.flush()
        if self._runner is not None:
            with suppress(Exception):
                self._runner.close()

    def _await(self, outcome: Awaitable[object]) -> None:
        if self._runner is None:
            import asyncio  # a hundred modules, which only an `async` function needs

            self._runner = asyncio.Runner()
        self._runner.run(_awaiting(outcome))


def load_functions(settings: Settings) -> Functions | None:
    """The functions that the settings name; None if they name none, so that nobody sees single events.

    Raises ConfigurationError.
    """
    if settings.processor is None and settings.event_filter is None:
        return None
    return Functions(
        load_named(settings.processor) if settings.processor else None,
        load_named(settings.event_filter) if settings.event_filter else None,
        compile_filters(settings.include, settings.exclude),
    )


async def _awaiting(outcome: Awaitable[object]) -> None:
    await outcome
