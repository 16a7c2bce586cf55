"""How many jobs a worker asks for: a little of its own work."""

import pytest

from ingester.worker.pace import JOBS_AT_FIRST, JOBS_MAX, Pace


def test_a_worker_begins_with_a_handful() -> None:
    assert Pace(100.0).jobs_wanted == JOBS_AT_FIRST


@pytest.mark.parametrize(
    ("done", "seconds", "wanted"),
    [(100, 1.0, 40), (100, 0.25, 160), (1, 10.0, JOBS_AT_FIRST), (1_000_000, 1.0, JOBS_MAX)],
)
def test_it_wants_what_it_does_in_two_fifths_of_a_second_within_bounds(
    done: int, seconds: float, wanted: int
) -> None:
    pace = Pace(100.0)
    pace.measure(100.0 + seconds, done)

    assert pace.jobs_wanted == wanted


def test_only_the_time_since_the_last_measure_counts() -> None:
    pace = Pace(100.0)
    pace.measure(101.0, 1000)
    pace.measure(102.0, 1500)

    assert pace.jobs_wanted == 200


def test_a_worker_without_work_keeps_its_pace() -> None:
    pace = Pace(100.0)
    pace.measure(101.0, 1000)
    pace.measure(200.0, 1000)
    assert pace.jobs_wanted == 400

    pace.measure(201.0, 1800)
    assert pace.jobs_wanted == 320


def test_a_clock_that_stands_still_is_no_division_by_zero() -> None:
    pace = Pace(100.0)
    pace.measure(100.0, 50)

    assert pace.jobs_wanted == JOBS_AT_FIRST


def test_a_worker_that_got_all_it_asked_for_and_is_through_half_of_it_is_hungry() -> None:
    pace = Pace(100.0)

    assert not pace.is_hungry(jobs_welcome=16, jobs_received=16, jobs_done=7)
    assert pace.is_hungry(jobs_welcome=16, jobs_received=16, jobs_done=8)


def test_a_worker_whose_supervisor_has_nothing_more_to_give_does_not_ask_with_every_job() -> None:
    assert not Pace(100.0).is_hungry(jobs_welcome=16, jobs_received=15, jobs_done=15)


@pytest.mark.parametrize(("done", "wanted"), [(1000, 2 * JOBS_AT_FIRST), (50, 20), (1, JOBS_AT_FIRST)])
def test_it_grows_as_far_as_it_works_but_no_more_than_twice(done: int, wanted: int) -> None:
    pace = Pace(100.0)
    pace.grow(101.0, done)

    assert pace.jobs_wanted == wanted


def test_what_was_wanted_does_not_shrink_before_it_is_measured() -> None:
    pace = Pace(100.0)
    pace.measure(101.0, 1000)
    pace.grow(102.0, 1001)

    assert pace.jobs_wanted == 400
