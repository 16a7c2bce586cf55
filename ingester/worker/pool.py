"""Raw records of consecutive log files, waiting to be decoded together.

Most log files hold a handful of records. Decoding and building columns for each of them alone would pay the
per-call overhead every time, so tiny log files share a chunk, and large ones are cut into chunks whose objects
stay in the cache.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import Raw

from ingester.decode.slices import EventSlice
from ingester.model.log_file import LogFile

CHUNK_BYTES_MAX = 4 << 20
"""Records are 1.4 kB on average and 256 kB at most, as AWS says; what is larger must not multiply by the rows of
a chunk."""


@dataclass(slots=True, eq=False)
class GatheredLogFile:
    """A log file on its way into the commit that is being gathered."""

    job: int
    log_file: LogFile
    uri: str
    rows: int = 0
    quarantined_records: int = 0
    filtered_records: int = 0
    json_bytes: int = 0


@dataclass(slots=True, frozen=True)
class Span:
    """`count` consecutive records of one log file, from `first_index` on."""

    log_file: GatheredLogFile
    first_index: int
    count: int


@dataclass(slots=True, frozen=True)
class Chunk:
    """Records to decode together: `raws` in the order of `spans`."""

    raws: Sequence[Raw]
    spans: Sequence[Span]


@dataclass(slots=True)
class Slices:
    """Slices of events of consecutive log files, waiting to be made into rows together."""

    found: list[tuple[Span, EventSlice]] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0

    def add(self, log_file: GatheredLogFile, some: EventSlice) -> None:
        """Append a slice of one log file, none of whose records is bad."""
        count = len(some.decoded.events)
        self.found.append((Span(log_file, some.first_index, count), some))
        self.rows += count
        self.bytes += some.bytes

    def extend(self, other: "Slices") -> None:
        """Append all slices of another."""
        self.found += other.found
        self.rows += other.rows
        self.bytes += other.bytes

    def are_enough(self, chunk_rows: int) -> bool:
        """Whether they have as many rows as are made together, or as many bytes as may wait."""
        return self.rows >= chunk_rows or self.bytes > CHUNK_BYTES_MAX


@dataclass(slots=True)
class Pool:
    """Records that wait. Not bounded by itself: the caller takes chunks as soon as enough records are in."""

    _raws: list[Raw] = field(default_factory=list)
    _spans: list[Span] = field(default_factory=list)
    _bytes: int = 0

    @property
    def rows(self) -> int:
        """Records waiting."""
        return len(self._raws)

    def add(self, log_file: GatheredLogFile, first_index: int, raws: Sequence[Raw]) -> None:
        """Append records of one log file."""
        if raws:
            self._raws += raws
            self._bytes += sum(map(len, raws))
            self._spans.append(Span(log_file, first_index, len(raws)))

    def take_chunks(self, chunk_rows: int, *, rest: bool = False) -> list[Chunk]:
        """All full chunks of `chunk_rows` records, and with `rest` the unfinished one as well.

        Records that hold more than CHUNK_BYTES_MAX together go at once, in smaller chunks.
        """
        if self._bytes > CHUNK_BYTES_MAX and self._bytes // len(self._raws) * chunk_rows > CHUNK_BYTES_MAX:
            chunk_rows, rest = max(1, CHUNK_BYTES_MAX * len(self._raws) // self._bytes), True
        chunks = []
        start = 0
        raws, spans = self._raws, self._spans
        while len(raws) - start >= chunk_rows or (rest and start < len(raws)):
            chunk_spans, spans = _cut(spans, chunk_rows)
            chunks.append(Chunk(raws[start : start + chunk_rows], chunk_spans))
            start += chunk_rows
        if start:
            self._raws, self._spans = raws[start:], spans
            self._bytes = sum(map(len, self._raws))
        return chunks


def _cut(spans: list[Span], rows: int) -> tuple[list[Span], list[Span]]:
    """The spans of the first `rows` records, and those of the records after them."""
    for number, span in enumerate(spans):
        if span.count > rows:
            head = Span(span.log_file, span.first_index, rows)
            tail = Span(span.log_file, span.first_index + rows, span.count - rows)
            return [*spans[:number], *([head] if rows else [])], [tail, *spans[number + 1 :]]
        rows -= span.count
    return spans, []
