"""Log files in a directory of the local disk, in the order of their paths."""

import logging
import os
from collections.abc import Iterator
from itertools import islice

from ingester.fetch.listing_names import Skipped
from ingester.model.errors import ConfigurationError
from ingester.model.log_file import LogFile, local_etag

_log = logging.getLogger("ingester.listing")

_SORTED_TOGETHER_MAX = 100_000
"""Entries of one directory that are held and sorted at once (about 40 MB). A larger one comes in sorted runs."""

_OURS = "_ingester"


def absolute_path(source: str) -> str:
    """How the paths of log files below a directory begin, however it was given."""
    return os.path.abspath(source)  # noqa: PTH100 (Path.absolute keeps `..`: two identities for a file)


class LocalListing(Skipped):
    """The log files below a directory, or a single file. See `ingester.fetch.listing`.

    Besides files of another name, these are passed over and counted as one each: what begins with a dot, `_ingester`,
    links to directories (they may lead in a circle), what is no regular file, names that are not UTF-8.
    """

    def __init__(self, source: str) -> None:
        """Raises ConfigurationError if `source` is not there or can't be read."""
        super().__init__()
        self._source = absolute_path(source)
        self._is_directory = os.path.isdir(self._source)  # noqa: PTH112
        try:
            os.scandir(self._source).close() if self._is_directory else os.stat(self._source)  # noqa: PTH116
        except OSError as error:
            raise _unreadable(self._source, error) from error

    def __iter__(self) -> Iterator[LogFile]:
        """The log files. Raises ConfigurationError if a directory can't be read."""
        if not self._is_directory:
            if self.is_log_file(os.path.basename(self._source)):  # noqa: PTH119
                yield _log_file(self._source, os.stat(self._source))  # noqa: PTH116
            return
        begin = len(self._source.rstrip("/")) + 1
        directories = [_entries(self._source)]
        while directories:
            entry = next(directories[-1], None)
            if entry is None:
                directories.pop()
            elif self._is_passed_over(entry):
                self.skipped += 1
            elif entry.is_dir():
                directories.append(_entries(entry.path))
            elif self.is_log_file(entry.path[begin:]):
                yield from self._look_at(entry)

    def _is_passed_over(self, entry: "os.DirEntry[str]") -> bool:
        if entry.name.startswith(".") or entry.name == _OURS:
            return True
        if not _is_utf8(entry.name):
            _log.warning("%r is passed over: its name is not UTF-8", entry.path)
            return True
        return entry.is_symlink() and entry.is_dir()

    def _look_at(self, entry: "os.DirEntry[str]") -> Iterator[LogFile]:
        try:
            stat = entry.stat() if entry.is_file() else None
        except FileNotFoundError:  # deleted since the directory was read, or a link to nowhere
            stat = None
        if stat is None:
            self.skipped += 1
        else:
            yield _log_file(entry.path, stat)


def _entries(directory: str) -> Iterator["os.DirEntry[str]"]:
    """What lies in a directory, sorted by name."""
    try:
        with os.scandir(directory) as found:
            while together := sorted(islice(found, _SORTED_TOGETHER_MAX), key=_name):
                yield from together
    except OSError as error:
        raise _unreadable(directory, error) from error


def _name(entry: "os.DirEntry[str]") -> str:
    return entry.name


def _is_utf8(name: str) -> bool:
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _log_file(path: str, stat: os.stat_result) -> LogFile:
    return LogFile("", path, local_etag(stat), None, stat.st_size)


def _unreadable(path: str, error: OSError) -> ConfigurationError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return ConfigurationError(
            f"There is no directory or file {path}.", hint="Give a directory, a file, or s3://bucket/prefix."
        )
    return ConfigurationError(
        f"{path} can't be listed: {error.strerror or error}.", hint="Give this user the right to read it."
    )
