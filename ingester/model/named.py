"""Functions by name, as they go to other processes: `package.module:name`, or `file.py:name`.

A name may have dots (`module:Class.method`). The module is imported where the function runs; a file is run once in
each process, under a name of its own and not as `__main__`, so that what stands under `if __name__ == "__main__":`
is left out. What lies beside a file can be imported by it, as when it is run as a script.
"""

import importlib
import importlib.util
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from ingester.model.callables import check_processor
from ingester.model.errors import ConfigurationError
from ingester.model.raised import cannot_be_made

_HINT_THREADS = "Use workers=0, which runs it in threads of this process, or name it: 'package.module:name'."


def load_named(name: str) -> Any:
    """What a name stands for. Imports its module.

    Raises ConfigurationError: it is no such name, no such module or file, no such name in it, or importing it raised.
    """
    where, colon, path = name.rpartition(":")
    if not colon or not where or not path:
        raise ConfigurationError(
            f"{name!r} names no function.", hint="Write package.module:name, or a file and a name: detect.py:name."
        )
    module = _load_file(Path(where)) if where.endswith(".py") else _load_module(where)
    try:
        return _resolve(module, path)
    except AttributeError as error:
        raise ConfigurationError(f"{where} has no {path!r}.", hint="Check the name after the colon.") from error


def name_of(function: Any) -> str:
    """The name under which another process finds a function or a class.

    Raises ConfigurationError for what has none: a lambda, a function inside a function, a method of an object, a
    partial, or anything made in a session without a file.
    """
    module_name, path = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    shown = path or repr(function)
    if not module_name or not path or "<" in path:
        raise ConfigurationError(f"{shown} can't be sent to another process: it has no name.", hint=_HINT_THREADS)
    module = sys.modules.get(module_name)
    try:
        found = _resolve(module, path)
    except AttributeError:
        found = None
    if found is not function:
        raise ConfigurationError(
            f"{shown} can't be sent to another process: {module_name}.{path} is something else.", hint=_HINT_THREADS
        )
    return f"{_place_of(module_name, module, shown)}:{path}"


def processor_of(process: Any) -> tuple[Callable[[list[Any]], object], Callable[[], object] | None]:
    """What to call with events; and, of a class, of which an object is made, the object's `close`, if it has one.

    Raises ConfigurationError as `check_processor` does, and for what the class raises, which is its `__cause__`.
    """
    check_processor(process)
    if not isinstance(process, type):
        return getattr(process, "process", process), None
    try:
        made = process()
    except BaseException as error:  # SystemExit too: it is not the worker that decides to end
        raise cannot_be_made(process, error) from error
    check_processor(made)
    return getattr(made, "process", made), getattr(made, "close", None)


def _place_of(module_name: str, module: ModuleType | None, shown: str) -> str:
    if module_name != "__main__":
        return module_name
    spec = getattr(module, "__spec__", None)
    if spec is not None:  # python -m package.module
        return str(spec.name)
    file = getattr(module, "__file__", None)
    if file is None or not file.endswith(".py"):
        raise ConfigurationError(
            f"{shown} can't be sent to another process: it was made in a session without a file.", hint=_HINT_THREADS
        )
    return str(Path(file).absolute())


def _load_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise ConfigurationError(
                f"There is no module {name}.", hint="Install it, or put its directory into PYTHONPATH."
            ) from error
        raise _failed(name, error) from error
    except Exception as error:
        raise _failed(name, error) from error


def _load_file(path: Path) -> ModuleType:
    name = f"ingester_file_{path.stem}_{abs(hash(path.absolute())):x}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ConfigurationError(f"There is no file {path}.", hint="Give the path of a Python file.")
    directory = str(path.absolute().parent)
    if directory not in sys.path:
        sys.path.append(directory)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    _running.files.append(path)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise _failed(str(path), error) from error
    finally:
        _running.files.pop()
    return module


class _Running(threading.local):
    """The files that this thread is running, so that it can take functions out of them."""

    def __init__(self) -> None:
        self.files: list[Path] = []


_running = _Running()


def is_loading() -> bool:
    """Whether this thread runs a file only to take a function out of it."""
    return bool(_running.files)


def _failed(where: str, error: Exception) -> ConfigurationError:
    if isinstance(error, ConfigurationError):
        return error
    return ConfigurationError(
        f"Importing {where} failed with {type(error).__name__}: {error}.", hint="Import it in Python to see where."
    )


def _resolve(module: ModuleType | None, path: str) -> Any:
    found: Any = module
    for step in path.split("."):
        found = getattr(found, step)
    return found
