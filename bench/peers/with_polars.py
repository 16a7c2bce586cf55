"""Polars: `read_json` with the columns' types, `explode`, `unnest`, `write_parquet`.

It can't keep free-form objects as text, nor maps: the columns of those are missing, and their work with them.
"""

import gzip
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import polars as pl

from bench.peers.columns import Tree, event_columns

ROWS_AT_ONCE = 100_000
_SIMPLE = {"text": pl.String, "boolean": pl.Boolean, "float": pl.Float64, "integer": pl.Int64}


def dtype(tree: Tree) -> pl.DataType:
    """A column's type."""
    if isinstance(tree, str):
        return _SIMPLE[tree]()
    if isinstance(tree, list):
        return pl.List(dtype(tree[0]))
    return pl.Struct({name: dtype(part) for name, part in tree.items() if part not in ("json", "map")})


def frames(folder: str) -> Iterator[pl.DataFrame]:
    """The events of each log file."""
    schema = {"Records": pl.List(dtype(event_columns()))}
    for path in sorted(Path(folder).rglob("*.json.gz")):
        with gzip.open(path) as file:
            records = pl.read_json(BytesIO(file.read()), schema=schema)
        yield (
            records.explode("Records")
            .unnest("Records")
            .with_columns(
                pl.col("eventTime").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="ms"),
                pl.lit(str(path)).alias("logFile"),
                pl.int_range(pl.len()).alias("recordIndex"),
            )
        )


def main(folder: str, output: str) -> None:
    """Convert every log file."""
    gathered: list[pl.DataFrame] = []
    rows = written = 0

    def write() -> None:
        pl.concat(gathered).write_parquet(f"{output}/{written:06}.parquet", compression="zstd", compression_level=1)

    for frame in frames(folder):
        gathered.append(frame)
        rows += frame.height
        if rows >= ROWS_AT_ONCE:
            write()
            gathered, rows, written = [], 0, written + 1
    if gathered:
        write()


if __name__ == "__main__":
    main(*sys.argv[1:])
