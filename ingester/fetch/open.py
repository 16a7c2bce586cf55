"""One way to open any log file: on disk or on S3."""

import threading
from typing import TYPE_CHECKING

from ingester.fetch.base import Fetched, MakeRoom, Open, no_waiting
from ingester.fetch.local import open_local
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings

if TYPE_CHECKING:
    from ingester.fetch.s3 import S3Source


def opener(settings: Settings) -> Open:
    """What opens log files of every kind. Thread safe. What it gives raises FetchError."""
    return _Opener(settings).open


class _Opener:
    """Loads obstore and boto3 (0.3 s of CPU) with the first log file on S3, so a run over a directory never does."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._s3: S3Source | None = None

    def open(self, log_file: LogFile, make_room: MakeRoom = no_waiting) -> Fetched:
        if not log_file.bucket:
            return open_local(log_file, make_room)
        return (self._s3 or self._load_s3()).open(log_file, make_room)

    def _load_s3(self) -> "S3Source":
        from ingester.fetch.s3 import S3Source

        with self._lock:
            if self._s3 is None:
                self._s3 = S3Source(self._settings)
            return self._s3
