"""Records as dicts → Parquet through `pyarrow.Table.from_pylist`: what the orjson and ijson peers share."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from bench.peers.columns import Tree, event_columns

ROWS_AT_ONCE = 10_000
_SIMPLE = {
    "text": pa.string(), "boolean": pa.bool_(), "float": pa.float64(), "integer": pa.int64(), "json": pa.string(),
    "map": pa.map_(pa.string(), pa.string()),
}  # fmt: skip
_COLUMNS = event_columns()
_FREE_FORM = [name for name, tree in _COLUMNS.items() if tree == "json"]


def arrow_type(tree: Tree) -> pa.DataType:
    """A column's type."""
    if isinstance(tree, str):
        return _SIMPLE[tree]
    if isinstance(tree, list):
        return pa.list_(arrow_type(tree[0]))
    return pa.struct([(name, arrow_type(part)) for name, part in tree.items()])


_TYPES = {name: arrow_type(tree) for name, tree in _COLUMNS.items()}
_TYPES |= {"eventTime": pa.timestamp("ms", "UTC"), "logFile": pa.string(), "recordIndex": pa.int64()}
SCHEMA = pa.schema(list(_TYPES.items()))


def write_parquet(log_files: Iterable[tuple[str, Iterable[dict[str, Any]]]], output: str) -> None:
    """Write the records of all log files, given with their paths."""
    with pq.ParquetWriter(f"{output}/events.parquet", SCHEMA, compression="zstd", compression_level=1) as writer:
        rows: list[dict[str, Any]] = []
        for path, records in log_files:
            for index, record in enumerate(records):
                _prepare(record)
                record["logFile"] = path
                record["recordIndex"] = index
                rows.append(record)
                if len(rows) >= ROWS_AT_ONCE:
                    writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
                    rows = []
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, SCHEMA))


def _prepare(record: dict[str, Any]) -> None:
    record["eventTime"] = datetime.fromisoformat(record["eventTime"])
    for name in _FREE_FORM:
        value = record.get(name)
        if value is not None:
            record[name] = orjson.dumps(value).decode()
    session = (record.get("userIdentity") or {}).get("sessionContext") or {}
    federation = session.get("webIdFederationData") or {}
    if federation.get("attributes") is not None:
        federation["attributes"] = list(federation["attributes"].items())
