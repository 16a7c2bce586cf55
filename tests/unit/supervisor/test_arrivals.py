"""What arrives between two looks is admitted together, with one question to the ledger."""

from collections.abc import Collection

import pytest

from ingester.ledger.memory import MemoryLedger
from ingester.model.errors import OutputError
from ingester.supervisor.arrivals import Arrivals
from ingester.supervisor.counts import Counts
from ingester.supervisor.hooks import Hooks, HookThread
from ingester.supervisor.in_flight import InFlight
from ingester.supervisor.telling import Telling
from tests.unit.supervisor.given import commit_of, log_file, message
from tests.unit.supervisor.runs import body


class AskedLedger(MemoryLedger):
    """A ledger that counts questions, and can be away."""

    def __init__(self) -> None:
        super().__init__()
        self.questions = 0
        self.is_away = False

    def committed_places(self, places: Collection[bytes]) -> set[bytes]:
        self.questions += 1
        if self.is_away:
            raise OutputError("gone")
        return super().committed_places(places)


class Scene:
    def __init__(self) -> None:
        self.in_flight, self.ledger = InFlight(), AskedLedger()
        hooks = HookThread(Hooks(), lambda _: None)
        telling = Telling(hooks, self.in_flight)
        self.arrivals = Arrivals(self.in_flight, self.ledger, Counts(), None, hooks, telling)

    def receive(self, *numbers: int) -> None:
        """One receive call's messages, each with one log file, whose ETag is not known yet."""
        messages = [message(number, body=body(log_file(number, etag=None))) for number in numbers]
        assert self.arrivals.received(messages, draining=False) == []


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_what_several_calls_brought_is_admitted_in_order_with_one_question(scene: Scene) -> None:
    scene.ledger.commit(commit_of(log_file(2)))
    scene.receive(1, 2)
    scene.receive(3)
    assert not scene.in_flight.jobs
    assert not scene.arrivals.is_idle

    [settled] = scene.arrivals.admit(0.0)

    assert settled is scene.in_flight.tickets["message 2"]
    assert [job.log_file for job in scene.in_flight.waiting] == [log_file(1, etag=None), log_file(3, etag=None)]
    assert scene.ledger.questions == 1
    assert scene.arrivals.is_idle
    assert scene.arrivals.admit(0.0) == []
    assert scene.ledger.questions == 1


def test_a_ledger_that_is_away_is_asked_again_a_second_later_for_all_that_waits(scene: Scene) -> None:
    scene.ledger.is_away = True
    scene.receive(1)
    assert scene.arrivals.admit(100.0) == []
    assert str(scene.arrivals.ledger_trouble) == "gone"
    scene.receive(2)
    scene.arrivals.admit(100.9)
    assert scene.ledger.questions == 1
    scene.arrivals.admit(101.0)
    assert str(scene.arrivals.ledger_trouble) == "gone"

    scene.ledger.is_away = False
    scene.arrivals.admit(102.0)

    assert scene.arrivals.ledger_trouble is None
    assert len(scene.in_flight.waiting) == 2


def test_at_a_drain_what_waits_to_be_admitted_is_given_back(scene: Scene) -> None:
    scene.receive(1, 2)

    dropped = scene.arrivals.drop_unadmitted()

    assert dropped == list(scene.in_flight.tickets.values())
    assert all(ticket.failed for ticket in dropped)
    assert scene.arrivals.is_idle
    assert scene.arrivals.admit(0.0) == []
