"""A log file that could not be ingested, as the quarantine keeps it."""

from msgspec import Struct

from ingester.model.log_file import LogFile, log_file_at


class QuarantinedLogFile(Struct, frozen=True):
    """Which log file, why, and since when. `first_seen` and `last_seen` are ISO 8601 texts in UTC.

    `etag` is None where the log file was never fetched, so that not even its identity is known.
    """

    uri: str
    etag: str | None
    reason: str
    attempts: int
    first_seen: str
    last_seen: str

    @property
    def log_file(self) -> LogFile:
        """The log file that `uri` and `etag` name, to fetch it again."""
        return log_file_at(self.uri, self.etag)
