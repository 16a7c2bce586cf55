"""What a user's function raised → one kind of error, in one sentence that names the line."""

import traceback

from ingester.model.errors import FunctionError

_TRACEBACK_CHARACTERS_MAX = 20_000


def function_error(function: str, error: BaseException, where: str = "") -> FunctionError:
    """The error for what `function` ("process", "event_filter" or "source_filter") raised, `where` in its words."""
    frames = traceback.extract_tb(error.__traceback__)
    line = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    kind = type(error)
    return FunctionError(
        f"{function} raised {kind.__name__}{where}: {error}{line}",
        function=function,
        cause_type=f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."),
        traceback="".join(traceback.format_exception(error))[-_TRACEBACK_CHARACTERS_MAX:],
    )
