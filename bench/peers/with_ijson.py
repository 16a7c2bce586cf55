"""ijson: records one by one as dicts, never a whole log file, `pyarrow.Table.from_pylist`, Parquet."""

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ijson

from bench.peers.dicts import write_parquet


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a log file, as they are read."""
    with gzip.open(path) as file:
        yield from ijson.items(file, "Records.item", use_float=True)


def main(folder: str, output: str) -> None:
    """Convert every log file."""
    paths = sorted(Path(folder).rglob("*.json.gz"))
    write_parquet(((str(path), records(path)) for path in paths), output)


if __name__ == "__main__":
    main(*sys.argv[1:])
