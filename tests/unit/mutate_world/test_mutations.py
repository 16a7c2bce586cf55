"""Every row of the list of faults has a test that says what breaks it, and what it says still fits the code."""

from pathlib import Path

import pytest

from scripts.mutate_world.mutations import (
    ROWS,
    Change,
    DoesNotApplyError,
    FaultTest,
    Mutation,
    fault_tests,
    mutations_in,
)
from scripts.mutate_world.trial import ROOT

TESTS = list(fault_tests(ROOT))
TESTS_OF_ROWS = [test for test in TESTS if test.rows]


def test_every_row_has_a_test() -> None:
    assert {row for test in TESTS for row in test.rows} == set(ROWS)


@pytest.mark.parametrize("test", TESTS_OF_ROWS, ids=lambda test: test.name)
def test_every_test_of_a_row_says_what_breaks_it(test: FaultTest) -> None:
    assert test.mutations, "write: Breaks with `file`: `old` → `new`"


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_every_mutation_still_applies_and_is_python(test: FaultTest) -> None:
    for mutation in test.mutations:
        for path, mutated in mutation.apply(ROOT).items():
            assert path.is_relative_to(ROOT / "ingester"), "the product is broken, not the test"
            assert mutated != path.read_text()
            compile(mutated, str(path), "exec")


def test_a_docstring_may_break_its_lines_anywhere() -> None:
    docstring = """What it shows. Breaks
    with `a.py`: `x = 1
    + 2` → `x = 3`. And so on; breaks with nothing else.

    Breaks [s3] with `b.py`: `return y` → `pass`
    and `c.py`: `z` → ``.
    """

    assert mutations_in(docstring) == (
        Mutation((Change("a.py", "x = 1 + 2", "x = 3"),)),
        Mutation((Change("b.py", "return y", "pass"), Change("c.py", "z", "")), cases="s3"),
    )


def test_a_mutation_replaces_its_text_wherever_the_lines_break() -> None:
    source = "def f():\n    return g(\n        1, 2\n    )\n"

    assert Change("f.py", "return g( 1, 2 )", r"return '\1'").apply(source) == "def f():\n    return '\\1'\n"


@pytest.mark.parametrize("old", ["missing", "twice"])
def test_a_mutation_whose_text_is_not_there_once_does_not_apply(tmp_path: Path, old: str) -> None:
    (tmp_path / "f.py").write_text("twice, twice")

    with pytest.raises(DoesNotApplyError, match=r"f\.py has [02] times"):
        Mutation((Change("f.py", old, ""),)).apply(tmp_path)


def test_a_mutation_of_a_file_that_is_gone_does_not_apply(tmp_path: Path) -> None:
    with pytest.raises(DoesNotApplyError, match=r"no gone\.py"):
        Mutation((Change("gone.py", "a", "b"),)).apply(tmp_path)


def test_the_name_of_a_test_says_its_rows(tmp_path: Path) -> None:
    (tmp_path / "tests" / "faults").mkdir(parents=True)
    (tmp_path / "tests" / "faults" / "test_some.py").write_text(
        "def test_row_28_and_30_a_log_file_and_12_more(): ...\ndef test_row_01_a_worker(): ...\ndef helper(): ...\n"
    )

    assert [test.rows for test in fault_tests(tmp_path)] == [(28, 30), (1,)]
