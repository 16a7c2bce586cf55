"""What is new becomes a job; what is in, or on its way, does not."""

import json

import pytest

from ingester.ledger.sqlite import SqliteLedger
from ingester.model.errors import UnknownNotificationError
from ingester.model.log_file import LogFile
from ingester.model.notification import NotificationKind
from ingester.supervisor.admit import admit, understand
from ingester.supervisor.counts import Counts
from ingester.supervisor.in_flight import InFlight, Ticket
from tests.unit.supervisor.given import assigned, commit_of, log_file, message


def admitted(
    in_flight: InFlight, ledger: SqliteLedger, counts: Counts, *announced: list[LogFile]
) -> tuple[list[Ticket], list[Ticket]]:
    """A ticket for each list, and those of them that wait for nothing."""
    tickets = [in_flight.ticket_for(message(len(in_flight.tickets) + 1))[0] for _ in announced]
    return tickets, admit(list(zip(tickets, announced, strict=True)), in_flight, ledger, counts)


def test_new_log_files_become_jobs_in_order(ledger: SqliteLedger) -> None:
    in_flight, counts = InFlight(), Counts()

    _, settled = admitted(in_flight, ledger, counts, [log_file(1), log_file(2)], [log_file(3, etag=None)])

    assert settled == []
    assert [job.log_file for job in in_flight.waiting] == [log_file(1), log_file(2), log_file(3, etag=None)]
    assert (counts.log_files_found, counts.already_committed) == (3, 0)


def test_a_message_that_announces_nothing_waits_for_nothing(ledger: SqliteLedger) -> None:
    tickets, settled = admitted(InFlight(), ledger, Counts(), [])

    assert settled == tickets


def test_a_redelivery_after_the_commit_waits_for_nothing(ledger: SqliteLedger) -> None:
    ledger.commit(commit_of(log_file(1), log_file(2)))
    in_flight, counts = InFlight(), Counts()

    tickets, settled = admitted(in_flight, ledger, counts, [log_file(1), log_file(2, etag=None)], [log_file(1)])

    assert settled == tickets
    assert not in_flight.jobs
    assert counts.already_committed == 3


def test_of_a_message_that_is_partly_in_only_the_rest_is_done(ledger: SqliteLedger) -> None:
    ledger.commit(commit_of(log_file(1), log_file(3)))
    in_flight = InFlight()

    (ticket,), settled = admitted(in_flight, ledger, Counts(), [log_file(1), log_file(2), log_file(3)])

    assert settled == []
    assert ticket.unsettled == 1
    assert [job.log_file for job in in_flight.waiting] == [log_file(2)]


def test_an_object_that_was_written_anew_is_a_new_log_file(ledger: SqliteLedger) -> None:
    ledger.commit(commit_of(log_file(1, etag="old")))
    in_flight = InFlight()

    admitted(in_flight, ledger, Counts(), [log_file(1, etag="new")])

    assert [job.log_file for job in in_flight.waiting] == [log_file(1, etag="new")]


def test_one_log_file_in_several_messages_of_a_batch_is_one_job(ledger: SqliteLedger) -> None:
    in_flight = InFlight()

    tickets, settled = admitted(in_flight, ledger, Counts(), [log_file(1), log_file(1)], [log_file(1, etag=None)])

    assert settled == []
    assert len(in_flight.jobs) == 1
    assert [ticket.unsettled for ticket in tickets] == [2, 1]


def test_what_is_committed_but_not_yet_published_is_waited_for(ledger: SqliteLedger) -> None:
    in_flight = InFlight()
    (first,), _ = admitted(in_flight, ledger, Counts(), [log_file(1)])
    (job,) = assigned(in_flight)
    ledger.commit(commit_of(log_file(1)))

    (again, by_place), settled = admitted(in_flight, ledger, Counts(), [log_file(1)], [log_file(1, etag=None)])

    assert settled == []
    assert in_flight.done(job, "e1") == [first, again, by_place]


def test_an_understood_message_is_counted_by_kind() -> None:
    counts = Counts()
    digest = "AWSLogs/1/CloudTrail-Digest/eu-west-1/2024/03/13/1_CloudTrail-Digest_eu-west-1_t_eu-west-1_x.json.gz"
    body = json.dumps({"s3Bucket": "trails", "s3ObjectKey": [log_file(1).key, digest]})

    notification = understand(message(body=body), counts)

    assert notification is not None
    assert notification.log_files == (log_file(1, etag=None),)
    assert counts.messages == 1
    assert counts.notifications == {NotificationKind.CLOUDTRAIL_SNS: 1}
    assert counts.digests_skipped == 1


def test_a_message_that_nobody_understands_is_counted_and_told_with_its_beginning() -> None:
    counts = Counts()

    with pytest.raises(UnknownNotificationError, match=r"hello\?"):
        understand(message(body="hello?"), counts)
    assert counts.messages == 1
    assert counts.notifications == {"unknown": 1}


def test_a_parser_that_raises_makes_its_message_one_that_nobody_understands() -> None:
    def broken(document: object) -> None:
        raise KeyError("bucket")

    counts = Counts()
    with pytest.raises(UnknownNotificationError, match="KeyError: 'bucket'"):
        understand(message(body="{}"), counts, (broken,))
    assert counts.notifications == {"unknown": 1}
