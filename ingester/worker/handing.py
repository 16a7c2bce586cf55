"""One log file's events → the user's functions: decoded in small slices, filtered, given in the file's order.

Never empty, never more than `max_events_per_emit`, never of two log files. Decoded a few hundred at a time, so that
the objects stay in the L2 cache, whatever the size of the log file.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import compress, repeat

import msgspec
from msgspec import Raw
from msgspec.structs import force_setattr

from ingester.decode.events import BadRecord, DecodedEvents, decode_events
from ingester.decode.read import RawBatch
from ingester.model.event import CloudTrailEvent, DeliveredEvent, delivered
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings
from ingester.worker.functions import Functions
from ingester.worker.positions import Positions

_decode = msgspec.json.Decoder(DeliveredEvent).decode


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
        positions: Positions | None = None,
        notes_kept: bool = False,
    ) -> None:
        self._functions = functions
        self._slice_rows = settings.batch_rows
        self._most = settings.max_events_per_emit
        self._log_file = log_file
        self._told = told
        self._positions = positions
        self._kept: list[int] | None = [] if notes_kept else None
        self._waiting: list[CloudTrailEvent] = []
        self.events = 0
        self.filtered = 0
        self.bad: list[BadRecord] = []

    def take(self, batch: RawBatch) -> None:
        """Give the events of a batch to the functions.

        What does not fill `max_events_per_emit` waits for `finish`. Raises FunctionError.
        """
        raws = batch.raws
        for start in range(0, len(raws), self._slice_rows):
            some = raws[start : start + self._slice_rows]
            first_index = batch.first_index + start
            decoded = decode_events(some, first_index, _decode)
            self._deliver(decoded, some, first_index)
            self.bad += decoded.bad
            self._give(decoded)

    def finish(self) -> None:
        """Give what still waits. Raises FunctionError."""
        if self._waiting:
            self._process(self._waiting)
            self._waiting = []

    def take_kept(self) -> list[int]:
        """The places in `Records` of what was not filtered since the last call, what can't be read among it."""
        kept, self._kept = sorted(self._kept or ()), []
        return kept

    def _deliver(self, decoded: DecodedEvents, raws: Sequence[Raw], first_index: int) -> None:
        """Let the events know where they come from."""
        events = decoded.events
        if len(events) < len(raws):
            raws_of_events: Sequence[Raw] = [raws[index - first_index] for index in decoded.indexes]
        else:
            raws_of_events = raws
        if not {DeliveredEvent}.issuperset(map(type, events)):  # some took the tolerant path
            events[:] = [event if type(event) is DeliveredEvent else delivered(event) for event in events]
        _set(events, "_log_file", repeat(self._log_file))
        _set(events, "_record", raws_of_events)
        if self._positions is not None:
            starts = self._positions.find(raws)
            _set(events, "_start", [starts[index - first_index] for index in decoded.indexes])

    def _give(self, decoded: DecodedEvents) -> None:
        events: list[CloudTrailEvent] = decoded.events
        indexes: Sequence[int] = decoded.indexes
        wanted = self._functions.wanted(events, indexes) if events else None
        if wanted is not None:
            events = list(compress(events, wanted))
            indexes = list(compress(indexes, wanted))
            self.filtered += len(wanted) - len(events)
        if self._kept is not None:
            self._kept += indexes
            self._kept += [bad.index for bad in decoded.bad]
        self._emit(events)

    def _emit(self, events: list[CloudTrailEvent]) -> None:
        if not self._waiting and len(events) == self._most:  # the usual slice, without a copy
            self._process(events)
            return
        waiting = self._waiting + events
        start = 0
        while len(waiting) - start >= self._most:
            self._process(waiting[start : start + self._most])
            start += self._most
        self._waiting = waiting[start:]

    def _process(self, events: list[CloudTrailEvent]) -> None:
        self._functions.process(events)
        self.events += len(events)
        self._told(len(events))


def _set(events: Sequence[CloudTrailEvent], attribute: str, values: Iterable[object]) -> None:
    deque(map(force_setattr, events, repeat(attribute), values), maxlen=0)  # 15 ns each (measured)
