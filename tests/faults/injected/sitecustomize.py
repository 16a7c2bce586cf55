"""Faults of the disk and the ledger, in the product's own processes: Python imports this file at its start, as its
folder is the first of PYTHONPATH. What the product calls is the same; only the operating system is worse.

    FAULTS_SET      module:NAME=number;…       constants of the product, smaller for a test
    FAULTS_ROOT     a directory: calls on files in it can fail
    FAULTS_SWITCH   a file: while it exists, each such call that needs space fails with ENOSPC
    FAULTS_COUNTER  a file that counts the calls of all processes: one byte a call
    FAULTS_NTH      the call that fails, counted from 1; all from it on with FAULTS_FOR_GOOD
    FAULTS_LEDGER   set: calls of the ledger's database count as well
"""

import errno
import fcntl
import importlib
import io
import os
import shutil
import sqlite3

_root = os.environ.get("FAULTS_ROOT", "")
_switch = os.environ.get("FAULTS_SWITCH", "")
_counter = os.environ.get("FAULTS_COUNTER", "")
_nth = int(os.environ.get("FAULTS_NTH", "0"))
_for_good = bool(os.environ.get("FAULTS_FOR_GOOD"))
_open, _exists, _os_open, _write, _fstat, _close = io.open, os.path.exists, os.open, os.write, os.fstat, os.close


def _concerns(path):
    try:
        return bool(_root) and os.fspath(path).startswith(_root)
    except TypeError:
        return False


def _is_due(what):
    """Count a call; whether it fails."""
    if not _counter:
        return False
    descriptor = _os_open(_counter, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        number = _fstat(descriptor).st_size + 1
        _write(descriptor, b".")
    finally:
        _close(descriptor)
    due = number == _nth or (_for_good and number > _nth > 0)
    if due and number == _nth:
        with _open(_counter + ".met", "a") as file:
            file.write(f"{what}\n")
    return due


def _meet(what, path, *, needs_space=True):
    if not _concerns(path):
        return
    if needs_space and _switch and _exists(_switch):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(path))
    if _is_due(f"{what} {path}"):
        raise OSError(errno.EIO, os.strerror(errno.EIO), os.fspath(path))


def _before(function, *, needs_space=True):
    def call(path, *arguments, **options):
        _meet(function.__name__, path, needs_space=needs_space)
        return function(path, *arguments, **options)

    return call


class _Raw(io.FileIO):
    def write(self, data):
        _meet("write", self.name)
        return super().write(data)


def _faulty_open(file, mode="r", buffering=-1, *arguments, **options):
    if "b" in mode and set(mode) & set("wxa") and _concerns(file):
        _meet("open", file)
        raw = _Raw(os.fspath(file), mode.replace("b", ""))
        return io.BufferedWriter(raw, buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE)
    return _open(file, mode, buffering, *arguments, **options)


def _faulty_fsync(descriptor, _fsync=os.fsync):
    _meet("fsync", os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115
    _fsync(descriptor)


class _Connection(sqlite3.Connection):
    def execute(self, *arguments):
        _meet_ledger(arguments[0])
        return super().execute(*arguments)

    def executemany(self, *arguments):
        _meet_ledger(arguments[0])
        return super().executemany(*arguments)

    def commit(self):
        _meet_ledger("COMMIT")
        return super().commit()


def _meet_ledger(statement):
    if _is_due("ledger " + " ".join(statement.split())[:60]):
        raise sqlite3.OperationalError("disk I/O error")


def _install():
    if _root:
        io.open = _faulty_open
        os.fsync = _faulty_fsync
        os.mkdir = _before(os.mkdir)
        os.rename = _before(os.rename)
        os.replace = _before(os.replace)
        os.unlink = _before(os.unlink, needs_space=False)
        shutil.rmtree = _before(shutil.rmtree, needs_space=False)
    if os.environ.get("FAULTS_LEDGER"):
        connect = sqlite3.connect
        sqlite3.connect = lambda *arguments, **options: connect(*arguments, **{"factory": _Connection} | options)
    for setting in filter(None, os.environ.get("FAULTS_SET", "").split(";")):
        place, _, value = setting.partition("=")
        module, _, name = place.partition(":")
        setattr(importlib.import_module(module), name, float(value))


_install()
