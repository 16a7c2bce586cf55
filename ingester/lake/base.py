"""What the supervisor asks of a lake, wherever it lies. No pyarrow here."""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from ingester.lake.claim import Claimable
from ingester.model.commit import Commit, DataFile
from ingester.model.quarantine import QuarantinedLogFile


class Lake(Claimable, Protocol):
    """Makes staged commits visible, exactly as they were committed, and keeps the quarantine.

    Used in the supervisor process, by one thread at a time. Every method can be called again after a failure, or
    by the next process after a crash within it, and then ends in the same state. All raise OutputError when the
    output can't be reached or written at the moment.
    """

    def check_writable(self) -> None:
        """Try what staging and publishing will need. Raises ConfigurationError in one sentence, with a hint;
        `passing` where the output is only away."""

    def lock(self) -> AbstractContextManager[None]:
        """Keep a second supervisor out, until the context is left or the process dies.

        Raises ConfigurationError naming the process that holds the lock.
        """

    def publish(self, commit: Commit) -> None:
        """Make every data file of a commit that the ledger has visible, durably; done already counts as done.

        Raises LakeDamagedError if a data file is neither staged nor published, and LakeTakenOverError if the lake is
        another's by now.
        """

    def discard(self, commit_id: str, data_files: Sequence[DataFile]) -> None:
        """Remove what was staged for a commit that was not made. Never called for one that may have landed."""

    def sweep(self, pending: Collection[str], prefix: str = "") -> int:
        """Remove what dead workers staged for commits that are not in `pending` and whose ids begin with `prefix`.

        Returns how many staging directories were removed, or multipart uploads aborted. Only to be called while
        the lock is held and nothing that such a worker still says is heard. Raises LakeTakenOverError if the lake is
        another's by now.
        """

    def quarantine_log_file(self, entry: QuarantinedLogFile) -> None:
        """Write a log file's entry durably; `first_seen` of an earlier entry for the same log file stays."""

    def list_quarantine(self) -> list[QuarantinedLogFile]:
        """All quarantined log files, by URI. Raises LakeDamagedError for an entry that can't be read."""

    def quarantined_names(self) -> set[bytes]:
        """Identities and places under which log files are quarantined; cheap, as no entry is read."""

    def remove_quarantine(self, entry: QuarantinedLogFile) -> None:
        """Remove a log file's entry, if there is one; also that from before its ETag was known."""
