"""Which partition a row belongs to: date, hour, account and region of the record, never of the object key.

Pure; runs in worker processes. Usually a whole batch is of one partition, so that is asked first (`partition_of`,
a minimum and a maximum); only a mixed table is split, and then by codes, not row by row.

Rules: date and hour are those of eventTime in UTC. The account is recipientAccountId, else that of userIdentity,
else that of its session issuer, else the top-level accountId of Aggregated records. The region is awsRegion. What
is missing or empty is `__HIVE_DEFAULT_PARTITION__`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingester.lake.layout import partition_path
from ingester.lake.row_order import in_order
from ingester.lake.shared_values import is_shared, unified
from ingester.model.settings import PartitionKey

Codes = np.ndarray[tuple[int], np.dtype[np.int64]]

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ACCOUNT_COLUMNS = (
    ("recipientAccountId",),
    ("userIdentity", "accountId"),
    ("userIdentity", "sessionContext", "sessionIssuer", "accountId"),
    ("accountId",),
)
"""Where a row's account may stand, the best first."""


def partition_of(batch: pa.RecordBatch, keys: Sequence[PartitionKey]) -> str | None:
    """The partition of all rows of `batch` (at least one); None where that isn't obvious and `split` must look."""
    values: list[str | None] = []
    first_ms = 0
    if "date" in keys or "hour" in keys:
        times = _first_and_last_ms(batch.column("eventTime"))
        unit_ms = _HOUR_MS if "hour" in keys else _DAY_MS
        if times is None or times[0] // unit_ms != times[1] // unit_ms:
            return None
        first_ms = times[0]
    for key in keys:
        if key == "date" or key == "hour":
            values.append(_time_text(key, first_ms // _HOUR_MS))
            continue
        value = _only_value(batch.column("recipientAccountId" if key == "account" else "awsRegion"))
        if value is None:
            return None
        values.append(value)
    return _cached_path(tuple(keys), tuple(values))


def split(table: pa.Table, keys: Sequence[PartitionKey]) -> list[tuple[str, pa.Table]]:
    """The rows of each partition, in row order (`ingester.lake.row_order`), with the partition's path.

    The rows are gathered once for all partitions together: the tables are slices of the same memory.
    """
    groups: Codes = np.zeros(table.num_rows, dtype=np.int64)
    values_of_keys: list[list[str | None]] = []
    for key in keys:
        codes, values = _codes(table, key)
        groups = groups * len(values) + codes
        values_of_keys.append(values)
    # Values that differ may have one path: missing and empty are the same partition.
    paths = {int(group): _path(int(group), keys, values_of_keys) for group in np.unique(groups)}
    numbers = {path: number for number, path in enumerate(dict.fromkeys(paths.values()))}
    groups = _replaced(groups, {group: numbers[path] for group, path in paths.items()})
    ordered = in_order(table, first_by=groups)
    ends = np.cumsum(np.bincount(groups, minlength=len(numbers))).tolist()
    starts = [0, *ends[:-1]]
    return [(path, ordered.slice(start, end - start)) for path, start, end in zip(numbers, starts, ends, strict=True)]


def _replaced(codes: Codes, by: dict[int, int]) -> Codes:
    different, places = np.unique(codes, return_inverse=True)
    return np.array([by[int(code)] for code in different], dtype=np.int64)[places]


def _path(group: int, keys: Sequence[PartitionKey], values_of_keys: list[list[str | None]]) -> str:
    found: list[str | None] = []
    for values in reversed(values_of_keys):
        group, code = divmod(group, len(values))
        found.append(values[code])
    return partition_path(keys, found[::-1])


_cached_path = lru_cache(maxsize=256)(partition_path)


def _codes(table: pa.Table, key: PartitionKey) -> tuple[Codes, list[str | None]]:
    """For each row the place of its value in the list of values, which is not empty for a table with rows."""
    if key == "date" or key == "hour":
        return _time_codes(table.column("eventTime"), key)
    return _coded(table.column("awsRegion")) if key == "region" else _account_codes(table)


def _time_codes(times: Any, key: PartitionKey) -> tuple[Codes, list[str | None]]:
    hours = _milliseconds(times).fill_null(0).to_numpy() // _HOUR_MS
    different, codes = np.unique(hours, return_inverse=True)
    values = [_time_text(key, hour) for hour in different.tolist()]
    if times.null_count:
        codes = np.where(times.is_null().to_numpy(), len(values), codes)
        values.append(None)
    return codes, values


def _account_codes(table: pa.Table) -> tuple[Codes, list[str | None]]:
    """The account of each row, of the first column that says one; an empty text says nothing."""
    values: list[str | None] = [None]
    accounts: Codes = np.zeros(table.num_rows, dtype=np.int64)
    for name, *path in _ACCOUNT_COLUMNS:
        if not _has_field(table.schema, [name, *path]):
            continue
        codes, found = _coded(table.column(name), path)
        says_one = np.array([bool(value) for value in found])[codes]
        accounts = np.where((accounts == 0) & says_one, codes + len(values), accounts)
        values += found
    return accounts, values


def _coded(column: Any, path: Sequence[str] = ()) -> tuple[Codes, list[str | None]]:
    """For each row the place of its text, or of that leaf of it, among the different ones; not a text a row."""
    codes, values = unified(column) if is_shared(column.type) else (None, column.combine_chunks())
    leaf = pc.struct_field(values, list(path)) if path else values
    encoded = leaf.dictionary_encode(null_encoding="encode")
    places = encoded.indices.to_numpy().astype(np.int64)
    return (places if codes is None else places[codes]), encoded.dictionary.to_pylist()


def _has_field(type_: Any, path: Sequence[str]) -> bool:
    for name in path:
        if is_shared(type_):
            type_ = type_.value_type
        if type_.get_field_index(name) < 0:
            return False
        type_ = type_.field(name).type
    return True


def _only_value(column: Any) -> str | None:
    """The value of all rows; None where there are several, or where a row has none."""
    values = column.dictionary if is_shared(column.type) else column
    if values.null_count:
        return None
    found: Any = pc.min_max(values).as_py()
    return (found["min"] or None) if found["min"] == found["max"] else None


def _first_and_last_ms(times: Any) -> tuple[int, int] | None:
    """The earliest and the latest, in milliseconds since 1970; None where a row has no time."""
    if times.null_count:
        return None
    values = _milliseconds(times).to_numpy()
    return int(values.min()), int(values.max())


def _milliseconds(times: Any) -> Any:
    """Times as int64; no copy where they are in milliseconds already."""
    return times.cast(pa.timestamp("ms", times.type.tz), safe=False).cast(pa.int64())


@lru_cache(maxsize=4096)
def _time_text(key: PartitionKey, hour: int) -> str | None:
    """Date or hour of day of an hour counted from 1970; None outside of the years 1 to 9999."""
    try:
        moment = _EPOCH + timedelta(hours=hour)
    except OverflowError:
        return None
    return f"{moment.hour:02}" if key == "hour" else moment.date().isoformat()
