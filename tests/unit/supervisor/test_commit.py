"""Commit and publish in their order, whatever fails in between; and what a predecessor left behind."""

import queue
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import pytest

from ingester.lake.publish_disk import DiskLake
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.commit import Commit, DataFile
from ingester.model.errors import LakeDamagedError, LedgerConflictError, OutputError
from ingester.model.quarantine import QuarantinedLogFile
from ingester.supervisor import commit as commit_module
from ingester.supervisor.commit import (
    Committer,
    CommitterFailed,
    OutputTrouble,
    Published,
    Quarantined,
    Rejected,
    roll_forward,
)
from tests.unit.supervisor.given import COMMIT_ID, commit_of, log_file, staged_data_file

ENTRY = QuarantinedLogFile(log_file(1).uri, "e1", "not gzip", 5, "2024-03-13T00:00:00Z", "2024-03-13T00:00:00Z")


class FullDiskError(OutputError):
    """What a disk answers for a while."""


class Faults:
    """Lets calls fail: `before` or `after` what they do (the answer that never came), so many times each."""

    def __init__(self, **times: int) -> None:
        self.times = times
        self.calls: list[str] = []

    def call(self, name: str, action: Callable[[], None]) -> None:
        self.calls.append(name)
        if self.times.get(f"{name}_before", 0) > 0:
            self.times[f"{name}_before"] -= 1
            raise FullDiskError(f"{name}: no space")
        action()
        if self.times.get(f"{name}_after", 0) > 0:
            self.times[f"{name}_after"] -= 1
            raise FullDiskError(f"{name}: no answer")


class FaultyLake(DiskLake):
    """A lake on a disk with faults."""

    faults = Faults()

    def publish(self, commit: Commit) -> None:
        self.faults.call("publish", lambda: super(FaultyLake, self).publish(commit))

    def discard(self, commit_id: str, data_files: Sequence[DataFile]) -> None:
        self.faults.call("discard", lambda: super(FaultyLake, self).discard(commit_id, data_files))

    def sweep(self, pending: Collection[str], prefix: str = "") -> int:
        self.faults.call("sweep", lambda: None)
        return super().sweep(pending, prefix)

    def quarantine_log_file(self, entry: QuarantinedLogFile) -> None:
        self.faults.call("quarantine", lambda: super(FaultyLake, self).quarantine_log_file(entry))


class FaultyLedger(SqliteLedger):
    """A ledger on a disk with faults."""

    faults = Faults()

    def commit(self, commit: Commit) -> None:
        self.faults.call("commit", lambda: super(FaultyLedger, self).commit(commit))

    def mark_published(self, commit_id: str) -> None:
        self.faults.call("mark", lambda: super(FaultyLedger, self).mark_published(commit_id))


class WaitingLedger(SqliteLedger):
    """A ledger that is slow to commit."""

    may_commit = threading.Event()

    def commit(self, commit: Commit) -> None:
        assert self.may_commit.wait(10)
        super().commit(commit)


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit_module, "_RETRY_SECONDS_FIRST", 0.001)


def with_faults(lake: DiskLake, ledger: SqliteLedger, faults: Faults) -> None:
    """From now on, the disk below both has these faults."""
    lake.__class__, ledger.__class__ = FaultyLake, FaultyLedger
    lake.faults = ledger.faults = faults  # type: ignore[attr-defined]


def work_off(lake: DiskLake, ledger: SqliteLedger, *tasks: Callable[[Committer], None]) -> list[object]:
    """What a committer posts for these tasks, one after another."""
    posted: queue.Queue[object] = queue.Queue()
    committer = Committer(ledger, lake, posted.put)
    committer.start()
    answers: list[object] = []
    for task in tasks:
        task(committer)
        answers.append(posted.get(timeout=10))
        while isinstance(answers[-1], OutputTrouble):
            answers.append(posted.get(timeout=10))
    committer.stop()
    assert not committer.is_alive()
    assert posted.empty()
    return answers


def published(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "cloudtrail").rglob("*.parquet"))


def test_a_commit_is_in_the_ledger_and_its_files_are_visible_before_it_is_posted(
    lake: DiskLake, ledger: SqliteLedger, tmp_path: Path
) -> None:
    commit = commit_of(log_file(1), data_files=(staged_data_file(tmp_path),))

    assert work_off(lake, ledger, lambda committer: committer.submit(commit)) == [Published(commit)]
    assert published(tmp_path) == [f"20240313T000500Z-{COMMIT_ID}-1.parquet"]
    assert ledger.committed({log_file(1).identity}) == {log_file(1).identity}
    assert ledger.unpublished() == []


def test_a_commit_without_rows_is_published_too(lake: DiskLake, ledger: SqliteLedger) -> None:
    commit = commit_of(log_file(1))

    assert work_off(lake, ledger, lambda committer: committer.submit(commit)) == [Published(commit)]


def test_a_commit_of_a_log_file_that_is_in_is_rejected_and_what_it_staged_is_gone(
    lake: DiskLake, ledger: SqliteLedger, tmp_path: Path
) -> None:
    ledger.commit(commit_of(log_file(1), commit_id="0" * 32))
    commit = commit_of(log_file(1), log_file(2), data_files=(staged_data_file(tmp_path),))

    (answer,) = work_off(lake, ledger, lambda committer: committer.submit(commit))

    assert answer == Rejected(commit, frozenset({log_file(1).identity}))
    assert published(tmp_path) == []
    assert list((tmp_path / "_ingester/staging").iterdir()) == []
    assert ledger.committed({log_file(2).identity}) == set()


@pytest.mark.usefixtures("quick_retries")
@pytest.mark.parametrize(
    ("fault", "calls"),
    [
        ("commit_before", ["commit", "commit", "commit", "publish", "mark"]),
        ("commit_after", ["commit", "commit", "commit", "publish", "mark"]),
        ("publish_before", ["commit", "publish", "publish", "publish", "mark"]),
        ("publish_after", ["commit", "publish", "publish", "publish", "mark"]),
        ("mark_before", ["commit", "publish", "mark", "mark", "mark"]),
        ("mark_after", ["commit", "publish", "mark", "mark", "mark"]),
    ],
)
def test_while_the_output_can_not_be_written_each_step_is_tried_until_it_is_done(
    lake: DiskLake, ledger: SqliteLedger, tmp_path: Path, fault: str, calls: list[str]
) -> None:
    faults = Faults(**{fault: 2})
    with_faults(lake, ledger, faults)
    commit = commit_of(log_file(1), data_files=(staged_data_file(tmp_path),))

    answers = work_off(lake, ledger, lambda committer: committer.submit(commit))

    assert faults.calls == calls
    assert [type(answer) for answer in answers] == [OutputTrouble] * 3 + [Published]
    assert [isinstance(answer.error, FullDiskError) for answer in answers if isinstance(answer, OutputTrouble)] == [
        True,
        True,
        False,
    ]
    assert len(published(tmp_path)) == 1
    assert ledger.totals().rows == 1


@pytest.mark.usefixtures("quick_retries")
def test_a_commit_that_is_rejected_after_trouble_says_that_the_output_can_be_written_again(
    lake: DiskLake, ledger: SqliteLedger
) -> None:
    ledger.commit(commit_of(log_file(1), commit_id="0" * 32))
    with_faults(lake, ledger, Faults(commit_before=1))
    commit = commit_of(log_file(1))

    answers = work_off(lake, ledger, lambda committer: committer.submit(commit))

    assert [type(answer) for answer in answers] == [OutputTrouble, OutputTrouble, Rejected]
    assert answers[1] == OutputTrouble(None)


@pytest.mark.parametrize("fault", ["commit_before", "commit_after", "publish_before", "publish_after", "mark_before"])
def test_a_run_that_ends_while_the_output_can_not_be_written_posts_nothing_and_the_next_start_ends_it_well(
    lake: DiskLake, ledger: SqliteLedger, tmp_path: Path, fault: str
) -> None:
    with_faults(lake, ledger, Faults(**{fault: 10**9}))
    posted: queue.Queue[object] = queue.Queue()
    committer = Committer(ledger, lake, posted.put)
    committer.start()
    committer.submit(commit_of(log_file(1), data_files=(staged_data_file(tmp_path),)))
    assert isinstance(posted.get(timeout=10), OutputTrouble)

    committer.stop()

    assert not committer.is_alive()
    assert not [item for item in posted.queue if not isinstance(item, OutputTrouble)]
    with_faults(lake, ledger, Faults())
    assert roll_forward(ledger, lake) == (0 if fault == "commit_before" else 1)
    lake.sweep(())
    assert len(published(tmp_path)) == ledger.totals().rows == (0 if fault == "commit_before" else 1)
    assert list((tmp_path / "_ingester/staging").iterdir()) == []


def test_a_committed_data_file_that_is_gone_ends_the_run(
    lake: DiskLake, ledger: SqliteLedger, tmp_path: Path
) -> None:
    lost = staged_data_file(tmp_path)
    (tmp_path / "_ingester/staging" / COMMIT_ID / lost.path).unlink()

    (answer,) = work_off(lake, ledger, lambda committer: committer.submit(commit_of(log_file(1), data_files=(lost,))))

    assert isinstance(answer, CommitterFailed)
    assert isinstance(answer.error, LakeDamagedError)
    with pytest.raises(LakeDamagedError):
        roll_forward(ledger, lake)


def test_an_error_of_our_own_ends_the_run_and_is_not_swallowed(lake: DiskLake, ledger: SqliteLedger) -> None:
    twice = commit_of(log_file(1), log_file(1))

    (answer,) = work_off(lake, ledger, lambda committer: committer.submit(twice))

    assert isinstance(answer, CommitterFailed)
    assert isinstance(answer.error, ValueError)


@pytest.mark.usefixtures("quick_retries")
def test_a_quarantine_entry_is_durable_before_it_is_posted(lake: DiskLake, ledger: SqliteLedger) -> None:
    with_faults(lake, ledger, Faults(quarantine_before=1))

    answers = work_off(lake, ledger, lambda committer: committer.quarantine(7, ENTRY))

    assert answers[-1] == Quarantined(7, ENTRY)
    assert lake.list_quarantine() == [ENTRY]


def test_what_is_submitted_before_the_stop_is_done_in_order(
    lake: DiskLake, ledger: SqliteLedger, tmp_path: Path
) -> None:
    posted: list[object] = []
    committer = Committer(ledger, lake, posted.append)
    commits = [commit_of(log_file(number), commit_id=f"{number:032x}") for number in range(5)]
    for commit in commits:
        committer.submit(commit)
    committer.start()
    committer.stop()

    assert posted == [Published(commit) for commit in commits]


def test_rolling_forward_twice_is_rolling_forward_once(lake: DiskLake, ledger: SqliteLedger, tmp_path: Path) -> None:
    ledger.commit(commit_of(log_file(1), data_files=(staged_data_file(tmp_path),)))

    assert roll_forward(ledger, lake) == 1
    assert roll_forward(ledger, lake) == 0
    assert len(published(tmp_path)) == 1
    with pytest.raises(LedgerConflictError):
        ledger.commit(commit_of(log_file(1), commit_id="1" * 32))


def test_a_sweep_leaves_what_its_worker_had_prepared_before(
    lake: DiskLake, ledger: SqliteLedger, tmp_path: Path
) -> None:
    """Fails when `Committer.sweep` sweeps at once, and does not wait for what was submitted."""
    prefix = COMMIT_ID[:16]
    unprepared = tmp_path / "_ingester/staging" / (prefix + "9" * 16)
    of_another = tmp_path / "_ingester/staging" / ("8" * 32)
    unprepared.mkdir(parents=True)
    of_another.mkdir()
    commit = commit_of(log_file(1), data_files=(staged_data_file(tmp_path),))

    ledger.__class__ = WaitingLedger
    ledger.may_commit = threading.Event()  # type: ignore[attr-defined]

    def submit_and_sweep(committer: Committer) -> None:
        committer.submit(commit)
        committer.sweep(prefix)
        ledger.may_commit.set()  # type: ignore[attr-defined]

    later = commit_of(log_file(2), commit_id="7" * 32)
    answers = work_off(lake, ledger, submit_and_sweep, lambda committer: committer.submit(later))

    assert answers == [Published(commit), Published(later)]
    assert len(published(tmp_path)) == 1
    assert list((tmp_path / "_ingester/staging").iterdir()) == [of_another]


def test_a_sweep_that_fails_holds_nobody_up_and_is_done_with_the_next(
    lake: DiskLake, ledger: SqliteLedger, tmp_path: Path
) -> None:
    staging = tmp_path / "_ingester/staging"
    for digit in "12":
        (staging / (digit * 32)).mkdir(parents=True)
    with_faults(lake, ledger, Faults(sweep_before=1))
    left: list[list[str]] = []

    def sweep_and_submit(committer: Committer, digit: int) -> None:
        committer.sweep(f"{digit}" * 16)
        committer.submit(commit_of(log_file(digit), commit_id=f"{digit + 2}" * 32))

    def look_then_again(committer: Committer) -> None:
        left.append(sorted(path.name[0] for path in staging.iterdir()))
        sweep_and_submit(committer, 2)

    answers = work_off(lake, ledger, lambda committer: sweep_and_submit(committer, 1), look_then_again)

    assert [type(answer) for answer in answers] == [Published] * 2
    assert left == [["1", "2"]]
    assert list(staging.iterdir()) == []
