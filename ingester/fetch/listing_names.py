"""Which listed files are log files, and the count of those that are not."""

from ingester.model.log_file import is_digest_key

_SUFFIXES = (".json.gz", ".json", ".gz")


class Skipped:
    """Tells log files by their path below the source, and counts what is passed over.

    `skipped` counts all of it, `digests_skipped` the CloudTrail digests among it.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self.digests_skipped = 0

    def is_log_file(self, path: str) -> bool:
        """Whether the file at `path` (below the source, separated by `/`) is a log file; counted if not."""
        is_digest = is_digest_key(path)
        is_other = not path.endswith(_SUFFIXES) or "/_ingester/" in f"/{path}"
        self.digests_skipped += is_digest
        self.skipped += is_digest or is_other
        return not (is_digest or is_other)
