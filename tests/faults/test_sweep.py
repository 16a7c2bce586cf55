"""Each call to SQS, S3, the file system and the ledger fails in turn: the 1st, the 2nd, … until a run ends without
having met its fault; once, and in a second pass for good, from then on.

A call fails before it has done anything, or after it has done it all, its answer lost: what came of it is unknown
then, and has to be asked. After each run a clean one follows, and the oracle and `verify` decide.

CI takes the first call of each kind; FAULTS_SWEEP=all takes every one:

    FAULTS_SWEEP=all ./scripts/test tests/faults/test_sweep.py tests/faults/test_sweep_of_calls.py --timeout 7200
"""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingester.model.errors import LakeDamagedError
from ingester.model.settings import Settings
from scripts.demo_world.log_files import GeneratedLogFile
from tests.faults.in_process import findings, in_a_hurry, ingest
from tests.faults.operations import Operations
from tests.support.lake import DiskLake, Lake
from tests.support.trail import expected_records, small_world

IS_WHOLE = os.environ.get("FAULTS_SWEEP") == "all"
CALLS_MAX = 2_000
whole_only = pytest.mark.skipif(not IS_WHOLE, reason="only with FAULTS_SWEEP=all")


@pytest.fixture(autouse=True)
def _in_a_hurry() -> Iterator[None]:
    with in_a_hurry():
        yield


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for-good"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_any_call_to_the_file_system_or_the_ledger_may_fail_on_disk(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, for_good: bool, after: bool
) -> None:
    """Fails when `Committer._insist` takes every error for done, and when `roll_forward` publishes nothing."""
    log_files = small_world(40)
    source = tmp_path / "source"
    for log_file in log_files:
        path = source / log_file.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(log_file.body)
    of_disk = [GeneratedLogFile(str(source / one.key), one.body, one.events, one.json_bytes) for one in log_files]
    expected = Counter(expected_records("", of_disk).keys())

    def world(name: str) -> tuple[Lake, Settings]:
        lake = DiskLake(tmp_path / name)
        return lake, Settings(source=str(source), output=str(lake.root), grace_seconds=0.2)

    def run(name: str, operations: Operations) -> None:
        lake, settings = world(name)
        operations.root = tmp_path
        with pytest.MonkeyPatch.context() as monkeypatch:
            operations.install(monkeypatch)
            error = ingest(settings)
        assert not isinstance(error, LakeDamagedError), operations.met
        assert ingest(settings) is None, operations.met
        assert lake.places() == expected, operations.met
        assert lake.leftovers() == [], operations.met
        assert findings(settings) == [], operations.met

    sweep(run, Operations(tmp_path, for_good=for_good, after=after))
    assert errors_of_ours(caplog) == []


def sweep(run: Callable[[str, Operations], None], like: Operations) -> None:
    """A run for each call that fails: for every one, or for the first of each kind."""
    wanted: list[int] | None = None
    if not IS_WHOLE:
        counted = Operations(like.root)
        run("counted", counted)
        kinds = [kind_of(call) for call in counted.calls]
        wanted = sorted({kinds.index(kind) + 1 for kind in kinds})
        print(f"{len(kinds)} calls of {len(wanted)} kinds")
    for nth in wanted or range(1, CALLS_MAX):
        operations = Operations(like.root, nth=nth, for_good=like.for_good, after=like.after)
        run(f"lake-{nth}", operations)
        if operations.met is None:
            print(f"{nth - 1} calls failed in turn")
            return
    assert wanted, f"after {CALLS_MAX} runs there is still a call to fail"


def kind_of(call: str) -> str:
    """What is done to what sort of file: the names of its directories and its ending, without ids and dates."""
    function, _, path = call.rpartition(" ")
    words = [word for word in path.split("/")[1:] if word.isalpha() or word.startswith("_")]
    return f"{function} {'/'.join(words[:2])} {Path(path).suffix}"


def errors_of_ours(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What a user would see as a traceback."""
    return [record.getMessage() for record in caplog.records if record.exc_info and record.levelno >= logging.ERROR]
