"""Log files that already lie in a directory or under an S3 prefix, one by one. In the supervisor process: no obstore.

What counts as a log file is told by its name (`*.json.gz`, `*.json`, `*.gz`) and its place: digests hold no records,
and `_ingester/` holds what is ours. Everything else is passed over and counted.
"""

from collections.abc import Iterator
from typing import Protocol

from ingester.fetch.listing_local import LocalListing
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings, is_s3_uri


class Listing(Protocol):
    """Log files, and how many other files were passed over so far (`skipped`), digests among them.

    Iterated once, at whatever pace. Iterating raises ConfigurationError when the source can't be read to its end.
    """

    skipped: int
    digests_skipped: int

    def __iter__(self) -> Iterator[LogFile]:
        """The log files."""
        ...


def list_log_files(source: str, settings: Settings) -> Listing:
    """The log files in `source`: a directory, a single file, or `s3://bucket/prefix`.

    The prefix is taken as it is written, so a single object works too. Memory stays flat however many there are.
    Raises ConfigurationError if there is no such directory, bucket or prefix, or it may not be listed.
    """
    if not is_s3_uri(source):
        return LocalListing(source)
    from ingester.fetch.listing_s3 import S3Listing  # boto3 costs 0.2 s that a run over a directory need not pay

    return S3Listing(source, settings)
