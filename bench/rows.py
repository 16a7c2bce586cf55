"""Whether two conversions of the same log files hold the same rows: no time counts before they do.

Rows are paired by log file and record index, columns by name, nested ones leaf by leaf. Absent, null and `{}` are
equal inside typed parts; free-form fields are equal when they are equal as JSON. Columns that a peer does not have
are named, not compared.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct

from bench.peers.columns import event_columns

_PLACE = ["logFile", "recordIndex"]
_OURS_ONLY = frozenset({"unmapped"})
_JSON = frozenset(name for name, tree in event_columns().items() if tree == "json")
_PATH = [("logFile", "ascending"), ("recordIndex", "ascending")]


class RowsDifferError(Exception):
    """The two do not hold the same rows; the message names the column and a row."""


class Comparison(Struct, frozen=True):
    """How much was compared: rows, leaf columns, and the top-level columns that the other one lacks."""

    rows: int
    leaves: int
    missing: list[str]


def compare(ours: Path, theirs: Path) -> Comparison:
    """Compare the Parquet of two folders. Raises RowsDifferError."""
    left, right = _read(ours), _read(theirs)
    if left.num_rows != right.num_rows:
        raise RowsDifferError(f"{left.num_rows:,} rows against {right.num_rows:,}")
    leaves = 0
    missing = []
    for name in left.column_names:
        if name not in right.column_names:
            missing.append(name)
            continue
        leaves += _compare_column(name, left, right)
    return Comparison(left.num_rows, leaves, [name for name in missing if name not in _OURS_ONLY])


def _read(folder: Path) -> pa.Table:
    files = sorted(path for path in folder.rglob("*.parquet") if "_ingester" not in path.parts)
    table = pa.concat_tables(
        [pq.read_table(file, partitioning=None) for file in files], promote_options="permissive"
    ).combine_chunks()
    uris = table["logFile"].cast(pa.string()).to_pylist()
    paths: dict[str, str] = {uri: unquote(uri.removeprefix("file://")) for uri in set(uris)}
    at = table.column_names.index("logFile")
    table = table.set_column(at, "logFile", pa.array([paths[uri] for uri in uris]))
    at = table.column_names.index("recordIndex")
    table = table.set_column(at, "recordIndex", table["recordIndex"].cast(pa.int64()))
    return table.take(pc.sort_indices(table, sort_keys=_PATH)).combine_chunks()


def _compare_column(name: str, left: pa.Table, right: pa.Table) -> int:
    ours = dict(_leaves(name, _array(left, name)))
    theirs = dict(_leaves(name, _array(right, name)))
    shared = [leaf for leaf in ours if leaf in theirs]
    for leaf in shared:
        a, b = ours[leaf], theirs[leaf]
        if len(a) != len(b) or not a.equals(b):
            _find_difference(leaf, a, b, is_json=name in _JSON)
    return len(shared)


def _find_difference(leaf: str, ours: Any, theirs: Any, *, is_json: bool) -> None:
    if len(ours) != len(theirs):
        raise RowsDifferError(f"{leaf}: {len(ours):,} values against {len(theirs):,}")
    for at, (a, b) in enumerate(zip(ours.to_pylist(), theirs.to_pylist(), strict=True)):
        if a != b and not (is_json and _json(a) == _json(b)):
            raise RowsDifferError(f"{leaf}, value {at:,}: {a!r} against {b!r}")


def _json(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


def _array(table: pa.Table, name: str) -> Any:
    array = table[name].combine_chunks()
    return array if isinstance(array, pa.Array) else pa.concat_arrays(array.chunks)


def _leaves(path: str, array: Any) -> Iterator[tuple[str, Any]]:
    """Every leaf with its path, in one type for equal things."""
    type_ = array.type
    if pa.types.is_dictionary(type_):
        array, type_ = array.dictionary_decode(), type_.value_type
    if pa.types.is_struct(type_):
        for field in type_:
            yield from _leaves(f"{path}.{field.name}", pc.struct_field(array, field.name))
    elif pa.types.is_map(type_):
        yield f"{path}.length", pc.fill_null(pc.list_value_length(_as_list(array)), 0)
        yield from _leaves(f"{path}[]", pc.list_flatten(_as_list(array)))
    elif pa.types.is_list(type_) or pa.types.is_large_list(type_):
        yield f"{path}.length", pc.fill_null(pc.list_value_length(array).cast(pa.int64()), 0)
        yield from _leaves(f"{path}[]", pc.list_flatten(array))
    elif pa.types.is_timestamp(type_):
        yield path, array.cast(pa.timestamp("ms"), safe=False).cast(pa.int64())
    elif pa.types.is_integer(type_):
        yield path, array.cast(pa.int64())
    elif pa.types.is_large_string(type_) or pa.types.is_string_view(type_) or isinstance(array, pa.ExtensionArray):
        yield path, array.cast(pa.string())
    else:
        yield path, array


def _as_list(array: Any) -> Any:
    pair = pa.struct([("key", pa.string()), ("value", pa.string())])
    return array.cast(pa.list_(pair))


def main(ours: str, theirs: str) -> None:
    """Print the comparison as JSON; exit code 1 with the difference on standard output."""
    try:
        print(msgspec.json.encode(compare(Path(ours), Path(theirs))).decode())
    except RowsDifferError as error:
        print(error)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main(*sys.argv[1:])
