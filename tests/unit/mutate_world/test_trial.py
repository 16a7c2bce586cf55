"""A trial runs a copy, mutated or not, and tells which cases failed."""

import pytest

from scripts.mutate_world.trial import ROOT, TrialError, check_copy, copy_of_project, run_tests


def test_what_runs_in_a_copy_imports_the_copy() -> None:
    with copy_of_project() as root:
        check_copy(root)
        (root / "ingester").rename(root / "away")
        with pytest.raises(TrialError, match="does not import it"):
            check_copy(root)
    assert not root.exists()


def test_those_that_notice_a_mutation_fail_and_the_others_pass() -> None:
    name = "ingester/supervisor/restart.py"
    at_once = (ROOT / name).read_text().replace("if deaths == 1:", "if False:")
    tests = "tests/unit/supervisor/test_restart.py"
    noticing = "test_a_worker_that_had_worked_is_replaced_at_once_however_often"
    blind = "test_work_of_others_does_not_let_a_slot_that_can_not_live_spin"

    verdict = run_tests([f"{tests}::{noticing}", f"{tests}::{blind}"], {name: at_once})

    assert (verdict.failed, verdict.passed) == ((noticing,), (blind,))
    assert not verdict.is_killed


def test_a_test_that_can_not_be_run_is_no_verdict() -> None:
    with pytest.raises(TrialError, match="pytest ended with 4"):
        run_tests(["tests/unit/supervisor/test_restart.py::test_nothing_of_this_name"], {})
