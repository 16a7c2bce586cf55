"""From a worker's prepared commit to settled tickets: fence, submit, and what came of it."""

import logging
from dataclasses import dataclass

from ingester.model.commit import Commit, CommittedLogFile
from ingester.model.frames import Prepared, PreparedLogFile
from ingester.model.log_file import LogFile
from ingester.supervisor.commit import Committer, Published, Rejected
from ingester.supervisor.counts import Counts
from ingester.supervisor.in_flight import InFlight, Job, Ticket

_log = logging.getLogger("ingester.commit")

WITH_COMMITTER = -1
"""In place of a worker slot: the job is prepared, and its worker's death means nothing to it any more."""


@dataclass(frozen=True, slots=True)
class _Pending:
    jobs: dict[bytes, tuple[Job, PreparedLogFile]]
    undated_rows: int


class Commits:
    """Commits under way. Used by the loop's thread only."""

    def __init__(self, in_flight: InFlight, committer: Committer, counts: Counts) -> None:
        self._in_flight = in_flight
        self._committer = committer
        self._counts = counts
        self._pending: dict[str, _Pending] = {}

    @property
    def is_idle(self) -> bool:
        """Whether the committer has nothing in hand."""
        return not self._pending

    def prepared(self, slot: int, prepared: Prepared) -> None:
        """Submit what a worker prepared.

        A worker may prepare only what it has been assigned: anything else is a broken fence, an error in our own
        code that must not reach the ledger.
        """
        jobs: dict[bytes, tuple[Job, PreparedLogFile]] = {}
        log_files = []
        for done in prepared.log_files:
            job = self._in_flight.jobs[done.job]
            if job.worker != slot:
                raise AssertionError(f"worker {slot} prepared job {job.number}, which {job.worker} has")
            job.worker = WITH_COMMITTER
            committed = _committed(job, done)
            jobs[committed.identity] = (job, done)
            log_files.append(committed)
        self._pending[prepared.commit_id] = _Pending(jobs, prepared.undated_rows)
        self._committer.submit(Commit(prepared.commit_id, prepared.data_files, tuple(log_files)))

    def published(self, published: Published) -> list[Ticket]:
        """Count what is visible now; the tickets that are settled by it."""
        commit, counts = published.commit, self._counts
        pending = self._pending.pop(commit.commit_id)
        settled: list[Ticket] = []
        for job, done in pending.jobs.values():
            for waiter in job.waiters:
                _count(waiter.ticket, done)
            settled += self._in_flight.done(job, done.etag)
            counts.already_committed += len(job.waiters) - 1  # announced more than once
            counts.events += done.rows
            counts.json_bytes += done.json_bytes
            counts.quarantined_records += done.quarantined_records
            counts.events_filtered += done.filtered_records
        data_files = [data_file for data_file in commit.data_files if data_file.kind == "data"]
        counts.commits += 1
        counts.log_files += len(pending.jobs)
        counts.undated_rows += pending.undated_rows
        counts.data_files += len(data_files)
        counts.data_bytes += sum(data_file.size_bytes for data_file in data_files)
        _log.debug("commit %s: %d log files, %d data files", commit.commit_id, len(pending.jobs), len(data_files))
        return settled

    def rejected(self, rejected: Rejected) -> list[Ticket]:
        """Settle the log files that the ledger had already, and let the others be done again."""
        pending = self._pending.pop(rejected.commit.commit_id)
        settled: list[Ticket] = []
        again = []
        for identity, (job, done) in pending.jobs.items():
            if identity in rejected.identities:
                settled += self._in_flight.done(job, done.etag)
                self._counts.already_committed += len(job.waiters)
            else:
                again.append(job)
        self._in_flight.return_jobs(again)
        return settled


def _committed(job: Job, done: PreparedLogFile) -> CommittedLogFile:
    fetched = LogFile(job.log_file.bucket, job.log_file.key, done.etag)
    return CommittedLogFile(
        identity=fetched.identity,
        place=job.place,
        uri=fetched.uri,
        etag=done.etag,
        rows=done.rows,
        quarantined_records=done.quarantined_records,
        filtered_records=done.filtered_records,
    )


def _count(ticket: Ticket, done: PreparedLogFile) -> None:
    ticket.events += done.rows
    ticket.events_filtered += done.filtered_records
    ticket.records_quarantined += done.quarantined_records
