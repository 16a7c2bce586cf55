"""A log file that could not be ingested, as the quarantine keeps it."""

from msgspec import Struct

from ingester.model.log_file import LogFile, log_file_at


class QuarantinedLogFile(Struct, frozen=True):
    """Which log file, why, and since when."""

    uri: str
    """Where it lies: `s3://bucket/key`, or a file URI."""
    etag: str | None
    """Its ETag; None where it was never fetched, so that not even its identity is known."""
    reason: str
    """Why it was given up, in words."""
    attempts: int
    """How often it was tried."""
    first_seen: str
    """When it was first given up: ISO 8601 text in UTC."""
    last_seen: str
    """When it was last given up: ISO 8601 text in UTC."""

    @property
    def log_file(self) -> LogFile:
        """The log file that `uri` and `etag` name, to fetch it again."""
        return log_file_at(self.uri, self.etag)
