"""What a user's function raised → one kind of error, in one sentence that names the line."""

import traceback

from ingester.model.errors import FunctionError, ProcessorUnusableError

_TRACEBACK_CHARACTERS_MAX = 20_000
_TEXT_CHARACTERS_MAX = 2_000


def function_error(function: str, error: BaseException, where: str = "") -> FunctionError:
    """The error for what `function` ("process", "event_filter" or "source_filter") raised, `where` in its words."""
    kind = type(error)
    return FunctionError(
        f"{function} raised {kind.__name__}{where}: {_text_of(error)}{_line_of(error)}",
        function=function,
        cause_type=f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."),
        traceback=_whole_characters("".join(traceback.format_exception(error))[-_TRACEBACK_CHARACTERS_MAX:]),
    )


def cannot_be_made(class_: type, error: BaseException) -> ProcessorUnusableError:
    """The error for what a user's class raised when an object of it was made."""
    name = class_.__qualname__
    raised = f"{type(error).__name__}: {_text_of(error)}{_line_of(error)}"
    return ProcessorUnusableError(
        f"The processor {name} can't be made: {name}() raised {raised}.",
        hint="Mend the class, or what it needs.",
    )


def _text_of(error: BaseException) -> str:
    """What it says, fit to be sent on: that may be endless, half a character, or raise by itself."""
    try:
        return _whole_characters(str(error)[:_TEXT_CHARACTERS_MAX])
    except Exception as of_text:
        return f"(str() of it raises {type(of_text).__name__})"


def _whole_characters(text: str) -> str:
    """The same; a lone surrogate (of a path, or of JSON) as an escape, as UTF-8 has none."""
    return text.encode("utf-8", "backslashreplace").decode()


def _line_of(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return _whole_characters(f" ({frames[-1].filename}, line {frames[-1].lineno})") if frames else ""
