"""Which trials the tuning makes, and what it recommends."""

from bench.tune.show import command_line
from bench.tune.sweep import (
    BATCH_ROWS,
    FETCHES_AHEAD,
    Candidates,
    Choice,
    Measured,
    choose,
    recommended,
    sweep,
    worker_counts,
)
from ingester.model.settings import Settings


def measured(choice: Choice, rate: float) -> Measured:
    return Measured(choice, rate, rate, rate, 1.0, 1)


def test_every_number_of_workers_is_tried_on_a_small_machine_and_a_few_on_a_large_one() -> None:
    assert worker_counts(2) == [1, 2, 3, 4]
    assert worker_counts(1) == [1, 2]
    assert worker_counts(64) == [1, 16, 32, 48, 64, 80, 96, 128]


def test_the_sweep_goes_on_with_what_was_best() -> None:
    def rate(choice: Choice) -> Measured:
        """Best: 3 workers, 64 fetches ahead, 256 batch rows."""
        off = abs(choice.workers - 3) + abs(choice.fetches_ahead - 64) / 64 + abs(choice.batch_rows - 256) / 256
        return measured(choice, 1000 / (1 + off))

    trials = list(sweep(Candidates((1, 2, 3, 4)), rate))

    assert [name for name, _ in trials] == (
        ["workers"] * 4
        + ["fetches ahead"] * len(FETCHES_AHEAD)
        + ["batch rows"] * len(BATCH_ROWS)
        + ["workers, tuned"] * 4
    )
    assert recommended(trials).choice == Choice(3, 64, 256)


def test_workers_are_not_tried_again_when_the_defaults_are_as_good_as_anything() -> None:
    trials = list(sweep(Candidates((1, 2)), lambda choice: measured(choice, choice.workers)))

    assert "workers, tuned" not in {name for name, _ in trials}
    assert recommended(trials).choice == Choice(2)


def test_of_one_value_there_is_nothing_to_try() -> None:
    trials = list(sweep(Candidates((1, 2), (8,), (1024,)), lambda choice: measured(choice, choice.workers)))

    assert [measured.choice for _, measured in trials] == [Choice(1, 8, 1024), Choice(2, 8, 1024)]


def test_of_rates_that_are_as_good_the_default_is_chosen_else_the_fewest_workers() -> None:
    found = [measured(Choice(1), 60), measured(Choice(2), 99), measured(Choice(3), 98), measured(Choice(4), 100)]

    assert choose(found, Choice(0)).choice.workers == 2
    assert choose(found, Choice(3)).choice.workers == 3
    assert choose(found, Choice(1)).choice.workers == 2


def test_the_recommended_command_line_says_what_differs_from_the_defaults() -> None:
    settings = Settings(output="/my lake", endpoint_url="http://127.0.0.1:9000")

    assert command_line("/logs", settings, "/my lake", Choice(3, batch_rows=1024), is_queue=False) == (
        "ingester backfill /logs --output '/my lake' --workers 3 --batch-rows 1024 --endpoint-url http://127.0.0.1:9000"
    )
    assert command_line("https://q", Settings(output="s3://b/p"), "s3://b/p", Choice(2, 200), is_queue=True) == (
        "ingester run --queue-url https://q --output s3://b/p --state-dir STATE_DIR --workers 2 --fetches-ahead 200"
    )
