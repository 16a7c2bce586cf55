"""The demo's lake, as DuckDB sees it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class LakeCounts:
    """What lies in a lake. `distinct_events` counts different (logFile, recordIndex)."""

    events: int
    distinct_events: int
    log_files: int
    data_files: int
    data_bytes: int


@contextmanager
def open_lake(output: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the view `events` over all Parquet under `output`. Raises duckdb.Error if there is none."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        pattern = str(output / "cloudtrail/**/*.parquet").replace("'", "''")
        connection.execute(f"CREATE VIEW events AS FROM read_parquet('{pattern}', hive_partitioning = true)")
        yield connection


def count(output: Path) -> LakeCounts:
    """Counts a lake with DuckDB, without a word from the ingester."""
    data_files = list((output / "cloudtrail").rglob("*.parquet"))
    if not data_files:
        return LakeCounts(0, 0, 0, 0, 0)
    with open_lake(output) as connection:
        [(events, distinct_events, log_files)] = connection.execute(
            "SELECT count(*), count(DISTINCT (logFile, recordIndex)), count(DISTINCT logFile) FROM events"
        ).fetchall()
    return LakeCounts(events, distinct_events, log_files, len(data_files), sum(f.stat().st_size for f in data_files))
