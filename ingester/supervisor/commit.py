"""Commit and publish, in a thread of their own and in this process only: the fence of exactly once.

A worker that was thought dead can stage whatever it likes; nothing becomes true before the transaction here.

What happens when the process dies
- before the ledger's transaction: the staged files are garbage, swept at the next start; the messages come back;
- within it: SQLite rolls it back, or has it in its log: one or the other, see above and below;
- after it, before or within publish: `roll_forward` publishes the commit at the next start; publishing is
  idempotent, file by file;
- after publish, before `mark_published`: published once more at the next start, with no effect;
- after that, before the messages are deleted: they come back, and the ledger recognises their log files.

What a worker staged and will never prepare is swept as soon as its end is known. That is sound, since the sweep
stands behind everything that the worker prepared: its end is heard after its last word, tasks are done in order, and
a commit leaves this thread published or discarded. One that is not dead, whatever it still stages, is heard no more.
The ids of its commits begin as no other worker's do, so that nothing of the others is touched. When the process dies
- before the sweep, or within it: what is left is swept at the next start, as is what S3 still lets in afterwards;
- after it: nothing is left to do.
"""

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ingester.lake.base import Lake
from ingester.ledger.base import Ledger
from ingester.model.commit import Commit
from ingester.model.crash_points import (
    SUPERVISOR_AFTER_COMMIT,
    SUPERVISOR_AFTER_PUBLISH,
    SUPERVISOR_BEFORE_COMMIT,
    crash_point,
)
from ingester.model.errors import LedgerConflictError, OutputError
from ingester.model.quarantine import QuarantinedLogFile

_log = logging.getLogger("ingester.commit")

_RETRY_SECONDS_FIRST = 0.5
_RETRY_SECONDS_MAX = 30.0


@dataclass(frozen=True, slots=True)
class Published:
    """A commit is in the ledger and its data files are where readers look."""

    commit: Commit


@dataclass(frozen=True, slots=True)
class Rejected:
    """A commit that was not made, since the ledger has these log files already; what it staged is discarded."""

    commit: Commit
    identities: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A log file's entry in the quarantine is durable. `job`: the job that it was."""

    job: int
    entry: QuarantinedLogFile


@dataclass(frozen=True, slots=True)
class OutputTrouble:
    """The lake or the ledger can't be written; `error` is None when it can be again."""

    error: OutputError | None


@dataclass(frozen=True, slots=True)
class CommitterFailed:
    """The committer met an error that no retry mends (a bug, a damaged lake): the run must end."""

    error: BaseException


def roll_forward(ledger: Ledger, lake: Lake) -> int:
    """Publish what was committed and not published when the previous process died; how many commits.

    Raises LakeDamagedError if a committed data file is gone, OutputError if the lake can't be written.
    """
    commits = ledger.unpublished()
    for commit in commits:
        lake.publish(commit)
        ledger.mark_published(commit.commit_id)
    return len(commits)


class Committer(threading.Thread):
    """Commits what is submitted, one after another, and posts what became of it."""

    def __init__(self, ledger: Ledger, lake: Lake, post: Callable[[object], None]) -> None:
        super().__init__(name="committer", daemon=True)
        self._ledger = ledger
        self._lake = lake
        self._post = post
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._quarantined: set[bytes] | None = None
        self._unswept: set[str] = set()

    def submit(self, commit: Commit) -> None:
        """Commit and publish; posts Published or Rejected."""
        self._tasks.put(lambda: self._commit(commit))

    def quarantine(self, job: int, entry: QuarantinedLogFile) -> None:
        """Write a quarantine entry; posts Quarantined."""
        self._tasks.put(lambda: self._quarantine(job, entry))

    def sweep(self, prefix: str) -> None:
        """Remove what a worker staged that will prepare nothing more; the ids of its commits begin with `prefix`.

        Never an error: what can't be removed now is tried again at the next worker's end.
        """
        self._tasks.put(lambda: self._sweep(prefix))

    def stop(self) -> None:
        """End the thread after what was submitted, without waiting for an output that can't be written."""
        self._stopping.set()
        self._tasks.put(None)
        self.join()

    def run(self) -> None:
        """The thread's loop."""
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except _StoppedError:
                return
            except BaseException as error:
                self._post(CommitterFailed(error))
                return

    def _commit(self, commit: Commit) -> None:
        crash_point(SUPERVISOR_BEFORE_COMMIT)
        try:
            # Tried again after an error that may have landed all the same: a commit id that is in changes nothing.
            self._insist(lambda: self._ledger.commit(commit))
        except LedgerConflictError as conflict:
            self._insist(lambda: self._lake.discard(commit.commit_id, commit.data_files))
            self._post(Rejected(commit, conflict.identities))
            return
        crash_point(SUPERVISOR_AFTER_COMMIT)
        self._insist(lambda: self._lake.publish(commit))
        crash_point(SUPERVISOR_AFTER_PUBLISH)
        self._insist(lambda: self._ledger.mark_published(commit.commit_id))
        self._release(commit)
        self._post(Published(commit))

    def _release(self, commit: Commit) -> None:
        """Remove the quarantine entries of log files that are in now. One listing a run; then it costs a look."""
        if self._quarantined is None:
            self._insist(self._list_quarantined)
        quarantined = self._quarantined
        if not quarantined:
            return
        for log_file in commit.log_files:
            if log_file.place in quarantined:
                entry = QuarantinedLogFile(log_file.uri, log_file.etag, "", 0, "", "")
                self._insist(lambda entry=entry: self._lake.remove_quarantine(entry))  # type: ignore[misc]
                quarantined.remove(log_file.place)

    def _list_quarantined(self) -> None:
        self._quarantined = self._lake.quarantined_names()

    def _quarantine(self, job: int, entry: QuarantinedLogFile) -> None:
        self._insist(lambda: self._lake.quarantine_log_file(entry))
        if self._quarantined is not None:
            self._quarantined.add(entry.log_file.place)
        self._post(Quarantined(job, entry))

    def _sweep(self, prefix: str) -> None:
        if self._stopping.is_set():
            return  # what follows is the sweep at the end of the run
        self._unswept.add(prefix)
        try:
            for dead in tuple(self._unswept):
                self._lake.sweep({commit.commit_id for commit in self._ledger.unpublished()}, dead)
                self._unswept.remove(dead)
        except OutputError as error:
            _log.warning("what a dead worker staged is not removed yet: %s", error)

    def _insist(self, action: Callable[[], object]) -> None:
        """Do it until the output takes it; meanwhile the loop knows and stops receiving."""
        delay_seconds = _RETRY_SECONDS_FIRST
        troubled = False
        while True:
            try:
                action()
            except OutputError as error:
                troubled = True
                self._post(OutputTrouble(error))
                if self._stopping.wait(delay_seconds):
                    raise _StoppedError from error
                delay_seconds = min(_RETRY_SECONDS_MAX, delay_seconds * 2)
                continue
            except LedgerConflictError:
                if troubled:
                    self._post(OutputTrouble(None))
                raise
            if troubled:
                self._post(OutputTrouble(None))
            return


class _StoppedError(Exception):
    """The run ends while the output can't be written; the next start rolls forward or sweeps."""
