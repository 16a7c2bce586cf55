"""Suspects are tried in ever smaller groups until the log file that crashes its worker is found."""

import pytest

from ingester.model.log_file import LogFile
from ingester.supervisor.in_flight import Job
from ingester.supervisor.isolation import GUILTY_IN_ROW_MAX, Isolation


def _jobs(count: int) -> list[Job]:
    return [Job(number, LogFile("b", str(number)), b"") for number in range(count)]


def _try(isolation: Isolation, poison: set[int]) -> tuple[list[int], list[int], int]:
    """Numbers acquitted and found guilty, and how many workers died, until no suspect is left."""
    acquitted, guilty, deaths = [], [], 0
    isolation.slot = 0
    while group := isolation.next_group():
        if poison & {job.number for job in group}:
            deaths += 1
            again, found = isolation.crashed(0, group)
            assert again == []
            guilty += [job.number for job in found]
        else:
            acquitted += [job.number for job in group]
    return acquitted, guilty, deaths


def test_a_first_crash_makes_no_suspects() -> None:
    isolation = Isolation()
    jobs = _jobs(5)

    assert isolation.crashed(1, jobs) == (jobs, [])
    assert not isolation.is_needed


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 1000])
@pytest.mark.parametrize("poison", [{0}, {0, 5}, set()])
def test_exactly_the_log_files_that_crash_their_worker_are_found(count: int, poison: set[int]) -> None:
    isolation = Isolation()
    jobs = _jobs(count)
    poison &= set(range(count))
    isolation.crashed(1, jobs)
    isolation.crashed(1, jobs)

    acquitted, guilty, _ = _try(isolation, poison)

    assert set(guilty) == poison
    assert sorted(acquitted) == sorted(set(range(count)) - poison)
    assert not isolation.is_needed
    assert isolation.slot is None


def test_one_among_a_thousand_takes_six_deaths() -> None:
    isolation = Isolation()
    jobs = _jobs(1000)
    isolation.crashed(1, jobs)
    isolation.crashed(1, jobs)

    assert _try(isolation, {777})[2] <= 6


def test_when_every_log_file_crashes_its_worker_alone_the_log_files_are_not_to_blame() -> None:
    isolation = Isolation()
    jobs = _jobs(GUILTY_IN_ROW_MAX)
    isolation.crashed(1, jobs)
    isolation.crashed(1, jobs)

    _try(isolation, set(range(GUILTY_IN_ROW_MAX)))

    assert isolation.is_pointless


def test_a_crash_of_another_worker_during_a_trial_is_not_held_against_the_tried() -> None:
    isolation = Isolation()
    jobs = _jobs(16)
    isolation.crashed(1, jobs)
    isolation.crashed(1, jobs)
    isolation.slot = 0
    tried = isolation.next_group()
    others = _jobs(3)

    assert isolation.crashed(1, others) == (others, [])
    assert tried
    assert isolation.slot == 0


@pytest.mark.parametrize("last_is_guilty", [True, False])
def test_the_slot_is_free_for_all_again_once_no_suspect_is_left(last_is_guilty: bool) -> None:
    isolation = Isolation()
    (job,) = _jobs(1)
    isolation.crashed(1, [job])
    isolation.crashed(1, [job])
    isolation.slot = 1
    while isolation.is_needed:
        if isolation.next_group() and last_is_guilty:
            isolation.crashed(1, [job])

    assert isolation.slot is None


def test_a_drain_takes_the_suspects_that_no_worker_has_and_frees_the_slot() -> None:
    isolation = Isolation()
    jobs = _jobs(16)
    isolation.crashed(1, jobs)
    isolation.crashed(1, jobs)
    isolation.slot = 0
    tried = isolation.next_group()

    assert sorted(job.number for job in [*tried, *isolation.drop()]) == list(range(16))
    assert isolation.drop() == []
    isolation.crashed(0, [])
    assert isolation.slot is None
