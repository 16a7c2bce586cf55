"""What a trial's figures are: the work, not the start of the workers."""

from bench.tune.sweep import Choice
from bench.tune.trial import Outcome, rates


def test_what_one_log_file_takes_alone_is_taken_off() -> None:
    measured = rates(Choice(1), Outcome(101, 1005, 2_000_100, 3.0), Outcome(1, 5, 100, 1.0), 1.5, 7)

    assert (measured.log_files, measured.events, measured.json_bytes) == (50, 500, 1_000_000)
    assert (measured.cores_busy, measured.memory_bytes) == (1.5, 7)


def test_a_run_that_is_hardly_more_than_its_start_gives_no_fabulous_rate() -> None:
    measured = rates(Choice(1), Outcome(11, 11, 11, 1.0), Outcome(1, 1, 1, 0.9999), 1.5, 7)

    assert measured.log_files <= 10 / 0.2


def test_of_a_single_log_file_nothing_is_taken_off() -> None:
    measured = rates(Choice(1), Outcome(1, 10, 100, 2.0), Outcome(1, 10, 100, 2.0), 1.5, 7)

    assert measured.json_bytes == 50
