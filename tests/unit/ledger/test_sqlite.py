"""The SQLite ledger against the outside world: kills, full disks, files that are no ledger."""

import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path

import pytest

from ingester.ledger.sqlite import SqliteLedger
from ingester.ledger.sqlite_open import APPLICATION_ID, SCHEMA_VERSION
from ingester.model.commit import Commit, CommittedLogFile, DataFile
from ingester.model.errors import ConfigurationError, OutputError

LOG_FILES_IN_COMMIT = 7

COMMITTING_LOOP = """
import sys
from pathlib import Path
from tests.unit.ledger.test_sqlite import commit_number
from ingester.ledger.sqlite import SqliteLedger

ledger = SqliteLedger(Path(sys.argv[1]))
number = int(sys.argv[2])
while True:
    ledger.commit(commit_number(number))
    print("committed", number, flush=True)
    ledger.mark_published(commit_number(number).commit_id)
    print("published", number, flush=True)
    number += 1
"""


def commit_number(number: int) -> Commit:
    names = [f"{number}/{place}" for place in range(LOG_FILES_IN_COMMIT)]
    data_files = tuple(DataFile(f"cloudtrail/{number}-{place}.parquet", 10, 100) for place in range(3))
    log_files = tuple(CommittedLogFile(key(name), key("p" + name), f"s3://b/{name}", "e", 4) for name in names)
    return Commit(f"{number:032x}", data_files, log_files)


def commit_many(ledger: SqliteLedger, count: int) -> None:
    for number in range(count):
        ledger.commit(commit_number(number))


def key(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def test_what_was_told_as_committed_survives_sigkill_and_no_commit_is_half_there(path: Path) -> None:
    committed: list[int] = []
    published: list[int] = []
    for round_ in range(8):
        # killed after a different number of lines each time, so at another place of the loop
        first = len(committed) and max(committed) + 2
        lines = run_until_killed(path, first, lines_before_kill=3 + 5 * round_)
        committed += [int(line.split()[1]) for line in lines if line.startswith("committed")]
        published += [int(line.split()[1]) for line in lines if line.startswith("published")]
        with closing(SqliteLedger(path)) as ledger:
            assert_whole(ledger, committed, published)
    assert len(committed) > 50


def run_until_killed(path: Path, first: int, lines_before_kill: int) -> list[str]:
    command = [sys.executable, "-c", COMMITTING_LOOP, str(path), str(first)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(lines_before_kill)]
        process.kill()
        lines += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    return [line for line in lines if line.endswith("\n")]


def assert_whole(ledger: SqliteLedger, committed: list[int], published: list[int]) -> None:
    totals = ledger.totals()
    there = [number for number in range(max(committed) + 2) if ledger.committed([key(f"{number}/0")])]
    assert set(committed) <= set(there)
    assert totals.commits == len(there)
    for number in there:
        identities = {log_file.identity for log_file in commit_number(number).log_files}
        assert ledger.committed(identities) == identities
    assert totals.log_files == len(there) * LOG_FILES_IN_COMMIT
    assert totals.data_files == len(there) * 3
    unpublished = ledger.unpublished()
    assert {commit.commit_id for commit in unpublished}.isdisjoint(f"{number:032x}" for number in published)
    assert all(commit == commit_number(int(commit.commit_id, 16)) for commit in unpublished)


@contextmanager
def files_no_longer_than(size_bytes: int) -> Iterator[None]:
    """A disk that is full, as far as this process goes: the kernel refuses to make any file longer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_commit_that_the_disk_refuses_is_not_there_and_works_later(path: Path) -> None:
    with closing(SqliteLedger(path)) as ledger:
        ledger.commit(commit_number(1))
        wal_bytes = path.with_name(path.name + "-wal").stat().st_size
        with files_no_longer_than(wal_bytes + 4096), pytest.raises(OutputError, match=str(path)):
            ledger.commit(commit_number(2))
        assert [commit.commit_id for commit in ledger.unpublished()] == [commit_number(1).commit_id]
        assert ledger.totals().log_files == LOG_FILES_IN_COMMIT
        ledger.commit(commit_number(2))
        assert ledger.totals().log_files == 2 * LOG_FILES_IN_COMMIT
    with closing(SqliteLedger(path)) as again:
        assert again.totals().log_files == 2 * LOG_FILES_IN_COMMIT


def test_a_full_database_says_that_the_disk_is_full(path: Path) -> None:
    with closing(SqliteLedger(path)) as ledger:
        ledger._writer.execute("PRAGMA max_page_count = 1")  # SQLite's own way to answer SQLITE_FULL
        with pytest.raises(OutputError, match="Free some space"):
            commit_many(ledger, 100)


def test_a_second_writer_waits_and_then_hears_who_is_in_the_way(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingester.ledger.sqlite_open._BUSY_TIMEOUT_MS", 50)
    with closing(SqliteLedger(path)) as ledger, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutputError, match="Another process holds the ledger"):
            ledger.commit(commit_number(1))
        assert ledger.totals().commits == 0  # readers do not wait
        other.execute("ROLLBACK")
        ledger.commit(commit_number(1))


def test_a_directory_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"--state-dir"):
        SqliteLedger(tmp_path / "file" / "state" / "ledger.sqlite")


def test_a_ledger_that_can_not_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").mkdir()
    with pytest.raises(ConfigurationError, match="can't be opened for writing"):
        SqliteLedger(tmp_path / "ledger.sqlite")


def test_a_file_that_is_no_database_is_called_damaged_and_left_alone(path: Path) -> None:
    path.write_bytes(b"something else entirely " * 1000)
    with pytest.raises(ConfigurationError, match=r"damaged .*backup"):
        SqliteLedger(path)
    assert path.read_bytes().startswith(b"something else")


def test_a_ledger_whose_pages_are_overwritten_is_called_damaged(path: Path) -> None:
    with closing(SqliteLedger(path)) as ledger:
        commit_many(ledger, 50)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with closing(SqliteLedger(path)) as ledger, pytest.raises(ConfigurationError, match="damaged"):
        ledger.committed([key("0/0")])


def test_another_database_is_not_taken_for_a_ledger(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (x)")
    with pytest.raises(ConfigurationError, match="no ledger"):
        SqliteLedger(path)


def test_a_ledger_of_a_newer_version_is_refused_with_both_versions(path: Path) -> None:
    SqliteLedger(path).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(ConfigurationError, match=rf"schema {SCHEMA_VERSION + 1}; this one knows {SCHEMA_VERSION}"):
        SqliteLedger(path)


@pytest.mark.parametrize("version", [1, 2])
def test_a_ledger_of_an_earlier_version_is_brought_up_with_what_is_in_it(path: Path, version: int) -> None:
    with closing(SqliteLedger(path)) as ledger:
        commit_many(ledger, 3)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("DROP TABLE claims")
        if version == 1:
            raw.execute("ALTER TABLE log_files DROP COLUMN filtered_records")
        raw.execute(f"PRAGMA user_version = {version}")

    with closing(SqliteLedger(path)) as ledger:
        ledger.note_claims(["a"])
        assert ledger.claims() == ["a"]
        assert ledger.totals().commits == 3
        commit_many(ledger, 3)
        assert ledger.problems() == []


def test_the_file_is_marked_synced_and_logged_ahead(path: Path) -> None:
    with closing(SqliteLedger(path)) as ledger:
        ask = ledger._writer.execute
        assert ask("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        assert ask("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert ask("PRAGMA synchronous").fetchone()[0] == 2  # FULL
