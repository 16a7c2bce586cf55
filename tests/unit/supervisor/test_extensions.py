"""Whose visibility is extended, and when."""

from ingester.supervisor.extensions import Extensions
from ingester.supervisor.in_flight import InFlight, Ticket
from tests.unit.supervisor.given import message


def received(in_flight: InFlight, extensions: Extensions, number: int, second: float) -> Ticket:
    ticket, _ = in_flight.ticket_for(message(number))
    extensions.add([ticket], second)
    return ticket


def test_a_message_in_hand_is_extended_at_each_third_of_its_visibility_timeout() -> None:
    in_flight, extensions = InFlight(), Extensions(30)
    ticket = received(in_flight, extensions, 1, 100.0)

    assert extensions.take_due(109.9, in_flight.tickets) == []
    assert extensions.take_due(110.0, in_flight.tickets) == [ticket]
    assert extensions.take_due(119.9, in_flight.tickets) == []
    assert extensions.take_due(120.0, in_flight.tickets) == [ticket]


def test_only_what_is_due_is_extended() -> None:
    in_flight, extensions = InFlight(), Extensions(30)
    first = received(in_flight, extensions, 1, 100.0)
    second = received(in_flight, extensions, 2, 105.0)

    assert extensions.take_due(112.0, in_flight.tickets) == [first]
    assert extensions.take_due(115.0, in_flight.tickets) == [second]
    assert extensions.take_due(122.0, in_flight.tickets) == [first]


def test_a_message_that_reached_the_loop_late_is_due_by_its_receipt() -> None:
    in_flight, extensions = InFlight(), Extensions(30)
    early = received(in_flight, extensions, 1, 105.0)
    late = received(in_flight, extensions, 2, 100.0)

    assert extensions.take_due(110.0, in_flight.tickets) == [late]
    assert extensions.take_due(115.0, in_flight.tickets) == [early]


def test_a_message_that_is_deleted_or_given_back_is_not_extended_any_more() -> None:
    in_flight, extensions = InFlight(), Extensions(30)
    in_flight.forget(received(in_flight, extensions, 1, 100.0))

    assert extensions.take_due(1000.0, in_flight.tickets) == []


def test_a_message_that_came_back_is_extended_by_its_new_receipt_only() -> None:
    in_flight, extensions = InFlight(), Extensions(30)
    in_flight.forget(received(in_flight, extensions, 1, 100.0))
    again = received(in_flight, extensions, 1, 108.0)

    assert extensions.take_due(112.0, in_flight.tickets) == []
    assert extensions.take_due(118.0, in_flight.tickets) == [again]


def test_a_loop_that_stood_still_extends_each_message_once() -> None:
    in_flight, extensions = InFlight(), Extensions(30)
    ticket = received(in_flight, extensions, 1, 100.0)

    assert extensions.take_due(500.0, in_flight.tickets) == [ticket]
    assert extensions.take_due(500.0, in_flight.tickets) == []


def test_the_messages_of_one_receive_call_are_due_together_and_each_leaves_by_itself() -> None:
    in_flight, extensions = InFlight(), Extensions(30)
    first, second, third = [in_flight.ticket_for(message(number))[0] for number in (1, 2, 3)]
    extensions.add([first, second, third], 100.0)
    in_flight.forget(second)

    assert extensions.take_due(110.0, in_flight.tickets) == [first, third]
    in_flight.forget(first)
    assert extensions.take_due(120.0, in_flight.tickets) == [third]
