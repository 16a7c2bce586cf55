"""What every ledger promises, held against each implementation: add a maker to `MAKERS` to have yours tested."""

import threading
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

import pytest

from ingester.ledger.base import Ledger, LedgerTotals
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.commit import Commit, CommittedLogFile, DataFile
from ingester.model.errors import LedgerConflictError

OpenLedger = Callable[[], Ledger]


def open_sqlite(directory: Path) -> Ledger:
    return SqliteLedger(directory / "state" / "ledger.sqlite")


MAKERS = {"sqlite": open_sqlite}


@pytest.fixture(params=MAKERS.values(), ids=MAKERS.keys())
def open_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenLedger]:
    """Opens the same ledger, as often as it is called."""
    opened: list[Ledger] = []

    def open_again() -> Ledger:
        opened.append(request.param(tmp_path))
        return opened[-1]

    yield open_again
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(open_ledger: OpenLedger) -> Ledger:
    return open_ledger()


def key(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def log_file(name: str, etag: str = "e", rows: int = 3, quarantined: int = 0) -> CommittedLogFile:
    return CommittedLogFile(key(name + etag), key(name), f"s3://bucket/{name}", etag, rows, quarantined)


def commit_of(commit_id: str, *names: str) -> Commit:
    data_file = DataFile(f"cloudtrail/date=2024-03-13/{commit_id}-0.parquet", 3 * len(names), 1000)
    return Commit(commit_id, (data_file,), tuple(log_file(name) for name in names))


def test_a_committed_log_file_is_known_by_identity_and_by_place(ledger: Ledger) -> None:
    ledger.commit(commit_of("c1", "a", "b"))
    assert ledger.committed([key("ae"), key("ze"), key("be")]) == {key("ae"), key("be")}
    assert ledger.committed_places([key("a"), key("z")]) == {key("a")}


def test_an_identity_is_not_taken_for_a_place(ledger: Ledger) -> None:
    ledger.commit(commit_of("c1", "a"))
    assert ledger.committed([key("a")]) == set()
    assert ledger.committed_places([key("ae")]) == set()


def test_another_version_of_a_committed_object_is_new_at_the_same_place(ledger: Ledger) -> None:
    ledger.commit(Commit("c1", (), (log_file("a", "first"),)))
    ledger.commit(Commit("c2", (), (log_file("a", "second"),)))
    assert ledger.committed([key("afirst"), key("asecond")]) == {key("afirst"), key("asecond")}
    assert ledger.committed_places([key("a")]) == {key("a")}


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 511, 512, 513, 1300])
def test_any_number_of_log_files_is_answered_for(ledger: Ledger, count: int) -> None:
    names = [f"n{number}" for number in range(count)]
    ledger.commit(commit_of("c1", *names))
    identities = [key(f"{name}e") for name in names]
    assert ledger.committed(identities) == set(identities)
    assert ledger.committed([key(f"{name}?") for name in names]) == set()
    assert ledger.committed_places({key(name) for name in names}) == {key(name) for name in names}


def test_a_commit_that_claims_a_committed_log_file_changes_nothing(ledger: Ledger) -> None:
    ledger.commit(commit_of("c1", "a", "b"))
    before = ledger.totals()
    with pytest.raises(LedgerConflictError) as caught:
        ledger.commit(commit_of("c2", "new", "b", "newer", "a"))
    assert caught.value.identities == {key("ae"), key("be")}
    assert ledger.committed([key("newe"), key("newere")]) == set()
    assert ledger.totals() == before
    assert [commit.commit_id for commit in ledger.unpublished()] == ["c1"]


def test_a_rejected_commit_can_be_made_again_without_what_was_taken(ledger: Ledger) -> None:
    ledger.commit(commit_of("c1", "a"))
    with pytest.raises(LedgerConflictError):
        ledger.commit(commit_of("c2", "a", "b"))
    ledger.commit(commit_of("c2", "b"))
    assert ledger.committed([key("be")]) == {key("be")}


def test_committing_the_same_commit_again_changes_nothing(ledger: Ledger) -> None:
    commit = commit_of("c1", "a", "b")
    ledger.commit(commit)
    ledger.mark_published("c1")
    before = ledger.totals()
    ledger.commit(commit)
    assert ledger.totals() == before
    assert ledger.unpublished() == []


def test_a_commit_that_names_a_log_file_twice_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="twice"):
        ledger.commit(Commit("c1", (), (log_file("a"), log_file("a"))))
    assert ledger.totals() == LedgerTotals()


def test_a_commit_that_names_a_data_file_twice_is_refused(ledger: Ledger) -> None:
    data_file = DataFile("cloudtrail/x.parquet", 1, 1)
    with pytest.raises(ValueError, match="twice"):
        ledger.commit(Commit("c1", (data_file, data_file), (log_file("a"),)))
    assert ledger.totals() == LedgerTotals()


def test_unpublished_commits_come_back_whole_and_in_order(ledger: Ledger) -> None:
    staged = Commit(
        "c2",
        (
            DataFile("cloudtrail/z.parquet", 7, 700, upload_id="upload/ä+=", part_etags=('"e1"', "e2-2")),
            DataFile("cloudtrail/a.parquet", 5, 500),
            DataFile("_ingester/quarantine/c2.json", 1, 90, kind="quarantine"),
        ),
        (log_file("z", rows=7), log_file("a ü\u2028", rows=0), log_file("m", rows=5, quarantined=1)),
    )
    ledger.commit(commit_of("c1", "first"))
    ledger.commit(staged)
    assert ledger.unpublished() == [commit_of("c1", "first"), staged]


def test_a_published_commit_is_not_published_again(ledger: Ledger) -> None:
    ledger.commit(commit_of("c1", "a"))
    ledger.commit(commit_of("c2", "b"))
    ledger.mark_published("c1")
    ledger.mark_published("c1")
    assert [commit.commit_id for commit in ledger.unpublished()] == ["c2"]
    assert ledger.committed([key("ae")]) == {key("ae")}


def test_publishing_a_commit_that_never_landed_is_an_error(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="no commit c9"):
        ledger.mark_published("c9")


def test_totals_count_what_readers_query_and_what_was_quarantined(ledger: Ledger) -> None:
    assert ledger.totals() == LedgerTotals()
    files = (DataFile("cloudtrail/a", 10, 100), DataFile("_ingester/q", 2, 50, kind="quarantine"))
    ledger.commit(Commit("c1", files, (log_file("a", rows=4), log_file("b", rows=6, quarantined=2))))
    ledger.commit(Commit("c2", (DataFile("cloudtrail/b", 5, 70),), (log_file("c", rows=5),)))
    ledger.mark_published("c1")
    assert ledger.totals() == LedgerTotals(
        commits=2, unpublished_commits=1, log_files=3, rows=15, quarantined_records=2, data_files=2, size_bytes=170
    )


def test_everything_is_there_after_reopening(open_ledger: OpenLedger) -> None:
    first = open_ledger()
    first.commit(commit_of("c1", "a"))
    first.commit(commit_of("c2", "b"))
    first.mark_published("c1")
    totals = first.totals()
    first.close()
    again = open_ledger()
    assert again.totals() == totals
    assert again.committed([key("ae"), key("be")]) == {key("ae"), key("be")}
    assert again.unpublished() == [commit_of("c2", "b")]


def test_the_claims_that_were_noted_last_are_known_after_reopening_in_their_order(open_ledger: OpenLedger) -> None:
    first = open_ledger()
    assert first.claims() == []
    first.note_claims(["a", "b"])
    first.note_claims(["d", "c"])
    first.close()
    assert open_ledger().claims() == ["d", "c"]


def test_a_ledger_is_empty_until_its_first_commit(ledger: Ledger) -> None:
    ledger.note_claims(["a"])
    assert ledger.is_empty()
    ledger.commit(commit_of("c1"))
    assert not ledger.is_empty()


def test_closing_once_more_is_no_error(ledger: Ledger) -> None:
    ledger.close()
    ledger.close()


def test_one_of_two_racing_commits_gets_the_log_file(ledger: Ledger) -> None:
    rejected: list[frozenset[bytes]] = []
    start = threading.Barrier(4)

    def claim(number: int) -> None:
        start.wait()
        for round_ in range(20):
            try:
                ledger.commit(commit_of(f"c{number}-{round_}", f"shared{round_}", f"own{number}-{round_}"))
            except LedgerConflictError as conflict:
                rejected.append(conflict.identities)

    run_together(claim, range(4), start)
    assert len(rejected) == 60
    assert ledger.totals().log_files == 40
    assert all(identities <= {key(f"shared{round_}e") for round_ in range(20)} for identities in rejected)


def test_a_reader_sees_every_commit_that_returned_while_another_thread_writes(ledger: Ledger) -> None:
    returned: list[bytes] = []
    missing: list[bytes] = []
    done = threading.Event()

    def write(_: int) -> None:
        for number in range(100):
            ledger.commit(commit_of(f"c{number}", f"n{number}"))
            returned.append(key(f"n{number}e"))
        done.set()

    def read(_: int) -> None:
        while not done.is_set():
            known = list(returned)
            missing.extend(set(known) - ledger.committed(known))

    threads = [threading.Thread(target=write, args=(0,)), threading.Thread(target=read, args=(0,))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(returned) == 100
    assert missing == []


def run_together(target: Callable[[int], None], numbers: range, start: threading.Barrier) -> None:
    assert start.parties == len(numbers)
    threads = [threading.Thread(target=target, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)


def test_every_commit_is_given_oldest_first_with_whether_it_is_published(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.sqlite")
    first = Commit(
        "c1", (DataFile("cloudtrail/1.parquet", 1, 10),), (CommittedLogFile(b"i", b"p", "s3://b/k", "e", 1, 2, 3),)
    )
    ledger.commit(first)
    ledger.commit(commit_of("c2", "a"))
    ledger.mark_published("c1")
    found = list(ledger.each_commit())
    known = ledger.known_paths(["cloudtrail/1.parquet", "cloudtrail/2.parquet"])
    problems = ledger.problems()
    ledger.close()
    assert [(commit.commit_id, is_published) for commit, is_published in found] == [("c1", True), ("c2", False)]
    assert found[0][0] == first
    assert known == {"cloudtrail/1.parquet"}
    assert problems == []
