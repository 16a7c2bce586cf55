"""How long a run waits for what is away, and that it holds the intake meanwhile."""

import pytest

from ingester.supervisor.flow import Flow
from ingester.supervisor.obstacles import LEDGER, LOG_FILES, OUTAGE_SECONDS_MAX, OUTPUT, Obstacles


class Intake:
    """Notes whether it may list or receive."""

    paused = False

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False


@pytest.fixture
def intake() -> Intake:
    return Intake()


@pytest.mark.parametrize(("what", "pauses"), [(OUTPUT, True), (LEDGER, True), (LOG_FILES, False), ("queue", False)])
def test_receiving_pauses_while_nothing_could_be_kept(intake: Intake, what: str, pauses: bool) -> None:
    obstacles = Obstacles(Flow(intake), waits_for_ever=True)

    obstacles.met(what, "No answer.", 0)
    assert intake.paused is pauses
    obstacles.over(what)
    assert not intake.paused


def test_a_run_that_is_to_end_gives_up_when_it_has_waited_for_long(intake: Intake) -> None:
    obstacles = Obstacles(Flow(intake), waits_for_ever=False)

    obstacles.met(OUTPUT, "No space.", 100)
    obstacles.met(OUTPUT, "No space.", 99 + OUTAGE_SECONDS_MAX)
    assert obstacles.gave_up is None
    obstacles.met(OUTPUT, "No space.", 100 + OUTAGE_SECONDS_MAX)

    assert "15 minutes; the output can't be written: No space." in str(obstacles.gave_up)
    assert "run it again" in str(obstacles.gave_up)


def test_a_service_waits_however_long_it_takes(intake: Intake) -> None:
    obstacles = Obstacles(Flow(intake), waits_for_ever=True)

    for seconds in (0, 1e3, 1e6):
        obstacles.met(LEDGER, "disk I/O error", seconds)

    assert obstacles.gave_up is None


def test_what_worked_in_between_begins_anew(intake: Intake) -> None:
    obstacles = Obstacles(Flow(intake), waits_for_ever=False)

    obstacles.met(OUTPUT, "No space.", 0)
    obstacles.over(OUTPUT)
    obstacles.met(OUTPUT, "No space.", OUTAGE_SECONDS_MAX)
    obstacles.met("queue", "No answer.", 0)
    obstacles.went_on()
    obstacles.met("queue", "No answer.", OUTAGE_SECONDS_MAX)

    assert obstacles.gave_up is None


def test_what_was_tried_is_in_the_way_or_not(intake: Intake) -> None:
    obstacles = Obstacles(Flow(intake), waits_for_ever=True)

    obstacles.tried(LEDGER, "disk I/O error", 0)
    assert intake.paused
    obstacles.tried(LEDGER, "", 1)
    assert not intake.paused
