"""What a user gives is checked before anything is received: it is called as it will be, in thought."""

import functools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from ingester.model.callables import check_hook, check_processor, check_reporter
from ingester.model.errors import ConfigurationError


def function(events: Any) -> None: ...
def with_more(events: Any, more: int = 1) -> None: ...
async def later(events: Any) -> None: ...
def generator(events: Any) -> Iterator[Any]:
    yield from events


async def async_generator(events: Any) -> AsyncIterator[Any]:
    for event in events:
        yield event


def without_arguments() -> None: ...
def two(error: Any, context: Any) -> None: ...


class Processor:
    def process(self, events: Any) -> None: ...


class Called:
    def __call__(self, events: Any) -> None: ...


class Generating:
    def process(self, events: Any) -> Iterator[Any]:
        yield from events


class Needy:
    def __init__(self, database: Any) -> None: ...
    def process(self, events: Any) -> None: ...


class Reporter:
    def report_start(self, status: Any) -> object: ...
    def report_end(self, status: Any, token: object) -> None: ...


@pytest.mark.parametrize(
    "process",
    [
        function, with_more, later, lambda _: None, functools.partial(two, 1), print, [].append,
        Processor, Processor(), Processor().process, Called, Called(),
    ],
)  # fmt: skip
def test_what_can_take_events_is_taken(process: Any) -> None:
    check_processor(process)


@pytest.mark.parametrize(
    ("process", "says"),
    [
        (None, "None can't process events"),
        (7, "7 can't process events"),
        (without_arguments, "can't be called with one argument: too many"),
        (two, "can't be called with one argument: missing a required argument: 'context'"),
        (generator, "is a generator: calling it runs nothing of it"),
        (async_generator, "is a generator"),
        (functools.partial(generator), "is a generator"),
        (Generating(), "is a generator"),
        (Generating, "is a generator"),
        (Needy, "can't be called without arguments: missing a required argument: 'database'"),
        (int, "can't process events"),
    ],
)
def test_what_can_not_take_events_is_refused_and_why(process: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        check_processor(process)


@pytest.mark.parametrize(
    ("hook", "says"),
    [
        (7, "event_filter is 7, which can't be called"),
        (later, "event_filter, later, gives no answer when it is called"),
        (generator, "gives no answer"),
        (Called, "gives no answer"),
        (two, "can't be called with one argument"),
    ],
)
def test_a_hook_that_can_not_answer_is_refused(hook: Any, says: str) -> None:
    """An async filter's coroutine would count as a yes."""
    with pytest.raises(ConfigurationError, match=says):
        check_hook("event_filter", hook, 1)


def test_hooks_that_can_answer_are_taken() -> None:
    check_hook("event_filter", None, 1)
    check_hook("event_filter", function, 1)
    check_hook("exception_handler", two, 2)
    check_reporter(None)
    check_reporter(Reporter())


def test_a_reporter_without_its_methods_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="has no method report_start"):
        check_reporter(print)
