"""When a dead worker gets a successor, and when to give up."""

from ingester.supervisor.restart import BACKOFF_SECONDS_MAX, DEATHS_AT_START_MAX, Restarts


def test_a_worker_that_had_worked_is_replaced_at_once_however_often() -> None:
    restarts = Restarts()

    assert [restarts.died(0, 100.0, had_worked=True) for _ in range(1_000)] == [100.0] * 1_000


def test_a_worker_that_dies_at_its_start_is_replaced_later_each_time_up_to_a_limit() -> None:
    restarts = Restarts()
    due = []
    for _ in range(30):
        due.append(restarts.died(0, 100.0, had_worked=False))
        restarts.worked()

    waits = [seconds - 100.0 for seconds in due if seconds is not None]
    assert waits[0] == 0
    assert waits == sorted(waits)
    assert waits[-1] == BACKOFF_SECONDS_MAX
    assert len(waits) == 30


def test_a_slot_that_can_not_live_does_not_delay_the_others() -> None:
    restarts = Restarts()
    for _ in range(5):
        restarts.died(0, 100.0, had_worked=False)

    assert restarts.died(1, 100.0, had_worked=False) == 100.0
    assert restarts.died(2, 100.0, had_worked=True) == 100.0


def test_work_of_others_does_not_let_a_slot_that_can_not_live_spin() -> None:
    restarts = Restarts()
    restarts.died(0, 100.0, had_worked=False)
    restarts.worked()

    assert (restarts.died(0, 100.0, had_worked=False) or 0) > 100.0


def test_work_in_a_slot_resets_its_backoff() -> None:
    restarts = Restarts()
    for _ in range(5):
        restarts.died(0, 100.0, had_worked=False)

    assert restarts.died(0, 100.0, had_worked=True) == 100.0
    assert (restarts.died(0, 100.0, had_worked=False) or 0) < 100.2


def test_deaths_at_the_start_without_any_work_are_given_up_over_all_slots_together() -> None:
    restarts = Restarts()

    due = [restarts.died(number % 4, 100.0, had_worked=False) for number in range(DEATHS_AT_START_MAX + 1)]

    assert None not in due[:-1]
    assert due[-1] is None


def test_deaths_at_the_start_over_days_of_work_are_no_reason_to_give_up() -> None:
    restarts = Restarts()

    for _ in range(DEATHS_AT_START_MAX * 3):
        assert restarts.died(0, 100.0, had_worked=False) is not None
        restarts.worked()
