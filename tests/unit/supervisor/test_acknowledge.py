"""Messages in hand: extended until they are settled, deleted once everything is in, given back otherwise."""

from typing import cast

import pytest

from ingester.model.message import Message
from ingester.model.settings import Settings
from ingester.sqs.outcome import BatchOutcome
from ingester.supervisor.acknowledge import DELETE_TRIES_MAX, Acknowledger, backoff_seconds
from ingester.supervisor.counts import Counts
from ingester.supervisor.in_flight import InFlight, Ticket
from ingester.supervisor.queues import Queues
from tests.unit.supervisor.given import QUEUE, RecordingQueues, log_file, message, ticket_with_jobs


class Hand:
    """An acknowledger between recording queues and what is in flight."""

    def __init__(self, max_receive_count: int | None = 5, max_attempts: int = 5) -> None:
        self.queues = RecordingQueues(max_receive_count)
        self.in_flight = InFlight()
        self.counts = Counts()
        settings = Settings(visibility_timeout_seconds=30, max_attempts=max_attempts)
        self.acknowledger = Acknowledger(cast(Queues, self.queues), self.in_flight, self.counts, settings)

    def take(self, source: Message, at_seconds: float = 100.0) -> Ticket:
        """A received message that waits for one log file."""
        ticket = ticket_with_jobs(self.in_flight, source, log_file(1))
        self.acknowledger.in_hand([ticket], at_seconds)
        return ticket

    def settle(self, ticket: Ticket, now_seconds: float = 100.0, *, draining: bool = False) -> None:
        """Settle a ticket and say what is due."""
        self.acknowledger.settle([ticket], now_seconds, draining=draining)
        self.acknowledger.work(now_seconds)


def test_a_message_whose_log_files_are_all_in_is_deleted_and_forgotten_when_sqs_says_so() -> None:
    hand = Hand()
    ticket = hand.take(message(1))
    hand.settle(ticket)

    assert hand.queues.deleted == [[message(1)]]
    assert not hand.acknowledger.is_idle
    assert hand.in_flight.tickets == {"message 1": ticket}
    hand.acknowledger.deleted(BatchOutcome(done=[message(1)]), 100.0)
    assert hand.acknowledger.is_idle
    assert hand.in_flight.tickets == {}
    assert hand.counts.messages_deleted == 1


def test_messages_that_are_settled_together_are_deleted_together() -> None:
    hand = Hand()
    tickets = [hand.in_flight.ticket_for(message(number))[0] for number in range(25)]
    hand.acknowledger.settle(tickets, 100.0, draining=False)
    hand.acknowledger.work(100.0)

    assert hand.queues.deleted == [[message(number) for number in range(25)]]


def test_a_settled_message_is_extended_until_it_is_deleted() -> None:
    hand = Hand()
    hand.settle(hand.take(message(1), 100.0), 105.0)

    hand.acknowledger.work(110.0)
    assert hand.queues.changed == [[(message(1), 30)]]
    hand.acknowledger.deleted(BatchOutcome(done=[message(1)]), 111.0)
    hand.acknowledger.work(200.0)
    assert len(hand.queues.changed) == 1


def test_only_the_deletes_that_failed_are_tried_again_and_a_second_later() -> None:
    hand = Hand()
    hand.acknowledger.settle([hand.take(message(1)), hand.take(message(2))], 100.0, draining=False)
    hand.acknowledger.work(100.0)
    hand.acknowledger.deleted(BatchOutcome(done=[message(1)], retry=[message(2)], reason="503"), 100.0)

    hand.acknowledger.work(100.9)
    assert len(hand.queues.deleted) == 1
    assert not hand.acknowledger.is_idle
    hand.acknowledger.work(101.0)
    assert hand.queues.deleted[1:] == [[message(2)]]
    hand.acknowledger.deleted(BatchOutcome(done=[message(2)]), 101.0)
    assert hand.acknowledger.is_idle
    assert hand.counts.messages_deleted == 2


def test_a_message_that_can_not_be_deleted_is_let_go_after_some_tries() -> None:
    hand = Hand()
    hand.settle(hand.take(message(1)))
    for second in range(DELETE_TRIES_MAX):
        hand.acknowledger.deleted(BatchOutcome(retry=[message(1)]), 100.0 + second)
        hand.acknowledger.work(101.0 + second)

    assert len(hand.queues.deleted) == DELETE_TRIES_MAX
    assert hand.acknowledger.is_idle
    assert hand.in_flight.is_empty is False  # the log file's job; the message is gone
    assert hand.in_flight.tickets == {}
    assert hand.counts.messages_deleted == 0


def test_a_stale_receipt_handle_is_counted_and_forgotten() -> None:
    hand = Hand()
    hand.settle(hand.take(message(1)))
    hand.acknowledger.deleted(BatchOutcome(stale=[message(1)]), 100.0)

    assert hand.counts.stale_receipts == 1
    assert hand.counts.messages_deleted == 0
    assert hand.in_flight.tickets == {}
    assert hand.acknowledger.is_idle


@pytest.mark.parametrize("said", ["done", "stale"])
def test_a_message_that_came_again_while_it_was_deleted_is_deleted_by_its_newest_handle(said: str) -> None:
    hand = Hand()
    hand.settle(hand.take(message(1, receipt="old")))
    newest = message(1, receipt="new", receives=2)
    hand.in_flight.ticket_for(newest)

    hand.acknowledger.deleted(BatchOutcome(**{said: [message(1, receipt="old")]}), 101.0)
    hand.acknowledger.work(101.0)

    assert hand.queues.deleted == [[message(1, receipt="old")], [newest]]
    assert not hand.acknowledger.is_idle
    hand.acknowledger.deleted(BatchOutcome(done=[newest]), 101.0)
    assert hand.acknowledger.is_idle
    assert hand.in_flight.tickets == {}
    assert hand.counts.messages_deleted == 1


def test_a_delete_is_tried_again_with_the_newest_handle() -> None:
    hand = Hand()
    hand.settle(hand.take(message(1, receipt="old")))
    newest = message(1, receipt="new", receives=2)
    hand.acknowledger.deleted(BatchOutcome(retry=[message(1, receipt="old")]), 100.0)
    hand.in_flight.ticket_for(newest)
    hand.acknowledger.work(101.0)

    assert hand.queues.deleted[1:] == [[newest]]


def test_a_message_in_hand_is_extended_from_its_receipt_on_and_by_its_newest_handle() -> None:
    hand = Hand()
    hand.take(message(1, receipt="old"), 100.0)
    hand.acknowledger.work(109.0)
    assert hand.queues.changed == []
    hand.acknowledger.work(110.0)
    hand.in_flight.ticket_for(message(1, receipt="new"))
    hand.acknowledger.work(120.0)

    assert hand.queues.changed == [[(message(1, receipt="old"), 30)], [(message(1, receipt="new"), 30)]]
    assert not hand.acknowledger.is_idle


def test_an_extension_that_fails_is_made_again_at_the_next_third() -> None:
    hand = Hand()
    hand.take(message(1), 100.0)
    hand.acknowledger.work(110.0)
    hand.acknowledger.extended(BatchOutcome(retry=[message(1)], reason="503"))
    hand.acknowledger.work(120.0)

    assert [len(changes) for changes in hand.queues.changed] == [1, 1]


def test_a_message_with_a_failed_log_file_is_given_back_with_a_backoff_and_not_deleted() -> None:
    hand = Hand()
    ticket = hand.take(message(1, receives=3))
    ticket.failed = True
    hand.settle(ticket)

    assert hand.queues.deleted == []
    assert hand.queues.changed == [[(message(1, receives=3), 4)]]
    assert hand.in_flight.tickets == {}
    assert hand.counts.messages_given_back == 1
    hand.acknowledger.work(1000.0)
    assert len(hand.queues.changed) == 1


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 1), (1, 1), (2, 2), (3, 4), (10, 512), (11, 900), (10**6, 900)]
)
def test_the_backoff_doubles_up_to_a_quarter_of_an_hour(attempts: int, seconds: int) -> None:
    assert backoff_seconds(attempts) == seconds


@pytest.mark.parametrize("receives", [2, 5])
def test_while_draining_a_message_is_given_back_at_once(receives: int) -> None:
    hand = Hand(max_receive_count=None)
    ticket = hand.take(message(1, receives=receives))
    ticket.failed = True
    hand.settle(ticket, draining=True)

    assert hand.queues.changed == [[(message(1, receives=receives), 0)]]
    assert hand.acknowledger.given_up(QUEUE, 100.0) == 0


def test_after_its_last_attempt_a_message_is_left_to_the_redrive_policy_at_once() -> None:
    hand = Hand(max_receive_count=5)
    ticket = hand.take(message(1, receives=5))
    ticket.failed = True
    hand.settle(ticket)

    assert hand.queues.changed == [[(message(1, receives=5), 0)]]
    assert hand.acknowledger.given_up(QUEUE, 100.0) == 0


def test_without_a_redrive_policy_it_stays_hidden_for_long_and_is_not_waited_for_until_it_comes_back() -> None:
    hand = Hand(max_receive_count=None)
    ticket = hand.take(message(1, receives=5))
    ticket.failed = True
    hand.settle(ticket)

    assert hand.queues.changed == [[(message(1, receives=5), 900)]]
    assert hand.acknowledger.given_up(QUEUE, 100.0) == 1
    assert hand.acknowledger.given_up(QUEUE, 999.9) == 1
    assert hand.acknowledger.given_up(QUEUE, 1000.0) == 0
    assert hand.acknowledger.given_up("another queue", 100.0) == 0


@pytest.mark.parametrize(
    ("max_receive_count", "max_attempts", "expected"), [(3, 5, 3), (100, 5, 5), (None, 5, 5), (5, 5, 5), (1, 5, 1)]
)
def test_a_log_file_is_quarantined_before_sqs_moves_its_message_away(
    max_receive_count: int | None, max_attempts: int, expected: int
) -> None:
    assert Hand(max_receive_count, max_attempts).acknowledger.attempts_max(QUEUE) == expected


def test_a_listed_log_file_has_nothing_to_acknowledge() -> None:
    hand = Hand()
    failed = Ticket(None, failed=True)
    hand.acknowledger.settle([Ticket(None), failed], 100.0, draining=False)
    hand.acknowledger.give_back(failed, 100.0)
    hand.acknowledger.work(1000.0)

    assert (hand.queues.deleted, hand.queues.changed) == ([], [])
    assert hand.acknowledger.is_idle
