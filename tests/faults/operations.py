"""Calls of the product on the file system and on the ledger's database, counted, and failed as told: in this process.

The operating system's functions are the same, only worse. A call fails *before* it has done anything, or *after* it
has done it all: then it happened and was reported as failed, as when a disk's answer gets lost.
"""

import errno
import io
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_DESCRIPTORS = "/proc/self/fd"


@dataclass
class Operations:
    """Calls that concern a file below `root`, or the ledger. The `nth` fails, and all from it on if `for_good`.

    `calls`: what was called, in order. Thread safe.
    """

    root: Path
    nth: int | None = None
    for_good: bool = False
    after: bool = False
    calls: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def met(self) -> str | None:
        """The call that failed first; None if none did."""
        return self.calls[self.nth - 1] if self.nth is not None and len(self.calls) >= self.nth else None

    def is_due(self, name: str) -> bool:
        """Count a call; whether it fails."""
        with self._lock:
            self.calls.append(name)
            number = len(self.calls)
        return self.nth is not None and (number == self.nth or (self.for_good and number > self.nth))

    def concerns(self, path: Any) -> bool:
        """Whether a path lies below the root."""
        try:
            return os.fspath(path).startswith(str(self.root))
        except TypeError:
            return False

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on, until the monkeypatch is undone."""
        for module, name in (
            (os, "mkdir"), (os, "rename"), (os, "replace"), (os, "unlink"), (os, "listdir"), (os, "open"),
            (shutil, "rmtree"),
        ):  # fmt: skip
            monkeypatch.setattr(module, name, self._failing(name, getattr(module, name)))
        monkeypatch.setattr(os, "fsync", self._failing_fsync(os.fsync))
        monkeypatch.setattr(io, "open", self._failing_open(io.open))
        monkeypatch.setattr(sqlite3, "connect", self._failing_connect(sqlite3.connect))

    def _call(self, name: str, error: Callable[[], Exception], action: Callable[[], Any]) -> Any:
        if not self.is_due(name):
            return action()
        if self.after:
            action()
        raise error()

    def _failing(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *arguments: Any, **options: Any) -> Any:
            if not self.concerns(path):
                return function(path, *arguments, **options)
            return self._call(
                f"{name} {self._shown(path)}", lambda: _io_error(path), lambda: function(path, *arguments, **options)
            )

        return call

    def _failing_fsync(self, function: Callable[[int], None]) -> Callable[[int], None]:
        def fsync(descriptor: int) -> None:
            path = os.readlink(f"{_DESCRIPTORS}/{descriptor}")  # noqa: PTH115
            if not self.concerns(path):
                function(descriptor)
                return
            self._call(f"fsync {self._shown(path)}", lambda: _io_error(path), lambda: function(descriptor))

        return fsync

    def _failing_open(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def open_(file: Any, mode: str = "r", buffering: int = -1, *arguments: Any, **options: Any) -> Any:
            if not self.concerns(file):
                return function(file, mode, buffering, *arguments, **options)
            if self.is_due(f"open {mode} {self._shown(file)}"):
                if self.after:
                    function(file, mode, buffering, *arguments, **options).close()
                raise _io_error(file)
            if "b" not in mode or not set(mode) & set("wxa"):
                return function(file, mode, buffering, *arguments, **options)
            raw = _Raw(self, os.fspath(file), mode.replace("b", ""))
            return io.BufferedWriter(raw, buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE)

        return open_

    def _failing_connect(self, function: Callable[..., Any]) -> Callable[..., Any]:
        operations = self

        class Connection(sqlite3.Connection):
            def execute(self, *arguments: Any) -> Any:
                return operations._call(
                    _statement(arguments[0]), _ledger_error, lambda: super_execute(self, arguments)
                )

            def executemany(self, *arguments: Any) -> Any:
                return operations._call(
                    _statement(arguments[0]), _ledger_error, lambda: sqlite3.Connection.executemany(self, *arguments)
                )

        def super_execute(connection: sqlite3.Connection, arguments: Any) -> Any:
            return sqlite3.Connection.execute(connection, *arguments)

        def connect(database: Any, *arguments: Any, **options: Any) -> Any:
            if not self.concerns(database):
                return function(database, *arguments, **options)
            if self.is_due("ledger connect"):
                raise _ledger_error()
            return function(database, *arguments, **{"factory": Connection} | options)

        return connect

    def _shown(self, path: Any) -> str:
        return os.fspath(path).removeprefix(str(self.root)).lstrip("/")


class _Raw(io.FileIO):
    """A file whose writes are counted."""

    def __init__(self, operations: Operations, path: str, mode: str) -> None:
        super().__init__(path, mode)
        self._operations = operations

    def write(self, data: Any) -> int:
        """Append."""
        name = f"write {self._operations._shown(self.name)}"
        return self._operations._call(name, lambda: _io_error(self.name), lambda: super(_Raw, self).write(data))


def _io_error(path: Any) -> OSError:
    return OSError(errno.EIO, os.strerror(errno.EIO), os.fspath(path))


def _ledger_error() -> sqlite3.Error:
    return sqlite3.OperationalError("disk I/O error")


def _statement(text: str) -> str:
    return "ledger " + " ".join(text.split())[:40]
