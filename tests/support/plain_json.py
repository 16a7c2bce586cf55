"""What Python's own parser says of a log file: an opinion that owes nothing to the product's."""

import json
import sys
from typing import Any

_DEPTH_MAX = 20_000


def records_in(data: bytes) -> list[Any] | None:
    """The elements of its one `Records`; None if it is no log file. Raises RecursionError where it is very deep.

    It does not look at the UTF-8 of records, nor does the product refuse a file for it.
    """
    text = data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(_DEPTH_MAX)
    try:
        members = json.loads(text, object_pairs_hook=_Members, parse_int=str, parse_float=str, parse_constant=_refuse)
    except ValueError:
        return None
    finally:
        sys.setrecursionlimit(limit)
    if not isinstance(members, _Members):
        return None
    found = [value for name, value in members if name == "Records"]
    is_array = len(found) == 1 and isinstance(found[0], list) and not isinstance(found[0], _Members)
    return found[0] if is_array else None


class _Members(list[tuple[str, Any]]):
    """An object as pairs, so that a name twice is seen."""


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
