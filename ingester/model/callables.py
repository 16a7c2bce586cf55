"""Whether a user's functions can be called as they will be: asked before anything is received.

What is found out only by calling them would cost attempts; and what can be called but does nothing, as a generator
that nobody iterates, would lose events.
"""

import inspect
from collections.abc import Callable
from typing import Any

from ingester.model.errors import ConfigurationError


def check_processor(process: object) -> None:
    """Raises ConfigurationError unless `process` can take events: a function, a class, an object with `process`."""
    if isinstance(process, type):
        _check_class(process)
        return
    method = getattr(process, "process", process)
    if not callable(method):
        raise ConfigurationError(
            f"{process!r} can't process events.", hint="Give a function, or an object with a method `process`."
        )
    _check_call("process", method, 1)
    if _is_generator(method):
        raise ConfigurationError(
            f"process, {_shown(method)}, is a generator: calling it runs nothing of it.",
            hint="Use each event where it now says `yield`, and return when all are taken.",
        )


def check_hook(name: str, hook: object, arguments: int) -> None:
    """Raises ConfigurationError unless a hook, of this name, is None or can be called with so many arguments."""
    if hook is None:
        return
    if not callable(hook):
        raise ConfigurationError(f"{name} is {hook!r}, which can't be called.", hint="Give a function.")
    if isinstance(hook, type) or _is_generator(hook) or _is(inspect.iscoroutinefunction, hook):
        raise ConfigurationError(
            f"{name}, {_shown(hook)}, gives no answer when it is called.",
            hint="Give a plain function; only process may be async.",
        )
    _check_call(name, hook, arguments)


def check_reporter(reporter: object) -> None:
    """Raises ConfigurationError unless a progress reporter is None or has both of its methods."""
    for method, arguments in (("report_start", 1), ("report_end", 2)):
        if reporter is not None and not callable(getattr(reporter, method, None)):
            raise ConfigurationError(
                f"progress_reporter is {reporter!r}, which has no method {method}.", hint="See ProgressReporter."
            )
        check_hook(f"progress_reporter.{method}", getattr(reporter, method, None), arguments)


def is_generator_object(outcome: object) -> bool:
    """Whether what a function returned is a generator, so that nothing of the function has run."""
    return inspect.isgenerator(outcome) or inspect.isasyncgen(outcome)


def _check_class(class_: type) -> None:
    _check_call("process", class_, 0)
    own_call = next((vars(base)["__call__"] for base in class_.__mro__ if "__call__" in vars(base)), None)
    method = getattr(class_, "process", own_call)
    if not callable(method):
        raise ConfigurationError(
            f"Objects of {class_.__name__} can't process events.", hint="Give the class a method `process`."
        )
    if _is_generator(method):
        raise ConfigurationError(
            f"{class_.__name__}.process is a generator: calling it runs nothing of it.",
            hint="Use each event where it now says `yield`, and return when all are taken.",
        )


def _check_call(name: str, function: Callable[..., object], arguments: int) -> None:
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):  # written in C, and tells nothing of itself
        return
    try:
        signature.bind(*[None] * arguments)
    except TypeError as error:
        how = ("without arguments", "with one argument", "with two arguments")[arguments]
        raise ConfigurationError(
            f"{name}, {_shown(function)}, can't be called {how}: {error}.", hint="Change what it takes."
        ) from None


def _is_generator(function: object) -> bool:
    return _is(inspect.isgeneratorfunction, function) or _is(inspect.isasyncgenfunction, function)


def _is(question: Callable[[Any], bool], function: object) -> bool:
    """Of a function, a method, a partial, or an object that can be called."""
    return question(function) or question(getattr(function, "__call__", None))  # noqa: B004 (its very method)


def _shown(function: object) -> str:
    return getattr(function, "__qualname__", None) or repr(function)
