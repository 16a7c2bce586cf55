"""Which worker gets which job: by account and region while there is room, else to whoever has the most."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from ingester.model.log_file import LogFile
from ingester.supervisor.assignment import assign, preferred_slot
from ingester.supervisor.in_flight import Job
from tests.unit.supervisor.given import log_file


def jobs(*log_files: LogFile) -> deque[Job]:
    return deque(Job(number, some, some.place) for number, some in enumerate(log_files, 1))


def accounts(preferring: int, slots: int) -> list[str]:
    """Accounts whose log files prefer this slot."""
    names = [f"{number:012}" for number in range(100)]
    return [name for name in names if preferred_slot(jobs(log_file(account=name))[0], slots) == preferring]


def test_log_files_of_one_account_and_region_go_to_one_worker() -> None:
    waiting = jobs(*(log_file(number) for number in range(20)))
    slot = preferred_slot(waiting[0], 4)

    assigned = assign(waiting, dict.fromkeys(range(4), 100), 4)

    assert {worker: len(some) for worker, some in assigned.items()} == {slot: 20}


def test_accounts_spread_over_all_workers() -> None:
    waiting = jobs(*(log_file(1, account=f"{number:012}") for number in range(100)))

    assigned = assign(waiting, dict.fromkeys(range(4), 100), 4)

    assert {worker for worker, some in assigned.items() if len(some) > 10} == {0, 1, 2, 3}


def test_what_finds_no_room_goes_to_the_worker_with_the_most_room() -> None:
    account = accounts(0, 3)[0]
    waiting = jobs(*(log_file(number, account=account) for number in range(6)))

    assigned = assign(waiting, {0: 2, 1: 1, 2: 10}, 3)

    assert {worker: [job.number for job in some] for worker, some in assigned.items()} == {0: [1, 2], 2: [3, 4, 5, 6]}


def test_a_worker_that_is_not_alive_or_has_no_room_gets_nothing() -> None:
    waiting = jobs(*(log_file(number, account=accounts(0, 3)[0]) for number in range(3)))

    assert list(assign(waiting, {1: 0, 2: -5}, 3)) == []
    assert len(waiting) == 3
    assert list(assign(waiting, {1: -1, 2: 5}, 3)) == [2]
    assert not waiting


def test_a_log_file_outside_the_key_layout_has_a_worker_of_its_own_choice_too() -> None:
    slots = {preferred_slot(jobs(LogFile("", f"/logs/{number}.json.gz"))[0], 4) for number in range(50)}

    assert slots == {0, 1, 2, 3}


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100)), max_size=30),
    st.dictionaries(st.integers(0, 3), st.integers(-3, 8), max_size=4),
)
def test_no_job_is_lost_or_doubled_and_no_worker_gets_more_than_its_room(
    some: list[tuple[int, int]], room: dict[int, int]
) -> None:
    waiting = jobs(*(log_file(number, account=f"{account:012}") for account, number in some))
    before = list(waiting)

    assigned = assign(waiting, room, 4)

    given_out = [job for of_worker in assigned.values() for job in of_worker]
    assert sorted(job.number for job in [*given_out, *waiting]) == [job.number for job in before]
    assert all(0 < len(of_worker) <= room[slot] for slot, of_worker in assigned.items())
    assert not waiting or len(given_out) == sum(max(0, jobs_more) for jobs_more in room.values())
    assert list(waiting) == before[len(given_out) :]
