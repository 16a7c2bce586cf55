"""How many jobs a worker asks for: about a second of its own work."""

import pytest

from ingester.worker.pace import JOBS_AT_FIRST, JOBS_MAX, Pace


def test_a_worker_begins_with_a_handful() -> None:
    assert Pace(100.0).jobs_wanted == JOBS_AT_FIRST


@pytest.mark.parametrize(
    ("done", "seconds", "wanted"),
    [(100, 1.0, 100), (100, 0.25, 400), (1, 10.0, JOBS_AT_FIRST), (1_000_000, 1.0, JOBS_MAX)],
)
def test_it_wants_what_it_does_in_a_second_within_bounds(done: int, seconds: float, wanted: int) -> None:
    pace = Pace(100.0)
    pace.measure(100.0 + seconds, done)

    assert pace.jobs_wanted == wanted


def test_only_the_time_since_the_last_measure_counts() -> None:
    pace = Pace(100.0)
    pace.measure(101.0, 1000)
    pace.measure(102.0, 1500)

    assert pace.jobs_wanted == 500


def test_a_worker_without_work_keeps_its_pace() -> None:
    pace = Pace(100.0)
    pace.measure(101.0, 1000)
    pace.measure(200.0, 1000)
    assert pace.jobs_wanted == 1000

    pace.measure(201.0, 1800)
    assert pace.jobs_wanted == 800


def test_a_clock_that_stands_still_is_no_division_by_zero() -> None:
    pace = Pace(100.0)
    pace.measure(100.0, 50)

    assert pace.jobs_wanted == JOBS_AT_FIRST


def test_a_worker_that_is_through_half_of_its_jobs_before_the_measure_is_hungry() -> None:
    pace = Pace(100.0)

    assert not pace.is_hungry(jobs_received=16, jobs_done=8)
    assert pace.is_hungry(jobs_received=16, jobs_done=9)
    pace.double()
    assert pace.jobs_wanted == 2 * JOBS_AT_FIRST
    assert not pace.is_hungry(jobs_received=16, jobs_done=9)


def test_a_worker_whose_supervisor_has_given_it_enough_is_not_hungry() -> None:
    assert not Pace(100.0).is_hungry(jobs_received=100, jobs_done=9)


def test_a_worker_that_wants_as_much_as_it_may_does_not_ask_with_every_job() -> None:
    pace = Pace(100.0)
    while pace.jobs_wanted < JOBS_MAX:
        pace.double()

    assert not pace.is_hungry(jobs_received=JOBS_MAX, jobs_done=JOBS_MAX)
    pace.double()
    assert pace.jobs_wanted == JOBS_MAX
