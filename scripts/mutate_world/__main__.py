"""`./scripts/mutate [ROW | NAME]…`: breaks the product as each fault test's docstring says, and runs that test.

A number takes the tests of that row, a word those whose name contains it; nothing takes all. Exit code 1 if a
mutation survives, does not apply any more, or its test fails without it.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from scripts.mutate_world.mutations import DoesNotApplyError, FaultTest, Mutation, fault_tests
from scripts.mutate_world.trial import ROOT, TrialError, run_tests

KILLED = "killed"


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(
        prog="mutate", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("wanted", nargs="*", metavar="ROW | NAME")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    for test in _wanted(options.wanted):
        print(test.name, flush=True)
        for verdict, seconds, what in _judge(test):
            counts[verdict] += 1
            print(f"    {verdict:<14} {seconds:5.0f} s  {what}", flush=True)
    print(", ".join(f"{number} {verdict}" for verdict, number in counts.most_common()) or "no such test")
    return 0 if counts and set(counts) == {KILLED} else 1


def _wanted(wanted: list[str]) -> Iterator[FaultTest]:
    for test in fault_tests(ROOT):
        if not wanted or any(int(word) in test.rows if word.isdigit() else word in test.name for word in wanted):
            yield test


def _judge(test: FaultTest) -> Iterator[tuple[str, float, str]]:
    """For each mutation: the verdict, the seconds it took, and the mutation."""
    if not test.mutations:
        yield "no mutation", 0, "its docstring says of no change that it would notice it"
        return
    began_seconds = time.monotonic()
    try:
        unbroken = run_tests([test.node_id], {})
    except TrialError as error:
        yield "did not run", time.monotonic() - began_seconds, str(error)
        return
    if unbroken.failed or not unbroken.passed:
        yield "fails unbroken", time.monotonic() - began_seconds, ", ".join(unbroken.failed) or "no case was run"
        return
    for mutation in test.mutations:
        began_seconds = time.monotonic()
        verdict, remark = _try(test, mutation, unbroken.passed)
        yield verdict, time.monotonic() - began_seconds, f"{mutation}{remark}"


def _try(test: FaultTest, mutation: Mutation, cases: Sequence[str]) -> tuple[str, str]:
    wanted = [f"{test.path}::{case}" for case in cases if mutation.cases in case.removeprefix(test.name)]
    if not wanted:
        return "did not apply", f"\n        no case of: {', '.join(cases)}"
    try:
        mutated = {path.relative_to(ROOT).as_posix(): source for path, source in mutation.apply(ROOT).items()}
        verdict = run_tests(wanted, mutated)
    except DoesNotApplyError as error:
        return "did not apply", f"\n        {error}"
    except TrialError as error:
        return "did not run", f"\n        {error}"
    if verdict.is_killed:
        return KILLED, ""
    return "SURVIVED", f"\n        passed: {', '.join(verdict.passed) or 'no case was run'}"


if __name__ == "__main__":
    sys.exit(main())
