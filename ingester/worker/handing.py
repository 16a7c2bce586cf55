"""One log file's events → the user's functions: told where they come from, filtered, given in the file's order.

Never empty, never more than `max_events_per_emit`, never of two log files. They come in small slices, so that the
objects stay in the L2 cache, whatever the size of the log file.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import compress, repeat

from msgspec.structs import force_setattr

from ingester.decode.events import BadRecord, DecodedEvents, check_bad_records
from ingester.decode.slices import RUN_BYTES_MAX, EventSlice
from ingester.model.delivered import DeliveredEvent, delivered
from ingester.model.event import CloudTrailEvent
from ingester.model.log_file import LogFile
from ingester.model.origin import Origin
from ingester.model.settings import Settings
from ingester.worker.functions import Functions


class Handing:
    """The way of one log file through the user's functions.

    `events` were given to `process`, `filtered` were not wanted, `bad` can't be read. `told` is called with
    the number of events whenever some were taken; what it raises comes out, so that nothing more is given to a
    function once nobody waits for it. `notes_kept`: for `take_kept`.
    """

    def __init__(
        self,
        functions: Functions,
        settings: Settings,
        log_file: LogFile,
        told: Callable[[int], None],
        *,
        notes_kept: bool = False,
    ) -> None:
        self._functions = functions
        self._most = settings.max_events_per_emit
        self._log_file = log_file
        self._told = told
        self._kept: list[int] | None = [] if notes_kept else None
        self._waiting: list[CloudTrailEvent] = []
        self._waiting_bytes = 0
        self.events = 0
        self.filtered = 0
        self.bad: list[BadRecord] = []

    def take(self, some: EventSlice, starts: Sequence[int] | None = None) -> None:
        """Give the events of a slice to the functions. `starts`: where each of its records begins in the file.

        What does not fill `max_events_per_emit` waits for more, or for `finish`, as long as it is not large: it keeps
        its records in memory. Raises FunctionError.
        """
        self._deliver(some, starts)
        self.bad += some.decoded.bad
        check_bad_records(len(self.bad))
        self._give(some.decoded)
        self._waiting_bytes = self._waiting_bytes + some.bytes if self._waiting else 0
        if self._waiting_bytes > RUN_BYTES_MAX:
            self.finish()

    def finish(self) -> None:
        """Give what still waits. Raises FunctionError."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._waiting_bytes = 0
            self._process(waiting)

    def take_kept(self) -> list[int]:
        """The places in `Records` of what was not filtered since the last call, what can't be read among it."""
        kept, self._kept = sorted(self._kept or ()), []
        return kept

    def _deliver(self, some: EventSlice, starts: Sequence[int] | None) -> None:
        """Let the events know where they come from."""
        events = some.decoded.events
        if not {DeliveredEvent}.issuperset(map(type, events)):  # some took the tolerant path
            events[:] = [event if type(event) is DeliveredEvent else delivered(event) for event in events]
        _set(events, "_origin", repeat(Origin(self._log_file, some.text or some.records, starts)))
        _set(events, "_place", [index - some.first_index for index in some.decoded.indexes])

    def _give(self, decoded: DecodedEvents) -> None:
        events: list[CloudTrailEvent] = decoded.events
        indexes: Sequence[int] = decoded.indexes
        wanted = self._functions.wanted(events, indexes) if events else None
        if wanted is not None and not all(wanted):
            events = list(compress(events, wanted))
            indexes = list(compress(indexes, wanted))
            self.filtered += len(wanted) - len(events)
        if self._kept is not None:
            self._kept += indexes
            self._kept += [bad.index for bad in decoded.bad]
        self._emit(events)

    def _emit(self, events: list[CloudTrailEvent]) -> None:
        waiting = self._waiting
        waiting += events
        if len(waiting) >= self._most:
            whole = len(waiting) - len(waiting) % self._most
            for start in range(0, whole, self._most):
                self._process(waiting[start : start + self._most])
            del waiting[:whole]

    def _process(self, events: list[CloudTrailEvent]) -> None:
        self._functions.process(events)
        self.events += len(events)
        self._told(len(events))


def _set(events: Sequence[CloudTrailEvent], attribute: str, values: Iterable[object]) -> None:
    deque(map(force_setattr, events, repeat(attribute), values), maxlen=0)  # 15 ns each (measured)
