"""What becomes of a log file that could not be ingested."""

import pytest

from ingester.lake.publish_disk import DiskLake
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.frames import Failed, FailureKind
from ingester.model.quarantine import QuarantinedLogFile
from ingester.supervisor.commit import Committer, Quarantined
from ingester.supervisor.counts import Counts
from ingester.supervisor.failures import Failures
from ingester.supervisor.in_flight import InFlight, Job, Ticket
from tests.unit.supervisor.given import assigned, log_file, message, ticket_with_jobs


class Desk:
    """Failures with a real committer, whose thread runs in `quarantined` only. `attempts_max` may be changed."""

    def __init__(self, lake: DiskLake, ledger: SqliteLedger, *, has_queue: bool) -> None:
        self.attempts_max = 5
        self.in_flight = InFlight()
        self.counts = Counts()
        self._lake, self._ledger = lake, ledger
        self._posted: list[object] = []
        self.committer = Committer(ledger, lake, self._posted.append)
        self.failures = Failures(
            self.in_flight, self.committer, self.counts, lambda _: self.attempts_max, has_queue=has_queue
        )

    def fail(
        self, job: Job, kind: FailureKind = "bad_log_file", now_seconds: float = 100.0, *, draining: bool = False
    ) -> list[Ticket]:
        """One failed attempt at a job that a worker has."""
        job.worker = 0
        return self.failures.failed(
            job, Failed(job=job.number, kind=kind, reason="why"), now_seconds, draining=draining
        )

    def quarantined(self) -> list[Ticket]:
        """The tickets that are settled once the entries are durable."""
        self.committer.start()
        self.committer.stop()
        entries = [item for item in self._posted if isinstance(item, Quarantined)]
        return [ticket for item in entries for ticket in self.failures.quarantined(item.job, item.entry)]


@pytest.fixture
def queue_desk(lake: DiskLake, ledger: SqliteLedger) -> Desk:
    return Desk(lake, ledger, has_queue=True)


@pytest.fixture
def listing_desk(lake: DiskLake, ledger: SqliteLedger) -> Desk:
    return Desk(lake, ledger, has_queue=False)


def test_with_a_queue_a_failed_attempt_goes_back_with_its_message(queue_desk: Desk) -> None:
    ticket = ticket_with_jobs(queue_desk.in_flight, message(1), log_file(1))
    (job,) = assigned(queue_desk.in_flight)

    assert queue_desk.fail(job) == [ticket]
    assert ticket.failed
    assert not queue_desk.in_flight.jobs
    assert queue_desk.counts.failures == {"bad_log_file": 1}


def test_with_a_queue_the_receives_of_the_message_count_as_attempts(queue_desk: Desk, lake: DiskLake) -> None:
    ticket = ticket_with_jobs(queue_desk.in_flight, message(1, receives=5), log_file(1))
    (job,) = assigned(queue_desk.in_flight)

    assert queue_desk.fail(job) == []
    assert queue_desk.failures.quarantining == 1
    assert queue_desk.quarantined() == [ticket]
    assert ticket.failed
    assert queue_desk.failures.quarantining == 0
    (entry,) = lake.list_quarantine()
    assert (entry.uri, entry.etag, entry.reason, entry.attempts) == (log_file(1).uri, "e1", "why", 5)
    assert queue_desk.counts.quarantined == [entry]
    assert not queue_desk.counts.is_clean


def test_the_limit_of_the_strictest_queue_counts(queue_desk: Desk) -> None:
    ticket_with_jobs(queue_desk.in_flight, message(1, receives=3), log_file(1))
    (job,) = assigned(queue_desk.in_flight)
    queue_desk.attempts_max = 3

    assert queue_desk.fail(job) == []
    assert queue_desk.failures.quarantining == 1


def test_a_quarantined_log_file_that_sqs_delivers_again_is_reported_once(queue_desk: Desk) -> None:
    entry = QuarantinedLogFile(log_file(1).uri, "e1", "why", 5, "2024-03-13", "2024-03-13")
    other = QuarantinedLogFile(log_file(2).uri, "e1", "why", 5, "2024-03-13", "2024-03-13")
    later = QuarantinedLogFile(log_file(1).uri, "e1", "why now", 6, "2024-03-14", "2024-03-14")
    for some in (entry, other, later):
        ticket_with_jobs(queue_desk.in_flight, message(1), log_file(1))
        (job,) = assigned(queue_desk.in_flight)
        queue_desk.failures.quarantining += 1
        queue_desk.failures.quarantined(job.number, some)

    assert queue_desk.counts.quarantined == [later, other]


@pytest.mark.parametrize("kind", ["throttled", "outage", "output"])
def test_what_says_nothing_about_the_log_file_is_tried_again_and_never_counted(
    queue_desk: Desk, kind: FailureKind
) -> None:
    ticket_with_jobs(queue_desk.in_flight, message(1, receives=5), log_file(1))
    (job,) = assigned(queue_desk.in_flight)
    waits = []
    for _ in range(20):
        assert queue_desk.fail(job, kind, 100.0) == []
        assert job.worker is None
        due_seconds = queue_desk.failures.next_retry_seconds
        assert due_seconds is not None
        queue_desk.failures.retry_due(due_seconds - 0.01)
        assert not queue_desk.in_flight.waiting
        queue_desk.failures.retry_due(due_seconds)
        assert assigned(queue_desk.in_flight) == [job]
        waits.append(due_seconds - 100.0)

    assert job.attempts == 0
    longest = [min(30.0, 0.25 * 2**times) for times in range(20)]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))
    assert queue_desk.counts.failures == {kind: 20}


def test_without_a_queue_a_log_file_is_tried_again_here_and_then_quarantined(
    listing_desk: Desk, lake: DiskLake
) -> None:
    ticket = ticket_with_jobs(listing_desk.in_flight, None, log_file(1))
    (job,) = assigned(listing_desk.in_flight)
    for _ in range(4):
        assert listing_desk.fail(job, "fetch") == []
        assert listing_desk.failures.quarantining == 0
        listing_desk.failures.retry_due(1e9)
        assert assigned(listing_desk.in_flight) == [job]

    assert listing_desk.fail(job, "fetch") == []
    assert listing_desk.quarantined() == [ticket]
    assert [entry.attempts for entry in lake.list_quarantine()] == [5]
    assert not listing_desk.in_flight.jobs


def test_siblings_of_a_failed_log_file_go_on(queue_desk: Desk) -> None:
    ticket = ticket_with_jobs(queue_desk.in_flight, message(1), log_file(1), log_file(2))
    first, second = assigned(queue_desk.in_flight)

    assert queue_desk.fail(first) == []
    assert queue_desk.in_flight.done(second, "e1") == [ticket]
    assert ticket.failed


def test_while_draining_nothing_is_tried_again_or_quarantined(queue_desk: Desk) -> None:
    ticket = ticket_with_jobs(queue_desk.in_flight, message(1, receives=5), log_file(1))
    (job,) = assigned(queue_desk.in_flight)

    assert queue_desk.fail(job, draining=True) == [ticket]
    assert queue_desk.failures.quarantining == 0
    assert queue_desk.failures.next_retry_seconds is None


def test_a_drain_gives_up_what_waits_for_a_retry(queue_desk: Desk) -> None:
    ticket = ticket_with_jobs(queue_desk.in_flight, message(1), log_file(1))
    (job,) = assigned(queue_desk.in_flight)
    queue_desk.fail(job, "throttled")

    assert queue_desk.failures.drop_delayed() == [ticket]
    assert ticket.failed
    assert queue_desk.failures.next_retry_seconds is None
    queue_desk.failures.retry_due(1e9)
    assert not queue_desk.in_flight.waiting


def test_who_announces_a_log_file_while_it_is_quarantined_is_settled_with_it(queue_desk: Desk) -> None:
    first = ticket_with_jobs(queue_desk.in_flight, message(1, receives=5), log_file(1))
    (job,) = assigned(queue_desk.in_flight)
    queue_desk.fail(job)
    second = ticket_with_jobs(queue_desk.in_flight, message(2), log_file(1))

    assert queue_desk.quarantined() == [first, second]
    assert first.failed
    assert second.failed
