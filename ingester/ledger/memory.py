"""A ledger that lives as long as the run: for the library without a directory of state.

It knows what this run has done, so that a message that comes again within it is recognised; the next run knows
nothing. Bounded: of the log files the newest are kept, as redeliveries come soon or never.
"""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence

from ingester.ledger.base import LedgerTotals
from ingester.model.commit import Commit
from ingester.model.errors import LedgerConflictError

LOG_FILES_MAX = 200_000
"""About 60 MB."""


class MemoryLedger:
    """See `ingester.ledger.base.Ledger`. Nothing survives `close`."""

    def __init__(self, log_files_max: int = LOG_FILES_MAX) -> None:
        self._log_files_max = log_files_max
        self._lock = threading.Lock()
        self._commits: OrderedDict[bytes, str] = OrderedDict()
        self._places: OrderedDict[bytes, None] = OrderedDict()
        self._totals = LedgerTotals()

    def committed(self, identities: Collection[bytes]) -> set[bytes]:
        """Those of `identities` that are in."""
        with self._lock:
            return {identity for identity in identities if identity in self._commits}

    def committed_places(self, places: Collection[bytes]) -> set[bytes]:
        """Those of `places` of which some version of the object is in."""
        with self._lock:
            return {place for place in places if place in self._places}

    def commit(self, commit: Commit) -> None:
        """Make `commit` true. See `Ledger.commit`."""
        identities = {log_file.identity for log_file in commit.log_files}
        if len(identities) != len(commit.log_files):
            raise ValueError(f"commit {commit.commit_id} names a log file twice")
        with self._lock:
            holders = {identity: self._commits[identity] for identity in identities if identity in self._commits}
            if holders and set(holders.values()) == {commit.commit_id}:
                return
            if holders:
                raise LedgerConflictError(
                    f"commit {commit.commit_id}: {len(holders)} of its {len(identities)} log files are in already",
                    frozenset(holders),
                )
            for log_file in commit.log_files:
                self._commits[log_file.identity] = commit.commit_id
                self._places[log_file.place] = None
                self._places.move_to_end(log_file.place)
            while len(self._commits) > self._log_files_max:
                self._commits.popitem(last=False)
            while len(self._places) > self._log_files_max:
                self._places.popitem(last=False)
            self._add(commit)

    def unpublished(self) -> list[Commit]:
        """None: there is nothing to publish."""
        return []

    def mark_published(self, commit_id: str) -> None:
        """Nothing to note."""

    def each_commit(self) -> Iterator[tuple[Commit, bool]]:
        """None: only the log files are remembered."""
        return iter(())

    def known_paths(self, paths: Collection[str]) -> set[str]:  # noqa: ARG002
        """None: there are no data files."""
        return set()

    def problems(self) -> list[str]:
        """None."""
        return []

    def claims(self) -> list[str]:
        """None: it belongs to no lake."""
        return []

    def note_claims(self, claim_ids: Sequence[str]) -> None:
        """Nothing to remember."""

    def is_empty(self) -> bool:
        """Whether nothing was committed in this run."""
        return self._totals.commits == 0

    def totals(self) -> LedgerTotals:
        """Counts over all commits of this run."""
        return self._totals

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._commits.clear()
            self._places.clear()

    def _add(self, commit: Commit) -> None:
        so_far = self._totals
        self._totals = LedgerTotals(
            commits=so_far.commits + 1,
            log_files=so_far.log_files + len(commit.log_files),
            rows=so_far.rows + sum(log_file.rows for log_file in commit.log_files),
            quarantined_records=so_far.quarantined_records
            + sum(log_file.quarantined_records for log_file in commit.log_files),
        )
