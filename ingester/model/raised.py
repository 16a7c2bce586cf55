"""What a user's function raised → one kind of error, in one sentence that names the line."""

import traceback

from ingester.model.errors import ConfigurationError, FunctionError

_TRACEBACK_CHARACTERS_MAX = 20_000


def function_error(function: str, error: BaseException, where: str = "") -> FunctionError:
    """The error for what `function` ("process", "event_filter" or "source_filter") raised, `where` in its words."""
    kind = type(error)
    return FunctionError(
        f"{function} raised {kind.__name__}{where}: {error}{_line_of(error)}",
        function=function,
        cause_type=f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."),
        traceback="".join(traceback.format_exception(error))[-_TRACEBACK_CHARACTERS_MAX:],
    )


def cannot_be_made(class_: type, error: BaseException) -> ConfigurationError:
    """The error for what a user's class raised when an object of it was made."""
    name = class_.__qualname__
    return ConfigurationError(
        f"The processor {name} can't be made: {name}() raised {type(error).__name__}: {error}{_line_of(error)}.",
        hint="Mend the class, or what it needs.",
    )


def _line_of(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
