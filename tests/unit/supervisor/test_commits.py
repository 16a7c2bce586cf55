"""From what a worker prepared to settled tickets: the fence before the ledger, and what comes out behind it."""

from pathlib import Path

import pytest

from ingester.lake.publish_disk import DiskLake
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.frames import Prepared, PreparedLogFile
from ingester.supervisor.commit import Committer, Published, Rejected
from ingester.supervisor.commits import Commits
from ingester.supervisor.counts import Counts
from ingester.supervisor.in_flight import InFlight, Job, Ticket
from tests.unit.supervisor.given import (
    COMMIT_ID,
    assigned,
    commit_of,
    log_file,
    message,
    staged_data_file,
    ticket_with_jobs,
)


class Desk:
    """Commits with a real committer, whose thread runs in `answers` only."""

    def __init__(self, lake: DiskLake, ledger: SqliteLedger) -> None:
        self.in_flight = InFlight()
        self.counts = Counts()
        self.posted: list[object] = []
        self.committer = Committer(ledger, lake, self.posted.append)
        self.commits = Commits(self.in_flight, self.committer, self.counts)

    def answers(self) -> list[object]:
        """Everything that the committer posts for what was submitted."""
        self.committer.start()
        self.committer.stop()
        return self.posted

    def published(self) -> list[Ticket]:
        """The tickets that the one answer settles."""
        (answer,) = self.answers()
        assert isinstance(answer, Published)
        return self.commits.published(answer)

    def rejected(self) -> list[Ticket]:
        """The tickets that the one answer settles."""
        (answer,) = self.answers()
        assert isinstance(answer, Rejected)
        return self.commits.rejected(answer)


@pytest.fixture
def desk(lake: DiskLake, ledger: SqliteLedger) -> Desk:
    return Desk(lake, ledger)


def prepared(*jobs: Job, etag: str = "e1", rows: int = 10, undated_rows: int = 0) -> Prepared:
    done = tuple(PreparedLogFile(job.number, job.log_file.etag or etag, rows, 1000, 1) for job in jobs)
    return Prepared(COMMIT_ID, (), done, undated_rows)


def test_published_log_files_settle_their_messages_and_are_counted(desk: Desk, tmp_path: Path) -> None:
    ticket = ticket_with_jobs(desk.in_flight, message(1), log_file(1), log_file(2))
    first, second = assigned(desk.in_flight)
    frame = Prepared(COMMIT_ID, (staged_data_file(tmp_path),), prepared(first, second).log_files, undated_rows=3)
    desk.commits.prepared(0, frame)
    assert not desk.commits.is_idle

    assert desk.published() == [ticket]
    assert desk.commits.is_idle
    assert not desk.in_flight.jobs
    counts = desk.counts
    assert (counts.commits, counts.log_files, counts.events, counts.json_bytes) == (1, 2, 20, 2000)
    assert (counts.undated_rows, counts.quarantined_records, counts.already_committed) == (3, 2, 0)
    assert (counts.data_files, counts.data_bytes) == (1, 4)


def test_the_ledger_gets_the_identity_with_the_etag_that_was_fetched(desk: Desk, ledger: SqliteLedger) -> None:
    ticket_with_jobs(desk.in_flight, message(1), log_file(1, etag=None))
    (job,) = assigned(desk.in_flight)
    desk.commits.prepared(0, prepared(job, etag="fetched"))
    desk.published()

    identity = log_file(1, etag="fetched").identity
    assert ledger.committed({identity, log_file(1, etag="other").identity}) == {identity}
    assert ledger.committed_places({log_file(1).place}) == {log_file(1).place}


def test_every_message_that_announced_a_log_file_is_settled_by_its_one_commit(desk: Desk) -> None:
    tickets = [ticket_with_jobs(desk.in_flight, message(number), log_file(1)) for number in range(3)]
    desk.commits.prepared(0, prepared(*assigned(desk.in_flight)))

    assert desk.published() == tickets
    assert (desk.counts.log_files, desk.counts.already_committed) == (1, 2)


def test_a_worker_that_dies_after_it_prepared_loses_nothing(desk: Desk) -> None:
    ticket = ticket_with_jobs(desk.in_flight, message(1), log_file(1))
    (job,) = assigned(desk.in_flight, worker=0)
    desk.commits.prepared(0, prepared(job))

    assert desk.in_flight.in_hands_of(0) == []
    assert desk.published() == [ticket]


@pytest.mark.parametrize("has_it", [None, 1])
def test_a_worker_can_not_commit_what_another_has_or_nobody_has(desk: Desk, has_it: int | None) -> None:
    ticket_with_jobs(desk.in_flight, message(1), log_file(1))
    (job,) = assigned(desk.in_flight)
    job.worker = has_it

    with pytest.raises(AssertionError, match="worker 0 prepared job 1"):
        desk.commits.prepared(0, prepared(job))
    assert desk.answers() == []


def test_a_worker_can_not_commit_a_log_file_twice(desk: Desk) -> None:
    ticket_with_jobs(desk.in_flight, message(1), log_file(1))
    (job,) = assigned(desk.in_flight)

    with pytest.raises(AssertionError):
        desk.commits.prepared(0, prepared(job, job))
    assert desk.answers() == []


def test_of_a_rejected_commit_what_is_in_is_settled_and_the_rest_is_done_again_first(
    desk: Desk, ledger: SqliteLedger
) -> None:
    ledger.commit(commit_of(log_file(2), commit_id="0" * 32))
    tickets = [ticket_with_jobs(desk.in_flight, message(number), log_file(number)) for number in (1, 2, 3)]
    jobs = assigned(desk.in_flight)
    waiting = ticket_with_jobs(desk.in_flight, message(4), log_file(4))
    desk.commits.prepared(0, prepared(*jobs))

    assert desk.rejected() == [tickets[1]]
    assert [job.log_file for job in desk.in_flight.waiting] == [log_file(1), log_file(3), log_file(4)]
    assert [job.worker for job in desk.in_flight.waiting] == [None, None, None]
    assert not waiting.failed
    assert desk.commits.is_idle
    assert (desk.counts.already_committed, desk.counts.log_files, desk.counts.events) == (1, 0, 0)
