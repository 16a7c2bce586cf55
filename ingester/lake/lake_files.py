"""What lies in a lake, looked at from outside: for verify, which trusts neither ledger nor names.

Runs in the process of `ingester verify`; only reads, but for `set_aside`.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import pyarrow as pa

from ingester.lake.layout import INTERNAL
from ingester.model.settings import Settings

SET_ASIDE = f"{INTERNAL}/set_aside"
"""Where files go that must not be queried and should not be deleted; below it they keep their path."""


class LakeFile(NamedTuple):
    """A file of the lake: its path relative to the root, and its size."""

    path: str
    size_bytes: int


class LakeFiles(Protocol):
    """The files of a lake. Raises OutputError when they can't be read."""

    def exists(self) -> bool:
        """Whether there is a lake at all."""

    def list(self, directory: str) -> Iterator[LakeFile]:
        """Every file below a directory of the lake, in no order."""

    def open(self, path: str) -> pa.NativeFile:
        """A file, to be read at random. Raises FileNotFoundError, LakeDamagedError if this one can't be opened."""

    def staged(self) -> Iterator[tuple[str, str]]:
        """Staging directories or multipart uploads: the commit that each is for, and where it lies."""

    def set_aside(self, path: str) -> str:
        """Move a file out of readers' sight; where it lies now. Once more is no error."""

    def where(self, path: str) -> str:
        """A path as a user writes it."""


def open_lake_files(settings: Settings) -> LakeFiles:
    """The files of `settings.output`."""
    if settings.output_is_s3:
        from ingester.lake.lake_files_s3 import S3LakeFiles  # boto3 takes 0.2 s to import

        return S3LakeFiles(settings)
    from ingester.lake.lake_files_disk import DiskLakeFiles

    return DiskLakeFiles(settings)
