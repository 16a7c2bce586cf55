"""What every ledger promises. `tests/unit/ledger/test_contract.py` holds each implementation to it."""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from ingester.model.commit import Commit


class LedgerTotals(Struct, frozen=True):
    """What the ledger holds. `rows`, `data_files` and `size_bytes` count data files that readers query;
    `quarantined_records` are records that could not be read and lie in the quarantine with their bytes.
    """

    commits: int = 0
    unpublished_commits: int = 0
    log_files: int = 0
    rows: int = 0
    quarantined_records: int = 0
    data_files: int = 0
    size_bytes: int = 0


class Ledger(Protocol):
    """Which log files are in, unique by identity. Thread safe: one thread may write while others read.

    A commit is there as a whole or not at all, and once `commit` returned it survives the loss of the process and
    of the machine's power. Every method raises OutputError where trying again may help (disk full, busy), and
    ConfigurationError where a person must look (damaged, no permission).
    """

    def committed(self, identities: Collection[bytes]) -> set[bytes]:
        """Those of `identities` that are in, published or not."""
        ...

    def committed_places(self, places: Collection[bytes]) -> set[bytes]:
        """Those of `places` of which some version of the object is in, published or not."""
        ...

    def commit(self, commit: Commit) -> None:
        """Make `commit` true. A commit id that is in already changes nothing: so a commit whose answer never came
        (an OutputError within it) is settled by making it again.

        Raises LedgerConflictError naming the identities that another commit has, and then nothing has changed.
        Raises ValueError if the commit names a log file or a path twice: its rows would be in twice.
        """
        ...

    def unpublished(self) -> list[Commit]:
        """Commits that landed and are not marked as published, oldest first, as they were given to `commit`."""
        ...

    def mark_published(self, commit_id: str) -> None:
        """Note that every data file of the commit is where readers look. Once more is no error.

        Raises ValueError if there is no such commit.
        """
        ...

    def totals(self) -> LedgerTotals:
        """Counts over all commits."""
        ...

    def claims(self) -> list[str]:
        """The ids of the claims that its lake may say, as they were noted: see `ingester.lake.claim`."""
        ...

    def note_claims(self, claim_ids: Sequence[str]) -> None:
        """Remember these claims in the place of the others, durably."""
        ...

    def is_empty(self) -> bool:
        """Whether there is no commit, published or not."""
        ...

    def close(self) -> None:
        """Release files and connections. The ledger can't be used afterwards; once more is no error."""
        ...


class DurableLedger(Ledger, Protocol):
    """A ledger that outlives the run: it can be read through and held against the lake."""

    def each_commit(self) -> Iterator[tuple[Commit, bool]]:
        """Every commit, oldest first, and whether it is marked as published. One is held in memory at a time."""
        ...

    def known_paths(self, paths: Collection[str]) -> set[str]:
        """Those of `paths` that are data files of a commit, published or not."""
        ...

    def problems(self) -> list[str]:
        """What is wrong within the ledger itself, a sentence each; empty if it is whole. Reads all of it."""
        ...
