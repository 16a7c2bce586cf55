"""Each step of the conversion as a function over a Material, for the stage benches and the regression guard."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import floor
from bench.material import Material, uri
from ingester.columns.build import record_batch
from ingester.columns.freeform import json_array
from ingester.decode.events import decode_events
from ingester.decode.gunzip import inflate_at_once
from ingester.decode.parts import decode_with_shared_parts
from ingester.decode.read import WHOLE_BYTES_MAX
from ingester.decode.stream import stream_records
from ingester.decode.whole import split_whole
from ingester.fetch.base import Fetched
from ingester.lake.stage import Stage
from ingester.model.filters import compile_filters
from ingester.model.frames import Prepared
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings, split_s3_uri
from ingester.processors.count import Count
from ingester.worker.functions import Functions
from ingester.worker.gather import Gathering
from ingester.worker.process import Processing

_PIECE_BYTES = 256 << 10


def gunzip(material: Material, _scratch: Path) -> None:
    """gzip → JSON, the whole lane's way."""
    for body in material.bodies:
        inflate_at_once(body, WHOLE_BYTES_MAX)


def split(material: Material, _scratch: Path) -> None:
    """JSON → the very bytes of each record, the whole lane's way."""
    for content in material.contents:
        split_whole(content)


def decode(material: Material, _scratch: Path) -> None:
    """Records → typed events."""
    for chunk in material.chunks:
        decode_with_shared_parts(chunk)


def columns(material: Material, _scratch: Path) -> None:
    """Events → record batches."""
    for (events, parts), lineage in zip(material.decoded, material.lineages, strict=True):
        record_batch(events, lineage, parts)


def free_form(material: Material, _scratch: Path) -> None:
    """The free-form columns of that, alone."""
    for columns_of_chunk in material.free_form:
        for values in columns_of_chunk:
            json_array(values)


def stage(material: Material, scratch: Path) -> None:
    """Record batches → durable Parquet: partitions, row order, encoding, fsync."""
    settings = _settings(scratch)
    staged = Stage(settings, "0" * 32)
    for batch in material.batches:
        staged.write(batch)
    staged.finish(())
    shutil.rmtree(settings.output)


def stream(material: Material, _scratch: Path) -> None:
    """JSON → records, the stream lane's way."""
    for content in material.contents:
        pieces = (content[at : at + _PIECE_BYTES] for at in range(0, len(content), _PIECE_BYTES))
        for _ in stream_records(pieces):
            pass


def tolerant(material: Material, _scratch: Path) -> None:
    """Records with an unknown field → events."""
    for chunk in material.odd_chunks:
        decode_events(chunk, 0)


def convert(material: Material, scratch: Path, **more: Any) -> int:
    """Everything a worker does between fetch and commit, in this process; how many rows. `more`: settings."""
    rows = 0

    def count(prepared: Prepared) -> None:
        nonlocal rows
        rows += sum(log_file.rows for log_file in prepared.log_files)

    settings = _settings(scratch, **more)
    gathering = Gathering(settings, count, _no_progress)
    for number, fetched in enumerate(_fetched(material)):
        gathering.take(number, fetched)
    gathering.checkpoint()
    shutil.rmtree(settings.output)
    return rows


def hand(material: Material, _scratch: Path, **more: Any) -> int:
    """Everything a worker does between fetch and done for a function that counts; how many events it got."""
    settings = Settings(**more)
    counting = Count()
    functions = Functions(counting, None, compile_filters(settings.include, settings.exclude))
    processing = Processing(settings, functions, _to_nobody, _no_progress)
    for number, fetched in enumerate(_fetched(material)):
        processing.take(number, fetched)
    processing.checkpoint()
    return counting.counts.total()


def _fetched(material: Material) -> Iterator[Fetched]:
    for number, body in enumerate(material.bodies):
        yield Fetched(LogFile(*split_s3_uri(uri(number)), "e"), len(body), iter((body,)))


def _to_nobody(_frame: object) -> None:
    pass


def _no_progress(_events: int, _json_bytes: int) -> None:
    pass


def _settings(scratch: Path, **more: Any) -> Settings:
    # A directory each, as a stage never writes over what is there.
    return Settings(output=tempfile.mkdtemp(dir=scratch), **more)


STAGES: dict[str, Callable[[Material, Path], object]] = {
    "gunzip": gunzip,
    "split": split,
    "typed decode": decode,
    "columns": columns,
    "free-form columns": free_form,
    "Parquet": floor.write_parquet,
    "partition, sort, stage": stage,
    "stream lane": stream,
    "tolerant path": tolerant,
    "whole conversion": convert,
    "to a function": hand,
}
"""Every stage of ours by name, over all of a material. The path is a directory for what is written."""
