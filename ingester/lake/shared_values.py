"""Columns that hold each value once, and a code for each row: put together, taken apart, made ready to be written.

The parts of events come so (`ingester.columns.shared`). Rows are sorted by moving codes; only where a row
group is written does each leaf become what Parquet wants, the distinct texts and a code a row, which its writer then
has not to find by itself. Pure; runs in worker processes.
"""

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

Codes: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int32]]


def is_shared(type_: pa.DataType) -> bool:
    """Whether a column holds its values so."""
    return isinstance(type_, pa.DictionaryType)


def unified(column: Any) -> tuple[Codes, Any]:
    """The code of each row of a chunked array, and the values of all chunks together; some may stand there twice."""
    chunks: list[Any] = column.chunks
    if len(chunks) == 1:
        return chunks[0].indices.to_numpy(), chunks[0].dictionary
    dictionaries = [chunk.dictionary for chunk in chunks]
    starts = np.cumsum([0, *map(len, dictionaries)], dtype=np.int32)
    codes = [chunk.indices.to_numpy() + start for chunk, start in zip(chunks, starts, strict=False)]
    return np.concatenate(codes), pa.concat_arrays(dictionaries)


def shared_array(codes: Codes, values: Any) -> Any:
    """The column of these codes. Values that no row has are left out where they are the most."""
    if len(values) > max(1, len(codes)):
        used, places = np.unique(codes, return_inverse=True)
        codes, values = places.astype(np.int32), values.take(pa.array(used))
    rows: Any = pa.array(codes)
    return pa.DictionaryArray.from_arrays(rows, values, safe=False)


def copied_bytes(table: pa.Table) -> int:
    """About how many bytes `as_written` copies: of lists that rows share, which Parquet wants one by one."""
    shared = (
        column for column in table.columns if is_shared(column.type) and pa.types.is_list(column.type.value_type)
    )
    return sum(table.num_rows * values.nbytes // max(1, len(values)) for _, values in map(unified, shared))


def written_schema(schema: pa.Schema) -> pa.Schema:
    """The schema of what `as_written` makes of a table of this schema."""
    return pa.schema([field.with_type(_written_type(field.type)) for field in schema])


def as_written(table: pa.Table) -> pa.Table:
    """The same rows in the form that Parquet is written from: a reader finds no difference."""
    columns = [_written_column(column) if is_shared(column.type) else column for column in table.columns]
    return pa.Table.from_arrays(columns, schema=written_schema(table.schema))


def _written_type(type_: Any) -> Any:
    return _leaf_type(type_.value_type) if is_shared(type_) else type_


def _leaf_type(type_: Any) -> Any:
    if isinstance(type_, pa.StructType):
        return pa.struct([field.with_type(_leaf_type(field.type)) for field in type_])
    return pa.dictionary(pa.int32(), type_) if type_ == pa.string() else type_


def _written_column(column: Any) -> Any:
    codes, values = unified(column)
    return _written_values(values, pa.array(codes))


def _written_values(values: Any, rows: Any) -> Any:
    if values.null_count == len(values):
        return pa.nulls(len(rows), _leaf_type(values.type))
    if isinstance(values.type, pa.StructType):
        parts = [_written_values(values.field(number), rows) for number in range(values.type.num_fields)]
        mask = values.is_null().take(rows) if values.null_count else None
        return pa.StructArray.from_arrays(parts, fields=list(_leaf_type(values.type)), mask=mask)
    if values.type == pa.string():
        distinct = values.dictionary_encode()
        return pa.DictionaryArray.from_arrays(distinct.indices.take(rows), distinct.dictionary, safe=False)
    return values.take(rows)
