"""What it takes to make something durable on a disk, and a disk's errors in plain sentences. Every process.

A file's bytes are durable after fsync of the file; its name, after a create or a rename, only after fsync of the
directory (fsync(2)). A new directory's own name lies in its parent.
"""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from ingester.model.errors import OutputError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


def disk_error(error: OSError, path: Path) -> OutputError:
    """What an OSError on `path` means, and what to do."""
    reason = error.strerror or type(error).__name__
    if error.errno in _FULL:
        return OutputError(f"There is no space to write {path}: {reason}.", hint="Free space on its disk.")
    if error.errno in _DENIED:
        return OutputError(f"{path} may not be written: {reason}.", hint="Give this process write permission there.")
    if error.errno == errno.EXDEV:
        return OutputError(
            f"{path} is on another file system than the files staged for it, so it can't appear all at once.",
            hint="Keep _ingester and cloudtrail of the output on one file system.",
        )
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return OutputError(f"{path} can't be opened: {reason}.", hint="Raise the limit of open files (ulimit -n).")
    return OutputError(f"{path} can't be written: {reason}.")


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path) -> None:
    """Make a directory, and those above it where missing, durably. Raises OSError."""
    missing = [directory for directory in (path, *path.parents) if not directory.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for directory in missing:
        sync_directory(directory.parent)


def directories_up_to(root: Path, paths: Iterable[Path]) -> list[Path]:
    """The directories that hold the paths, and all above them up to and with the root; each once, deepest first."""
    found: set[Path] = set()
    for path in paths:
        directory = path.parent
        while directory not in found:
            found.add(directory)
            if directory == root:
                break
            directory = directory.parent
    return sorted(found, key=lambda directory: len(directory.parts), reverse=True)


def write_durably(path: Path, content: bytes, root: Path) -> None:
    """Put a small file at `path` under `root` at once and for good: temporary file, fsync, rename, fsync.

    Killed before the rename, it leaves `<name>.tmp`, which the next write of this file takes over. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    for directory in directories_up_to(root, [path]):
        sync_directory(directory)
