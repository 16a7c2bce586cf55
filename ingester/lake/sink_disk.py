"""Staging on a disk: `<output>/_ingester/staging/<commit id>/<path>`. Runs in worker processes."""

import logging
import os
import shutil
from pathlib import Path

from ingester.lake.disk import directories_up_to, disk_error, sync_directory
from ingester.lake.layout import STAGING, checked
from ingester.model.commit import DataFile, DataFileKind
from ingester.model.settings import Settings

_log = logging.getLogger("ingester.lake")

_BUFFER_BYTES = 256 << 10
"""Parquet comes in page headers of some 30 bytes and pages of up to a megabyte."""


class DiskFile:
    """See `ingester.lake.sink.SinkFile`."""

    def __init__(self, path: str, staged: Path) -> None:
        self.path = path
        self.size_bytes = 0
        self.closed = False
        self._staged = staged
        self._discarded = False
        try:
            staged.parent.mkdir(parents=True, exist_ok=True)
            self._file = staged.open("xb", buffering=_BUFFER_BYTES)
        except OSError as error:
            raise disk_error(error, staged) from error

    def write(self, data: bytes) -> int:
        """Append."""
        if self._discarded:
            return len(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise disk_error(error, self._staged) from error
        self.size_bytes += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Sync the file and let go of its descriptor."""
        if self.closed:
            return
        try:
            with self._file as file:
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise disk_error(error, self._staged) from error
        self.closed = True

    def discard(self) -> None:
        """Forget what comes, and what has not been written yet."""
        self._discarded = self.closed = True
        try:
            self._file.close()
        except OSError as error:  # the rest of its buffer could not be written; it is not wanted
            _log.debug("%s: %s", self._staged, error)

    def data_file(self, rows: int, kind: DataFileKind) -> DataFile:
        """Size and rows."""
        return DataFile(path=self.path, rows=rows, size_bytes=self.size_bytes, kind=kind)


class DiskSink:
    """See `ingester.lake.sink.Sink`."""

    buffered_bytes = 0

    def __init__(self, settings: Settings, commit_id: str) -> None:
        self._root = Path(settings.output)
        self._staging = self._root / STAGING / commit_id
        self._files: list[DiskFile] = []

    def create(self, path: str) -> DiskFile:
        """A file in the commit's staging directory."""
        file = DiskFile(path, self._staging / checked(path))
        self._files.append(file)
        return file

    def finish(self) -> None:
        """Sync the directories, so that the names are durable too; the files were synced when they were closed."""
        try:
            for directory in directories_up_to(self._root, [self._staging / file.path for file in self._files]):
                sync_directory(directory)
        except OSError as error:
            raise disk_error(error, self._staging) from error

    def discard(self) -> None:
        """Remove the staging directory of the commit."""
        for file in self._files:
            file.discard()
        try:
            shutil.rmtree(self._staging)
        except FileNotFoundError:
            pass
        except OSError as error:
            _log.warning("%s is left for the sweep of the next start: %s", self._staging, error)
