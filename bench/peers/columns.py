"""CloudTrail's columns as a tree, from which the peers' schemas are written: the same fields as ours."""

from types import NoneType
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Raw, Struct

from ingester.model.event import CloudTrailEvent

Tree = str | dict[str, Any] | list[Any]
"""`text`, `boolean`, `float`, `integer`, `json`, `map` (text to text), an object's members, or a list's element."""

_SIMPLE = {str: "text", bool: "boolean", float: "float", int: "integer", Raw: "json"}


def event_columns() -> dict[str, Tree]:
    """Every column by CloudTrail's own name."""
    return _members(CloudTrailEvent)


def _members(part: type[Struct]) -> dict[str, Tree]:
    return {field.encode_name: _tree(field.type) for field in msgspec.structs.fields(part)}


def _tree(type_: Any) -> Tree:
    options = [option for option in get_args(type_) if option is not NoneType]
    if get_origin(type_) in (list, dict):
        return "map" if get_origin(type_) is dict else [_tree(options[0])]
    if options:
        return _tree(options[0])
    return _SIMPLE[type_] if type_ in _SIMPLE else _members(type_)
