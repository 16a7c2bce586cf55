"""orjson: whole log files into dicts, `pyarrow.Table.from_pylist`, Parquet."""

import gzip
import sys
from pathlib import Path

import orjson

from bench.peers.dicts import write_parquet


def main(folder: str, output: str) -> None:
    """Convert every log file."""
    paths = sorted(Path(folder).rglob("*.json.gz"))
    contents = ((str(path), orjson.loads(gzip.decompress(path.read_bytes()))) for path in paths)
    write_parquet(((path, content["Records"]) for path, content in contents), output)


if __name__ == "__main__":
    main(*sys.argv[1:])
