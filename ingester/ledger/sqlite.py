"""The ledger in one SQLite file: for one supervisor, on one machine.

What happens when the process or the machine dies
- before `commit`: nothing is there; what was staged is swept, and the messages come back;
- within `commit`: SQLite's write-ahead log ends with a commit record or it does not. Without one the next opening
  ignores the rest; with one the commit is in, although nobody was told: `unpublished` brings it up;
- after `commit` returned: the log was synced before (`synchronous=FULL`), so it survives the loss of power too;
- before, within or after `mark_published`: the commit is published once more, which has no effect.

An error within `commit` (disk full, I/O) rolls back. Should the log have been written all the same, and the process
die before its next commit, the commit may be in at the next start: only the ledger tells, through `unpublished`, and
making the same commit again is harmless.

One connection writes and one reads, each behind a lock of its own: with a write-ahead log neither waits for the
other, and a reader sees every commit that has returned.
"""

import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec

from ingester.ledger.base import LedgerTotals
from ingester.ledger.sqlite_open import connect, ledger_errors, open_ledger_file
from ingester.ledger.sqlite_problems import problems_in
from ingester.model.commit import Commit, CommittedLogFile, DataFile, DataFileKind
from ingester.model.errors import ConfigurationError, LedgerConflictError

_Number = Annotated[int, msgspec.Meta(ge=0)]
_DataFileRow = tuple[str, _Number, _Number, DataFileKind, str | None, str]
_LogFileRow = tuple[bytes, bytes, str, str, _Number, _Number, _Number]

_KEYS_IN_STATEMENT_MAX = 512
_KEYS_IN_STATEMENT_MIN = 16


class SqliteLedger:
    """`Ledger` (see `ingester.ledger.base`) in the SQLite file `path`, made if it is not there yet.

    Raises ConfigurationError if the file can't be opened, is no ledger, is damaged or of another version, and
    OutputError if the disk is full. The lake's lock keeps a second supervisor away; should one come all the same,
    SQLite's own lock makes it wait, and the unique identity keeps every log file in once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = open_ledger_file(path)
        with ledger_errors(path):
            self._reader = connect(path)
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()

    def committed(self, identities: Collection[bytes]) -> set[bytes]:
        """Those of `identities` that are in, published or not."""
        with self._reading() as reader:
            return _present(reader, "identity", identities)

    def committed_places(self, places: Collection[bytes]) -> set[bytes]:
        """Those of `places` of which some version of the object is in, published or not."""
        with self._reading() as reader:
            return _present(reader, "place", places)

    def commit(self, commit: Commit) -> None:
        """Make `commit` true, in one transaction. See `Ledger.commit`."""
        identities = {log_file.identity for log_file in commit.log_files}
        paths = {data_file.path for data_file in commit.data_files}
        if len(identities) != len(commit.log_files) or len(paths) != len(commit.data_files):
            raise ValueError(f"commit {commit.commit_id} names a log file or a data file twice")
        with self._writing() as writer:
            if _has_commit(writer, commit.commit_id):
                return
            number = _insert_commit(writer, commit)
            _insert_data_files(writer, number, commit.data_files)
            if _insert_log_files(writer, number, commit.log_files) < len(identities):
                taken = frozenset(_present(writer, "identity", identities, besides_commit=number))
                share = f"{len(taken)} of its {len(identities)} log files"
                raise LedgerConflictError(f"commit {commit.commit_id}: {share} are committed already", taken)

    def unpublished(self) -> list[Commit]:
        """Commits that landed and are not marked as published, oldest first, as they were given to `commit`."""
        with self._reading() as reader:
            found = reader.execute(
                "SELECT number, commit_id FROM commits WHERE published_at_ms IS NULL ORDER BY number"
            ).fetchall()
            return [_load_commit(reader, number, commit_id) for number, commit_id in found]

    def mark_published(self, commit_id: str) -> None:
        """Note that the commit's data files are where readers look. Raises ValueError if there is no such commit."""
        with self._writing() as writer:
            changed = writer.execute(
                "UPDATE commits SET published_at_ms = coalesce(published_at_ms, ?) WHERE commit_id = ?",
                (_now_ms(), commit_id),
            ).rowcount
            if not changed:
                raise ValueError(f"no commit {commit_id} in the ledger {self._path}")

    def each_commit(self) -> Iterator[tuple[Commit, bool]]:
        """Every commit, oldest first, and whether it is marked as published."""
        number = -1
        while True:
            with self._reading() as reader:
                found = reader.execute(
                    "SELECT number, commit_id, published_at_ms FROM commits WHERE number > ? ORDER BY number LIMIT 1",
                    (number,),
                ).fetchone()
                if found is None:
                    return
                number, commit_id, published_at_ms = found
                commit = _load_commit(reader, number, commit_id)
            yield commit, published_at_ms is not None

    def known_paths(self, paths: Collection[str]) -> set[str]:
        """Those of `paths` that are data files of a commit, published or not."""
        with self._reading() as reader:
            find = "SELECT 1 FROM data_files WHERE path = ?"
            # a name on a disk that is no UTF-8 is none of ours, and SQLite can't be asked for it
            ours = [path for path in paths if not _has_surrogates(path)]
            return {path for path in ours if reader.execute(find, (path,)).fetchone()}

    def problems(self) -> list[str]:
        """What SQLite's integrity check finds, rows without a commit, and commits that are not as they say."""
        with self._reading() as reader:
            return list(problems_in(reader))

    def claims(self) -> list[str]:
        """The ids of the claims that its lake may say, as they were noted."""
        with self._reading() as reader:
            return [claim_id for (claim_id,) in reader.execute("SELECT claim_id FROM claims ORDER BY number")]

    def note_claims(self, claim_ids: Sequence[str]) -> None:
        """Remember these claims in the place of the others, in one transaction."""
        with self._writing() as writer:
            writer.execute("DELETE FROM claims")
            writer.executemany("INSERT INTO claims (claim_id) VALUES (?)", [(claim_id,) for claim_id in claim_ids])

    def is_empty(self) -> bool:
        """Whether there is no commit."""
        with self._reading() as reader:
            return reader.execute("SELECT 1 FROM commits LIMIT 1").fetchone() is None

    def totals(self) -> LedgerTotals:
        """Counts over all commits: reads one row a commit, not one a log file."""
        with self._reading() as reader:
            row = reader.execute(
                "SELECT count(*), count(*) - count(published_at_ms), coalesce(sum(log_files), 0), "
                "coalesce(sum(rows), 0), coalesce(sum(quarantined_records), 0), coalesce(sum(data_files), 0), "
                "coalesce(sum(size_bytes), 0) FROM commits"
            ).fetchone()
            return LedgerTotals(*row)

    def close(self) -> None:
        """Close both connections; SQLite folds the write-ahead log into the file."""
        with self._read_lock, self._write_lock, ledger_errors(self._path):
            self._reader.close()
            self._writer.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._read_lock, ledger_errors(self._path):
            yield self._reader

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed at the end of the block, rolled back by any exception in it or in the commit."""
        with self._write_lock, ledger_errors(self._path):
            writer = self._writer
            writer.execute("BEGIN IMMEDIATE")
            try:
                yield writer
                writer.execute("COMMIT")
            finally:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")


def _present(
    connection: sqlite3.Connection, column: str, keys: Collection[bytes], besides_commit: int = 0
) -> set[bytes]:
    """Which of `keys` are in `column`, asked for several hundred at a time.

    Short lists are filled up to a power of two by repeating a key, so that a handful of statements, prepared once
    and kept by sqlite3, serves every length.
    """
    present: set[bytes] = set()
    wanted = list(keys)
    for start in range(0, len(wanted), _KEYS_IN_STATEMENT_MAX):
        some = wanted[start : start + _KEYS_IN_STATEMENT_MAX]
        places = max(_KEYS_IN_STATEMENT_MIN, 1 << (len(some) - 1).bit_length())
        some += some[-1:] * (places - len(some))
        other_commit = " AND commit_number <> ?" if besides_commit else ""
        found = connection.execute(
            # only our own words and question marks stand in it
            f"SELECT {column} FROM log_files WHERE {column} IN ({','.join('?' * places)}){other_commit}",  # noqa: S608
            [*some, besides_commit] if besides_commit else some,
        )
        present.update(key for (key,) in found)
    return present


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= one <= "\udfff" for one in text)


def _has_commit(connection: sqlite3.Connection, commit_id: str) -> bool:
    return connection.execute("SELECT 1 FROM commits WHERE commit_id = ?", (commit_id,)).fetchone() is not None


def _insert_commit(writer: sqlite3.Connection, commit: Commit) -> int:
    readable = [data_file for data_file in commit.data_files if data_file.kind == "data"]
    number = writer.execute(
        "INSERT INTO commits "
        "(commit_id, committed_at_ms, log_files, rows, quarantined_records, data_files, size_bytes) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            commit.commit_id,
            _now_ms(),
            len(commit.log_files),
            sum(data_file.rows for data_file in readable),
            sum(log_file.quarantined_records for log_file in commit.log_files),
            len(readable),
            sum(data_file.size_bytes for data_file in readable),
        ),
    ).lastrowid
    assert number is not None  # noqa: S101 (an INSERT into a rowid table has one)
    return number


def _insert_data_files(writer: sqlite3.Connection, number: int, data_files: tuple[DataFile, ...]) -> None:
    writer.executemany(
        "INSERT INTO data_files (commit_number, path, rows, size_bytes, kind, upload_id, part_etags) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (number, file.path, file.rows, file.size_bytes, file.kind, file.upload_id, _encode_etags(file.part_etags))
            for file in data_files
        ],
    )


def _insert_log_files(writer: sqlite3.Connection, number: int, log_files: tuple[CommittedLogFile, ...]) -> int:
    """How many of them were not in before."""
    return writer.executemany(
        "INSERT INTO log_files "
        "(commit_number, identity, place, uri, etag, rows, quarantined_records, filtered_records) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (identity) DO NOTHING",
        [
            (
                number,
                file.identity,
                file.place,
                file.uri,
                file.etag,
                file.rows,
                file.quarantined_records,
                file.filtered_records,
            )
            for file in log_files
        ],
    ).rowcount


def _load_commit(reader: sqlite3.Connection, number: int, commit_id: str) -> Commit:
    data_files = reader.execute(
        "SELECT path, rows, size_bytes, kind, upload_id, part_etags FROM data_files "
        "WHERE commit_number = ? ORDER BY number",
        (number,),
    )
    log_files = reader.execute(
        "SELECT identity, place, uri, etag, rows, quarantined_records, filtered_records FROM log_files "
        "WHERE commit_number = ? ORDER BY number",
        (number,),
    )
    try:  # SQLite keeps a value of any type in any column
        return Commit(
            commit_id,
            tuple(
                DataFile(path, rows, size_bytes, kind, upload_id, _decode_etags(part_etags))
                for path, rows, size_bytes, kind, upload_id, part_etags in msgspec.convert(
                    data_files.fetchall(), list[_DataFileRow]
                )
            ),
            tuple(CommittedLogFile(*row) for row in msgspec.convert(log_files.fetchall(), list[_LogFileRow])),
        )
    except msgspec.MsgspecError as error:
        raise ConfigurationError(
            f"The ledger is damaged: commit {commit_id} can't be read ({error}).",
            hint="Restore it with `ingester verify OUTPUT --rebuild-ledger`, or put back a backup.",
        ) from error


def _encode_etags(part_etags: tuple[str, ...]) -> str:
    return msgspec.json.encode(part_etags).decode()


def _decode_etags(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
