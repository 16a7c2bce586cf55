"""What is asked before a run begins: again while somebody is away, once where somebody must mend something."""

import threading
from collections.abc import Callable

import pytest

from ingester.model.errors import ConfigurationError, IngesterError
from ingester.supervisor.obstacles import OUTAGE_SECONDS_MAX
from ingester.supervisor.start_up import Patience, StopRequested

AWAY = ConfigurationError("Queue q did not take it. 503.", passing=True)


class Clock:
    """Each look at it takes so long."""

    def __init__(self, step_seconds: float) -> None:
        self.now_seconds, self.step_seconds = 100.0, step_seconds

    def __call__(self) -> float:
        self.now_seconds += self.step_seconds
        return self.now_seconds


@pytest.fixture(autouse=True)
def in_less_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingester.supervisor.outage._RETRY_SECONDS_MAX", 0.001)


def patience(*, waits_for_ever: bool = True, step_seconds: float = 1.0) -> Patience:
    return Patience(waits_for_ever=waits_for_ever, stopping=threading.Event(), clock=Clock(step_seconds))


def failing(times: int, error: IngesterError = AWAY) -> Callable[[], str]:
    """Raises so many times."""
    left = [error] * times

    def action() -> str:
        if left:
            raise left.pop()
        return "an answer"

    return action


def test_who_is_away_is_asked_again_and_that_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    assert patience()(failing(5)) == "an answer"

    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "degraded, start: Queue q did not take it. 503. It is tried again until it works.",
        "recovered, start: it works again.",
    ]


def test_what_must_be_mended_ends_the_start_at_once(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConfigurationError, match="No such queue"):
        patience()(failing(1, ConfigurationError("No such queue.")))
    assert caplog.records == []


def test_a_run_that_ends_with_its_source_gives_up_after_as_long_as_later() -> None:
    with pytest.raises(IngesterError, match=r"could not begin for 15 minutes\. Queue q did not take it") as given_up:
        patience(waits_for_ever=False, step_seconds=OUTAGE_SECONDS_MAX / 3)(failing(1_000))
    assert given_up.value.__cause__ is AWAY


def test_the_time_is_one_for_all_steps_of_a_start() -> None:
    step = patience(waits_for_ever=False, step_seconds=OUTAGE_SECONDS_MAX / 3)

    assert step(failing(2)) == step(failing(1)) == "an answer"
    with pytest.raises(IngesterError, match="could not begin for 15 minutes"):
        step(failing(1))


def test_what_goes_well_uses_up_no_time() -> None:
    step = patience(waits_for_ever=False, step_seconds=OUTAGE_SECONDS_MAX / 3)

    assert [step(failing(0)) for _ in range(10)] == ["an answer"] * 10
    assert step(failing(3)) == "an answer"


def test_a_service_never_gives_up() -> None:
    assert patience(step_seconds=OUTAGE_SECONDS_MAX)(failing(100)) == "an answer"


def test_who_is_told_to_stop_waits_no_longer() -> None:
    stopping = threading.Event()
    stopping.set()

    with pytest.raises(StopRequested):
        Patience(waits_for_ever=True, stopping=stopping)(failing(1))


def test_a_stop_is_no_failure_however_long_it_was_waited_before() -> None:
    stopping = threading.Event()

    def fails_while_it_is_told_to_stop() -> str:
        stopping.set()
        raise AWAY

    step = Patience(waits_for_ever=False, stopping=stopping, clock=Clock(OUTAGE_SECONDS_MAX))
    with pytest.raises(StopRequested):
        step(fails_while_it_is_told_to_stop)
