"""Messages, the log files that they wait for, and what becomes of each. The properties are in tests/properties."""

from ingester.supervisor.in_flight import InFlight, Ticket
from tests.unit.supervisor.given import assigned, log_file, message, ticket_with_jobs


def test_a_message_is_settled_when_the_last_of_its_log_files_is_in() -> None:
    in_flight = InFlight()
    ticket = ticket_with_jobs(in_flight, message(), log_file(1), log_file(2), log_file(3))
    first, second, third = assigned(in_flight)

    assert in_flight.done(second, "e1") == []
    assert in_flight.done(first, "e1") == []
    assert in_flight.done(third, "e1") == [ticket]
    assert not ticket.failed


def test_a_message_with_one_failed_log_file_of_three_is_settled_as_failed() -> None:
    in_flight = InFlight()
    ticket = ticket_with_jobs(in_flight, message(), log_file(1), log_file(2), log_file(3))
    first, second, third = assigned(in_flight)

    assert in_flight.failed(second) == []
    assert in_flight.done(first, "e1") == []
    assert in_flight.done(third, "e1") == [ticket]
    assert ticket.failed


def test_a_message_that_names_a_log_file_twice_waits_for_one_job_and_is_settled_once() -> None:
    in_flight = InFlight()
    ticket = ticket_with_jobs(in_flight, message(), log_file(1), log_file(1))
    (job,) = assigned(in_flight)

    assert in_flight.done(job, "e1") == [ticket]


def test_two_messages_for_one_log_file_wait_for_one_job() -> None:
    in_flight = InFlight()
    one = ticket_with_jobs(in_flight, message(1), log_file(1, etag="e1"))
    other = ticket_with_jobs(in_flight, message(2), log_file(1, etag=None))
    (job,) = assigned(in_flight)

    assert in_flight.done(job, "e1") == [one, other]


def test_a_redelivered_message_in_hand_keeps_its_ticket_and_gets_the_newest_receipt_handle() -> None:
    in_flight = InFlight()
    ticket = ticket_with_jobs(in_flight, message(receipt="old"), log_file(1))

    again, is_new = in_flight.ticket_for(message(receipt="new", receives=2))

    assert again is ticket
    assert not is_new
    assert ticket.message == message(receipt="new", receives=2)
    assert len(in_flight.jobs) == 1


def test_a_message_that_comes_back_after_it_was_forgotten_is_a_new_one() -> None:
    in_flight = InFlight()
    ticket = ticket_with_jobs(in_flight, message())
    in_flight.forget(ticket)

    assert in_flight.is_empty
    assert in_flight.ticket_for(message()) == (in_flight.tickets["message 1"], True)
    assert in_flight.tickets["message 1"] is not ticket


def test_an_overwritten_object_that_was_announced_with_both_etags_is_two_jobs() -> None:
    in_flight = InFlight()
    old = ticket_with_jobs(in_flight, message(1), log_file(1, etag="old"))
    new = ticket_with_jobs(in_flight, message(2), log_file(1, etag="new"))
    first, second = assigned(in_flight)

    assert in_flight.failed(first) == [old]
    assert in_flight.done(second, "new") == [new]
    assert not new.failed


def test_who_wants_another_etag_than_the_one_that_came_gets_a_job_of_its_own() -> None:
    in_flight = InFlight()
    any_etag = ticket_with_jobs(in_flight, message(1), log_file(1, etag=None))
    old = ticket_with_jobs(in_flight, message(2), log_file(1, etag="old"))
    new = ticket_with_jobs(in_flight, message(3), log_file(1, etag="new"))
    (job,) = assigned(in_flight)

    assert in_flight.done(job, "new") == [any_etag, new]

    (job_for_old,) = assigned(in_flight)
    assert job_for_old.log_file.etag == "old"
    assert job_for_old.number != job.number
    assert in_flight.done(job_for_old, "old") == [old]
    assert not in_flight.jobs


def test_three_etags_of_one_object_are_all_ingested() -> None:
    in_flight = InFlight()
    tickets = [
        ticket_with_jobs(in_flight, message(number), log_file(1, etag=etag))
        for number, etag in enumerate([None, "a", "b", "c"])
    ]
    came = []
    while in_flight.waiting:
        (job,) = assigned(in_flight)
        came.append(in_flight.done(job, job.log_file.etag or "c"))

    assert came == [[tickets[0], tickets[3]], [tickets[1]], [tickets[2]]]


def test_a_server_that_gives_another_etag_than_it_was_asked_for_is_not_asked_for_ever() -> None:
    in_flight = InFlight()
    ticket = ticket_with_jobs(in_flight, message(1), log_file(1, etag="announced"))
    (job,) = assigned(in_flight)

    assert in_flight.done(job, "other") == [ticket]
    assert not in_flight.jobs


def test_jobs_of_a_dead_worker_come_before_those_that_wait_in_their_old_order() -> None:
    in_flight = InFlight()
    ticket_with_jobs(in_flight, message(1), *map(log_file, range(3)))
    lost = assigned(in_flight, worker=1)
    ticket_with_jobs(in_flight, message(2), log_file(9))

    in_flight.return_jobs(reversed(in_flight.in_hands_of(1)))

    assert list(in_flight.waiting)[:3] == lost
    assert [job.worker for job in lost] == [None, None, None]
    assert in_flight.in_hands_of(1) == []


def test_only_the_jobs_of_one_worker_are_in_its_hands() -> None:
    in_flight = InFlight()
    ticket_with_jobs(in_flight, message(1), log_file(1))
    mine = assigned(in_flight, worker=0)
    ticket_with_jobs(in_flight, message(2), log_file(2))
    other = assigned(in_flight, worker=1)
    ticket_with_jobs(in_flight, message(3), log_file(3))

    assert in_flight.in_hands_of(0) == mine
    assert in_flight.in_hands_of(1) == other


def test_a_drain_gives_up_only_what_no_worker_has() -> None:
    in_flight = InFlight()
    held = ticket_with_jobs(in_flight, message(1), log_file(1))
    (job,) = assigned(in_flight)
    waiting = ticket_with_jobs(in_flight, message(2), log_file(2))

    assert in_flight.drop_waiting() == [waiting]
    assert waiting.failed
    assert not held.failed
    assert list(in_flight.jobs.values()) == [job]


def test_a_listed_log_file_has_a_ticket_without_a_message() -> None:
    in_flight = InFlight()
    ticket = ticket_with_jobs(in_flight, None, log_file(1))
    (job,) = assigned(in_flight)

    assert in_flight.tickets == {}
    assert not in_flight.is_empty
    assert in_flight.done(job, "e1") == [ticket]
    in_flight.forget(Ticket(None))
    assert in_flight.is_empty
