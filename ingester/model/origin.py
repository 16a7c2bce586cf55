"""Where events come from that were decoded together: their log file, and in it the record of each."""

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from ingester.model.log_file import LogFile

_split = msgspec.json.Decoder(list[Raw]).decode


class Origin:
    """Shared by its events, each of which knows its place here. From any thread.

    `records` are those of the events and perhaps others, as the very bytes that were delivered; or, where nobody has
    looked for them yet, the JSON text of an array of them. `starts`: where they begin in the decompressed log file.
    """

    __slots__ = ("_records", "_starts", "log_file")

    def __init__(
        self, log_file: LogFile, records: Sequence[Raw] | bytes, starts: Sequence[int] | None = None
    ) -> None:
        self.log_file = log_file
        self._records = records
        self._starts = starts

    def record(self, place: int) -> Raw:
        """The very bytes of one record."""
        records = self._records
        if isinstance(records, bytes):
            records = self._records = _split(records)
        return records[place]

    def start(self, place: int) -> int | None:
        """Where one record begins; None where nobody kept that."""
        return None if self._starts is None else self._starts[place]

    def alone(self, place: int) -> "Origin":
        """That of one event only, at place 0, with a copy of its record."""
        start = self.start(place)
        return Origin(self.log_file, (self.record(place).copy(),), None if start is None else (start,))

    def __reduce__(self) -> tuple[object, ...]:
        return Origin, (self.log_file, self._records, self._starts)
