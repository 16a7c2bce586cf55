"""The files of a lake in a directory. See `ingester.lake.lake_files`."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from ingester.lake.disk import disk_error, make_directory, sync_directory
from ingester.lake.lake_files import SET_ASIDE, LakeFile
from ingester.lake.layout import INTERNAL, STAGING, TABLE, checked, is_commit_id
from ingester.model.errors import LakeDamagedError, OutputError
from ingester.model.settings import Settings


class DiskLakeFiles:
    """See `ingester.lake.lake_files.LakeFiles`."""

    def __init__(self, settings: Settings) -> None:
        self._root = Path(settings.output)

    def exists(self) -> bool:
        """Whether the directory has one of ours in it."""
        return (self._root / TABLE).is_dir() or (self._root / INTERNAL).is_dir()

    def list(self, directory: str) -> Iterator[LakeFile]:
        """Walks the directory; links are not followed and count as files."""
        for folder, folders, names in os.walk(self._root / directory, onerror=_raise_unless_missing):
            links = [name for name in folders if (Path(folder) / name).is_symlink()]
            for name in names + links:
                path = Path(folder) / name
                try:
                    size_bytes = path.lstat().st_size
                except OSError as error:
                    raise _unreadable(path, error) from error
                yield LakeFile(path.relative_to(self._root).as_posix(), size_bytes)

    def open(self, path: str) -> pa.NativeFile:
        """A file of the operating system, read without Python. What is none is not opened: a pipe never ends."""
        place = self._root / checked(path)
        try:
            if not stat.S_ISREG(place.stat().st_mode):
                raise LakeDamagedError(f"{place} is no file.", hint="Find out who put it there, and move it away.")
            return pa.OSFile(str(place), "r")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise LakeDamagedError(
                f"{place} can't be read: {error.strerror or error}.", hint="Look at its disk and permissions."
            ) from error

    def staged(self) -> Iterator[tuple[str, str]]:
        """The staging directories."""
        staging = self._root / STAGING
        try:
            found = sorted(staging.iterdir()) if staging.is_dir() else []
        except OSError as error:
            raise _unreadable(staging, error) from error
        return ((path.name, str(path)) for path in found if is_commit_id(path.name))

    def set_aside(self, path: str) -> str:
        """Renames it, durably."""
        source, target = self._root / checked(path), self._root / SET_ASIDE / checked(path)
        try:
            make_directory(target.parent)
            if source.exists():
                source.rename(target)
            sync_directory(target.parent)
            sync_directory(source.parent)
        except OSError as error:
            raise disk_error(error, source) from error
        return str(target)

    def where(self, path: str) -> str:
        """The path on disk."""
        return str(self._root / path)


def _raise_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise _unreadable(Path(error.filename or "?"), error) from error


def _unreadable(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path} can't be read: {error.strerror or error}.", hint="Look at its disk and permissions.")
