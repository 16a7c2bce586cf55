"""Declarative filters: `eventSource=iam.amazonaws.com`, on any string or boolean field of the event model.

A filter names a field by CloudTrail's own JSON names, nested ones with dots, and a pattern: `*`, `?` and `[…]` as in
a shell, upper and lower case told apart. Booleans are `true` and `false`. An empty pattern stands for a field that is
absent or empty. Of a list (`resources.ARN`) one element that fits is enough.

Includes on one field are alternatives, and every field that is named must fit; any exclude that fits takes an event
out. Pure; runs wherever events are decoded.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import translate
from functools import cache
from itertools import repeat
from operator import and_, attrgetter
from re import compile as compile_pattern
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Struct

from ingester.model.errors import ConfigurationError
from ingester.model.event import CloudTrailEvent

Judge = Callable[[Sequence[CloudTrailEvent]], Iterable[bool]]

_CACHED_VALUES_MAX = 10_000
"""Answers kept a field; most fields that one filters by have few values."""


class Filters:
    """Which of some events to keep: `filters(events)` gives one boolean an event. Used by one thread.

    `attributes`: those of an event that are looked at, at the top level.
    """

    def __init__(self, judges: Mapping[str, Sequence[Judge]]) -> None:
        self.attributes = frozenset(judges)
        self._judges = [judge for some in judges.values() for judge in some]

    def __call__(self, events: Sequence[CloudTrailEvent]) -> list[bool]:
        first, *others = self._judges
        kept = first(events)
        for judge in others:
            kept = map(and_, kept, judge(events))
        return list(kept)


def compile_filters(include: Sequence[str], exclude: Sequence[str]) -> Filters | None:
    """What keeps the wanted events; None if all are wanted. Raises ConfigurationError for a filter that is none."""
    judges: dict[str, list[Judge]] = {}
    for filters, negate in ((include, False), (exclude, True)):
        for name, patterns in _by_field(filters).items():
            steps, is_listed = _path(name)
            judges.setdefault(steps[0], []).append(_judge(steps, patterns, is_listed=is_listed, negate=negate))
    return Filters(judges) if judges else None


def _by_field(filters: Iterable[str]) -> dict[str, list[str]]:
    by_field: dict[str, list[str]] = {}
    for text in filters:
        name, equals, pattern = text.partition("=")
        if not equals or not name:
            raise ConfigurationError(
                f"{text!r} is no filter.", hint="Write FIELD=PATTERN, such as eventSource=iam.amazonaws.com."
            )
        by_field.setdefault(name.strip(), []).append(pattern)
    return by_field


def _judge(steps: Sequence[str], patterns: Sequence[str], *, is_listed: bool, negate: bool) -> Judge:
    fits = _Answers(_matcher(patterns), negate=negate)
    if is_listed:
        return lambda events: [_any_fits(event, steps, fits, negate=negate) for event in events]
    first, *others = steps

    def judge(events: Sequence[CloudTrailEvent]) -> Iterable[bool]:
        values: Iterable[Any] = map(attrgetter(first), events)
        for step in others:
            # getattr of None gives the default too: what is absent has no parts
            values = map(getattr, values, repeat(step), repeat(None))
        return map(fits.__getitem__, values)

    return judge


class _Answers(dict[Hashable, bool]):
    """Value → whether it is wanted; asked once a value, so that most of the work is a look-up in C."""

    def __init__(self, fits: Callable[[str], bool], *, negate: bool) -> None:
        super().__init__()
        self._fits = fits
        self._negate = negate

    def __missing__(self, value: str | bool | None) -> bool:
        text = "" if value is None else value if isinstance(value, str) else str(value).lower()
        if len(self) >= _CACHED_VALUES_MAX:
            self.clear()
        answer = self[value] = self._fits(text) is not self._negate
        return answer


def _matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    match = compile_pattern("|".join(f"(?:{translate(pattern)})" for pattern in patterns)).match
    return lambda text: match(text) is not None


def _any_fits(event: CloudTrailEvent, steps: Sequence[str], fits: _Answers, *, negate: bool) -> bool:
    answers = [fits[value] is not negate for value in _values(event, steps)]
    return any(answers) is not negate


def _values(value: Any, steps: Sequence[str]) -> list[Any]:
    """The values at the end of a path that goes through lists; one None where there is nothing."""
    values = [value]
    for step in steps:
        values = [getattr(value, step, None) for value in values]
        values = [one for some in values for one in (some if isinstance(some, list) else [some])] or [None]
    return values


def _path(name: str) -> tuple[list[str], bool]:
    """The attributes that a dotted JSON name stands for, and whether a list is among them."""
    path = _paths().get(name)
    if path is None:
        likely = get_close_matches(name, _paths(), n=1, cutoff=0.5)
        raise ConfigurationError(
            f"{name!r} is no string or boolean field of an event.",
            hint=f"Do you mean {likely[0]}?" if likely else "Write it as in the JSON, such as userIdentity.arn.",
        )
    return path


@cache
def _paths() -> dict[str, tuple[list[str], bool]]:
    return {".".join(names): (attributes, is_listed) for names, attributes, is_listed in _leaves(CloudTrailEvent)}


def _leaves(part: type[Struct]) -> Iterable[tuple[list[str], list[str], bool]]:
    for field in msgspec.structs.fields(part):
        type_ = _without_none(field.type)
        is_list = get_origin(type_) is list
        element = get_args(type_)[0] if is_list else type_
        if element in (str, bool):
            yield [field.encode_name], [field.name], is_list
        elif isinstance(element, type) and issubclass(element, Struct):
            for names, attributes, is_listed in _leaves(element):
                yield [field.encode_name, *names], [field.name, *attributes], is_list or is_listed


def _without_none(type_: Any) -> Any:
    if get_origin(type_) is not UnionType:
        return type_
    (only,) = (option for option in get_args(type_) if option is not NoneType)
    return only
