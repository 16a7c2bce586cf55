"""DuckDB: `read_json` with the columns' types, `unnest`, `COPY` to Parquet; 400 log files at a time.

More at once is not possible with tiny log files: each open file has a buffer of 32 MB.
"""

import sys
from pathlib import Path

import duckdb

from bench.peers.columns import Tree, event_columns

FILES_AT_ONCE = 400
_SIMPLE = {
    "text": "VARCHAR", "boolean": "BOOLEAN", "float": "DOUBLE", "integer": "BIGINT", "json": "JSON",
    "map": "MAP(VARCHAR, VARCHAR)",
}  # fmt: skip


def sql_type(tree: Tree) -> str:
    """A column's type."""
    if isinstance(tree, str):
        return _SIMPLE[tree]
    if isinstance(tree, list):
        return sql_type(tree[0]) + "[]"
    return "STRUCT(" + ", ".join(f'"{name}" {sql_type(part)}' for name, part in tree.items()) + ")"


def main(folder: str, output: str) -> None:
    """Convert every log file."""
    files = [str(path) for path in sorted(Path(folder).rglob("*.json.gz"))]
    columns = event_columns()
    records = "STRUCT(" + ", ".join(
        f'"{name}" {"TIMESTAMP" if name == "eventTime" else sql_type(tree)}' for name, tree in columns.items()
    ) + ")[]"  # fmt: skip
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    for start in range(0, len(files), FILES_AT_ONCE):
        some = "[" + ", ".join(f"'{path}'" for path in files[start : start + FILES_AT_ONCE]) + "]"
        connection.execute(f"""
            COPY (
                SELECT unnest(Records, max_depth := 2), unnest(range(len(Records))) AS recordIndex,
                       filename AS logFile
                FROM read_json({some}, columns = {{'Records': '{records}'}}, filename = true,
                               maximum_object_size = 200000000)
            ) TO '{output}/{start:06}.parquet' (FORMAT parquet, COMPRESSION zstd)
        """)


if __name__ == "__main__":
    main(*sys.argv[1:])
