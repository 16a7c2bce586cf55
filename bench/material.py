"""The log files of a bench in memory, at every step between gzip and Parquet, made with the product's own code."""

import itertools
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from msgspec import Raw

from ingester.columns.build import Lineage, record_batch
from ingester.decode.parts import decode_with_shared_parts
from ingester.decode.whole import split_whole
from ingester.lake.row_order import in_order
from ingester.lake.stage import ROW_GROUP_BYTES, ROW_GROUP_ROWS
from ingester.model.event import FREE_FORM_FIELDS
from ingester.model.settings import Settings
from ingester.model.shared_parts import SharedParts, Transposed

BATCH_ROWS = Settings().batch_rows


@dataclass(frozen=True)
class Material:
    """Log files as gzip; everything else is made of them on first use."""

    bodies: Sequence[bytes]

    @cached_property
    def contents(self) -> list[bytes]:
        """The JSON of each log file."""
        return [zlib.decompress(body, 31) for body in self.bodies]

    @cached_property
    def json_bytes(self) -> int:
        """Bytes of JSON in all."""
        return sum(map(len, self.contents))

    @cached_property
    def raws(self) -> list[list[Raw]]:
        """The records of each log file."""
        found = [split_whole(content) for content in self.contents]
        return [raws for raws in found if raws is not None]

    @cached_property
    def events(self) -> int:
        """Events in all."""
        return sum(map(len, self.raws))

    @cached_property
    def chunks(self) -> list[list[Raw]]:
        """Records in chunks as the worker makes them, across log files."""
        return list(_cut(itertools.chain.from_iterable(self.raws)))

    @cached_property
    def odd_chunks(self) -> list[list[Raw]]:
        """The same records, each with a field that the model does not know, so that all take the tolerant path."""
        return [[Raw(b'{"benchField":1,' + bytes(raw)[1:]) for raw in chunk] for chunk in self.chunks]

    @cached_property
    def decoded(self) -> list[tuple[Transposed, dict[str, SharedParts]]]:
        """Typed events of the chunks by field, and their parts."""
        decoded = map(decode_with_shared_parts, self.chunks)
        return [(sharing.transposed, sharing.parts) for sharing in decoded if sharing.transposed]

    @cached_property
    def free_form(self) -> list[list[tuple[Raw, ...]]]:
        """The values of each free-form column of each chunk."""
        return [[events.values(name) for name in FREE_FORM_FIELDS] for events, _ in self.decoded]

    @cached_property
    def lineages(self) -> list[Lineage]:
        """Where the rows of each chunk come from."""
        log_file_of_row = np.repeat(np.arange(len(self.raws)), [len(raws) for raws in self.raws])
        lineages = []
        for number, (events, _) in enumerate(self.decoded):
            log_files = log_file_of_row[number * BATCH_ROWS :][: events.rows]
            numbers, counts = np.unique(log_files, return_counts=True)
            lineages.append(Lineage([uri(n) for n in numbers.tolist()], counts.tolist(), np.arange(events.rows)))
        return lineages

    @cached_property
    def batches(self) -> list[pa.RecordBatch]:
        """Record batches of the chunks."""
        return [
            record_batch(events, lineage, parts)
            for (events, parts), lineage in zip(self.decoded, self.lineages, strict=True)
        ]

    @cached_property
    def row_groups(self) -> list[pa.Table]:
        """All rows as the lake writes them: cut into row groups, each in row order."""
        table = pa.Table.from_batches(self.batches)
        rows = min(ROW_GROUP_ROWS, table.num_rows * ROW_GROUP_BYTES // table.get_total_buffer_size())
        return [in_order(table.slice(start, rows)) for start in range(0, table.num_rows, rows)]


def uri(number: int) -> str:
    """A log file's URI, as long as real ones."""
    return f"s3://bench-trail/AWSLogs/100000000000/CloudTrail/us-east-1/2025/11/03/{number:060}.json.gz"


def _cut(raws: Iterator[Raw]) -> Iterator[list[Raw]]:
    while chunk := list(itertools.islice(raws, BATCH_ROWS)):
        yield chunk
