"""Faults of the disk, in the product's own processes: Python imports this file at its start, as its folder is the
first of PYTHONPATH. What the product calls is the same; only the operating system is worse.

    FAULTS_SET      module:NAME=number;…       constants of the product, smaller for a test
    FAULTS_ROOT     a directory: calls on files in it can fail
    FAULTS_SWITCH   a file: while it exists, each such call that needs space fails with ENOSPC
"""

import errno
import importlib
import io
import os

_root = os.environ.get("FAULTS_ROOT", "")
_switch = os.environ.get("FAULTS_SWITCH", "")
_open, _exists = io.open, os.path.exists


def _concerns(path):
    try:
        return bool(_root) and os.fspath(path).startswith(_root)
    except TypeError:
        return False


def _meet(path):
    if _concerns(path) and _switch and _exists(_switch):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(path))


def _before(function):
    def call(path, *arguments, **options):
        _meet(path)
        return function(path, *arguments, **options)

    return call


class _Raw(io.FileIO):
    def write(self, data):
        _meet(self.name)
        return super().write(data)


def _faulty_open(file, mode="r", buffering=-1, *arguments, **options):
    if "b" in mode and set(mode) & set("wxa") and _concerns(file):
        _meet(file)
        raw = _Raw(os.fspath(file), mode.replace("b", ""))
        return io.BufferedWriter(raw, buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE)
    return _open(file, mode, buffering, *arguments, **options)


def _faulty_fsync(descriptor, _fsync=os.fsync):
    _meet(os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115
    _fsync(descriptor)


def _install():
    if _root:
        io.open = _faulty_open
        os.fsync = _faulty_fsync
        os.mkdir = _before(os.mkdir)
        os.rename = _before(os.rename)
        os.replace = _before(os.replace)
    for setting in filter(None, os.environ.get("FAULTS_SET", "").split(";")):
        place, _, value = setting.partition("=")
        module, _, name = place.partition(":")
        setattr(importlib.import_module(module), name, float(value))


_install()
