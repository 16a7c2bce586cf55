"""The floor: what the C underneath takes for the same files, if nothing but it were needed.

gunzip with isal, one full simdjson parse (of which nothing is used), and writing the ready Arrow table as the same
Parquet into memory. A conversion can't be faster than this without another gunzip, parser or Parquet writer.
"""

from collections.abc import Callable
from pathlib import Path

import simdjson
from isal import igzip_lib

from bench.material import Material
from ingester.lake.data_file import DataFileWriter
from ingester.model.commit import DataFile, DataFileKind


class MemoryFile:
    """A data file that goes nowhere. See `ingester.lake.sink.SinkFile`."""

    def __init__(self) -> None:
        self.path = "cloudtrail/bench.parquet"
        self.size_bytes = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        """Counts the bytes."""
        self.size_bytes += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Ends it."""
        self.closed = True

    def discard(self) -> None:
        """Nothing."""

    def data_file(self, rows: int, kind: DataFileKind) -> DataFile:
        """Size and rows."""
        return DataFile(self.path, rows, self.size_bytes, kind)


_parser = simdjson.Parser()


def inflate(material: Material, _scratch: Path) -> None:
    """gunzip in one call each."""
    for body in material.bodies:
        igzip_lib.decompress(body, igzip_lib.DECOMP_GZIP)


def parse(material: Material, _scratch: Path) -> None:
    """One full parse each, onto simdjson's tape."""
    for content in material.contents:
        _parser.parse(content)


def write_parquet(material: Material, _scratch: Path) -> None:
    """Our Parquet of ready row groups."""
    writer = DataFileWriter(MemoryFile(), material.row_groups[0].schema, 0)
    for row_group in material.row_groups:
        writer.write_row_group(row_group)
    writer.close({})


def run(material: Material, scratch: Path) -> None:
    """All three. File by file, so that a content is parsed while it is in the cache."""
    for body in material.bodies:
        _parser.parse(igzip_lib.decompress(body, igzip_lib.DECOMP_GZIP))
    write_parquet(material, scratch)


FLOOR: dict[str, Callable[[Material, Path], object]] = {
    "floor: gunzip": inflate,
    "floor: parse": parse,
    "floor: Parquet": write_parquet,
    "floor": run,
}
"""The floor and its three parts by name, to be called as stages are."""
