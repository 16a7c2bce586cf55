"""The Arrow schema, made out of the event model: its JSON names, its order, its types; lineage last.

Names stay CloudTrail's own, so that queries written for AWS's Athena table run (it folds case). Only eventTime has
another type than in the model: a timestamp in milliseconds, UTC. Free-form fields are text: the JSON as delivered.
"""

from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import msgspec
import pyarrow as pa
from msgspec import Raw, Struct

from ingester.model.event import CloudTrailEvent
from ingester.model.shared_parts import PART_FIELDS, UNIQUE_FIELDS

TIME = pa.timestamp("ms", tz="UTC")
"""The type of eventTime."""

_SCALARS: dict[Any, pa.DataType] = {
    str: pa.string(), Raw: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64(),
}  # fmt: skip


def without_none(type_: Any) -> Any:
    """`T` of `T | None`, and any other type as it is."""
    if get_origin(type_) is not UnionType:
        return type_
    (only,) = (option for option in get_args(type_) if option is not NoneType)
    return only


def arrow_type(type_: Any) -> pa.DataType:
    """The Arrow type for a field's type as written in the model. Raises KeyError for a type that has none."""
    type_ = without_none(type_)
    origin = get_origin(type_)
    if origin is list:
        return pa.list_(arrow_type(get_args(type_)[0]))
    if origin is dict:
        key, value = get_args(type_)
        return pa.map_(arrow_type(key), arrow_type(value))
    if isinstance(type_, type) and issubclass(type_, Struct):
        return pa.struct([(field.encode_name, arrow_type(field.type)) for field in msgspec.structs.fields(type_)])
    return _SCALARS[type_]


def _schema() -> pa.Schema:
    columns = {field.encode_name: arrow_type(field.type) for field in msgspec.structs.fields(CloudTrailEvent)}
    columns["eventTime"] = TIME
    # 64 bits: costs nothing in Parquet, and is what SQL engines count with.
    columns |= {"unmapped": pa.string(), "logFile": pa.string(), "recordIndex": pa.int64()}
    return pa.schema(list(columns.items()))


SCHEMA = _schema()
"""The columns of every data file, as readers see them."""


SHARED_TEXTS = frozenset(
    field.encode_name
    for field in msgspec.structs.fields(CloudTrailEvent)
    if without_none(field.type) is str and field.encode_name not in UNIQUE_FIELDS | {"eventTime"}
)
"""Columns of text that many rows share: 1 to 134 different values in 2,048 real events (measured)."""


def _batch_schema() -> pa.Schema:
    parts = {field.encode_name for field in msgspec.structs.fields(CloudTrailEvent) if field.name in PART_FIELDS}
    shared = parts | SHARED_TEXTS | {"logFile"}
    types: dict[str, Any] = {field.name: field.type for field in SCHEMA if field.name in shared}
    types = {name: pa.dictionary(pa.int32(), type_) for name, type_ in types.items()}
    return pa.schema([field.with_type(types.get(field.name, field.type)) for field in SCHEMA])


BATCH_SCHEMA = _batch_schema()
"""The columns of every record batch: those of SCHEMA, what events share as dictionaries of the values."""
