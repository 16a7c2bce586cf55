"""What a chaos run takes for growth, and what not."""

from dataclasses import replace

import pytest

from scripts.chaos_world.drawing import as_text
from scripts.chaos_world.gauges import Sample, growth, longest_life

FLAT = Sample(
    seconds=0, life=1, supervisor_bytes=80_000_000, workers_bytes=300_000_000, supervisor_descriptors=20,
    workers_descriptors=40, ledger_bytes=1_000_000, ledger_log_files=1_000,
)  # fmt: skip


def a_run(minutes: int = 10, **growing: int) -> list[Sample]:
    """A sample a second; what is named grows by so much a minute."""
    return [
        replace(
            FLAT, seconds=second, **{name: getattr(FLAT, name) + by * second // 60 for name, by in growing.items()}
        )
        for second in range(minutes * 60)
    ]


def test_a_flat_run_is_flat() -> None:
    assert list(growth(a_run())) == []


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("supervisor_bytes", 6_000_000),
        ("workers_bytes", 25_000_000),
        ("supervisor_descriptors", 3),
        ("workers_descriptors", 5),
    ],
)
def test_a_leak_is_found(name: str, by: int) -> None:
    (found,) = growth(a_run(**{name: by}))

    assert found.startswith(f"{name} grew from ")


def test_a_ledger_may_grow_by_its_log_files_only() -> None:
    assert list(growth(a_run(ledger_bytes=50_000_000, ledger_log_files=100_000))) == []
    assert "the ledger has" in next(growth(a_run(ledger_bytes=50_000_000)))


def test_short_lives_tell_nothing_and_the_longest_is_judged() -> None:
    leaking = a_run(1, supervisor_bytes=100_000_000)
    long = [replace(sample, life=2, seconds=sample.seconds + 60) for sample in a_run(10)]

    assert list(growth(leaking)) == []
    assert longest_life([*leaking, *long]) == long


def test_the_courses_are_drawn_from_nothing_upwards() -> None:
    drawn = as_text(a_run(10, supervisor_bytes=80_000_000)).splitlines()

    assert drawn[0].startswith("supervisor MB            ▁")
    assert "█ " in drawn[0]
    assert as_text([]) == ""
