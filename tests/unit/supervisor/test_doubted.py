"""Messages that are not believed: refused for good, or kept until SNS's certificate can be had."""

import logging

import pytest

from ingester.model.errors import CertificateUnavailableError, UnverifiedMessageError
from ingester.model.hooks import Decision, ErrorContext
from ingester.model.message import Message
from ingester.supervisor.counts import Counts
from ingester.supervisor.doubted import PATIENCE_SECONDS, Doubted
from ingester.supervisor.hooks import Decided, Hooks, HookThread
from ingester.supervisor.in_flight import InFlight, Ticket
from tests.unit.supervisor.given import message
from tests.unit.supervisor.runs import wait_until

FORGED = UnverifiedMessageError("Its SNS signature is wrong.", hint="Look.")
AWAY = CertificateUnavailableError("No answer.")


class Scene:
    def __init__(self, hooks: Hooks | None = None) -> None:
        self.in_flight, self.counts = InFlight(), Counts()
        self.posted: list[object] = []
        self.doubted = Doubted(self.in_flight, self.counts, HookThread(hooks or Hooks(), self.posted.append))

    def received(self, number: int = 1) -> tuple[Ticket, Message]:
        some = message(number)
        return self.in_flight.ticket_for(some)[0], some


def test_a_message_that_is_not_sns_s_fails_and_is_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    ticket, some = scene.received()

    with caplog.at_level(logging.WARNING, "ingester"):
        assert scene.doubted.doubt(ticket, some, FORGED, 0.0) == [ticket]

    assert ticket.failed
    assert (scene.counts.messages, scene.counts.notifications) == (1, {"unverified": 1})
    assert "message 1 stays in the queue, not believed: Its SNS signature is wrong. Look." in caplog.text
    assert scene.doubted.waiting == 0


@pytest.mark.parametrize("decision", list(Decision))
def test_no_decision_of_a_handler_lets_it_be_deleted(decision: Decision) -> None:
    told = []

    def handler(error: Exception, context: ErrorContext) -> Decision:
        told.append((error, context))
        return decision

    scene = Scene(Hooks(exception_handler=handler))
    ticket, some = scene.received()
    assert scene.doubted.doubt(ticket, some, FORGED, 0.0) == []
    wait_until(lambda: bool(scene.posted))

    [decided] = scene.posted
    assert isinstance(decided, Decided)
    assert decided.then(decided.decision) == [ticket]
    assert ticket.failed
    assert told[0][0] is FORGED


def test_a_message_waits_while_its_certificate_can_t_be_had() -> None:
    scene = Scene()
    ticket, some = scene.received()

    assert scene.doubted.doubt(ticket, some, AWAY, 0.0) == []
    assert not ticket.failed
    assert scene.doubted.take_due(0.0) == [], "not at once"
    assert scene.doubted.take_due(0.5) == [some]
    assert scene.doubted.take_due(100.0) == [], "an answer is awaited"

    assert scene.doubted.answered(some, None) is ticket
    assert scene.doubted.waiting == 0
    assert scene.counts.messages == 0


def test_it_is_asked_about_by_its_newest_receipt() -> None:
    scene = Scene()
    ticket, some = scene.received()
    scene.doubted.doubt(ticket, some, AWAY, 0.0)
    again = message(1, receipt="newer", receives=2)
    scene.in_flight.ticket_for(again)

    assert scene.doubted.take_due(1.0) == [again]


def test_the_asking_becomes_rarer_while_it_lasts_and_begins_anew_afterwards() -> None:
    scene = Scene()
    ticket, some = scene.received()
    now_seconds, waited = 0.0, []
    for _ in range(9):
        scene.doubted.doubt(ticket, some, AWAY, now_seconds)
        asked_seconds = now_seconds
        while not scene.doubted.take_due(now_seconds):
            now_seconds += 0.01
        waited.append(now_seconds - asked_seconds)
        assert scene.doubted.answered(some, AWAY) is ticket

    assert waited[0] <= 0.3
    assert 14.9 <= waited[-1] <= 30.1
    scene.doubted.doubt(ticket, some, AWAY, now_seconds)
    scene.doubted.take_due(now_seconds + 60)
    scene.doubted.answered(some, None)
    other, another = scene.received(2)
    scene.doubted.doubt(other, another, AWAY, 0.0)
    assert scene.doubted.take_due(0.3) == [another]


def test_after_a_while_it_is_given_back_so_that_the_redrive_policy_may_have_it() -> None:
    scene = Scene()
    ticket, some = scene.received()
    scene.doubted.doubt(ticket, some, AWAY, 0.0)
    scene.doubted.take_due(PATIENCE_SECONDS)
    scene.doubted.answered(some, AWAY)

    assert scene.doubted.doubt(ticket, some, AWAY, PATIENCE_SECONDS) == [ticket]
    assert ticket.failed
    assert scene.doubted.waiting == 0
    assert scene.counts.notifications == {"unverified": 1}


def test_at_a_drain_all_that_wait_are_given_back_and_a_late_answer_changes_nothing() -> None:
    scene = Scene()
    ticket, some = scene.received()
    scene.doubted.doubt(ticket, some, AWAY, 0.0)
    scene.doubted.take_due(1.0)

    assert scene.doubted.drop() == [ticket]
    assert ticket.failed
    assert scene.doubted.answered(some, None) is None
    assert scene.doubted.answered(some, AWAY) is None
