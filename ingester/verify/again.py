"""Quarantined log files, to be ingested again: what lies at their places now, and which entries are settled then."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ingester.lake.open import open_lake
from ingester.ledger.open import ledger_path
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.log_file import LogFile, local_log_file
from ingester.model.quarantine import QuarantinedLogFile
from ingester.model.settings import Settings


class Again:
    """A listing (see `ingester.fetch.listing`) of the log files of some entries, as they lie there now.

    A log file on disk that was mended has another ETag than its entry; on S3 the GET tells the ETag.
    """

    def __init__(self, entries: Sequence[QuarantinedLogFile]) -> None:
        self._entries = entries
        self.skipped = 0
        self.digests_skipped = 0

    def __iter__(self) -> Iterator[LogFile]:
        """The log files, each place once."""
        listed: set[bytes] = set()
        for entry in self._entries:
            log_file = entry.log_file
            if log_file.place not in listed:
                listed.add(log_file.place)
                yield _now(log_file)


def _now(log_file: LogFile) -> LogFile:
    if log_file.bucket:
        return LogFile(log_file.bucket, log_file.key)
    try:
        return local_log_file(Path(log_file.key))
    except OSError:  # the fetch says why
        return log_file


def settle(settings: Settings, entries: Sequence[QuarantinedLogFile]) -> list[QuarantinedLogFile]:
    """Remove the entries whose log files are in the lake now, and those that a newer entry took the place of.

    Those that were removed since they are in. Takes the lake's lock.
    """
    lake = open_lake(settings)
    with lake.lock():
        ledger = SqliteLedger(ledger_path(settings))
        try:
            places = ledger.committed_places([entry.log_file.place for entry in entries])
        finally:
            ledger.close()
        settled = [entry for entry in entries if entry.log_file.place in places]
        tried = {(entry.uri, entry.etag) for entry in entries}
        newer = {entry.uri for entry in lake.list_quarantine() if (entry.uri, entry.etag) not in tried}
        for entry in entries:
            if entry in settled or entry.uri in newer:
                lake.remove_quarantine(entry)
    return settled
