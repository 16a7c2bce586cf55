"""Opening the SQLite file of a ledger: its schema, its durability, and what its errors mean."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingester.model.errors import ConfigurationError, OutputError

SCHEMA_VERSION = 3
APPLICATION_ID = 0x43544C47
"""Marks the file as a ledger of ours (SQLite's `application_id`), so that no other database is taken for one."""

_BUSY_TIMEOUT_MS = 10_000
_CACHE_KIB = 65_536
"""Identities are hashes and land anywhere: the two indexes of a million log files (56 MB) should stay in memory."""

# The wide rows lie in the order of their arrival and the two hashes in narrow indexes of their own. Keyed by the
# hash instead (WITHOUT ROWID), every wide row falls on another page: measured in a ledger of a million log files, a
# commit of 2,000 took 103 ms instead of 70 and a look-up 6 µs instead of 4. (An empty ledger: 7 ms either way.)
_CLAIMS = "CREATE TABLE claims (number INTEGER PRIMARY KEY, claim_id TEXT NOT NULL)"

_SCHEMA = f"""
CREATE TABLE commits (
    number INTEGER PRIMARY KEY,
    commit_id TEXT NOT NULL UNIQUE,
    committed_at_ms INTEGER NOT NULL,
    published_at_ms INTEGER,
    log_files INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    quarantined_records INTEGER NOT NULL,
    data_files INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL
);
CREATE INDEX commits_unpublished ON commits (number) WHERE published_at_ms IS NULL;
CREATE TABLE data_files (
    number INTEGER PRIMARY KEY,
    commit_number INTEGER NOT NULL REFERENCES commits (number),
    path TEXT NOT NULL UNIQUE,
    rows INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    kind TEXT NOT NULL,
    upload_id TEXT,
    part_etags TEXT NOT NULL
);
CREATE INDEX data_files_by_commit ON data_files (commit_number);
CREATE TABLE log_files (
    number INTEGER PRIMARY KEY,
    commit_number INTEGER NOT NULL REFERENCES commits (number),
    identity BLOB NOT NULL UNIQUE,
    place BLOB NOT NULL,
    uri TEXT NOT NULL,
    etag TEXT NOT NULL,
    rows INTEGER NOT NULL,
    quarantined_records INTEGER NOT NULL,
    filtered_records INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX log_files_by_place ON log_files (place);
CREATE INDEX log_files_by_commit ON log_files (commit_number);
{_CLAIMS};
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""

_TO_VERSION = {
    2: "ALTER TABLE log_files ADD COLUMN filtered_records INTEGER NOT NULL DEFAULT 0",
    3: _CLAIMS,
}
"""What makes a ledger of the version before one of this version."""


def open_ledger_file(path: Path) -> sqlite3.Connection:
    """A connection to the ledger at `path`, made with its directory if it is not there yet.

    Raises ConfigurationError: no permission, not a ledger, damaged, of a newer version. OutputError: disk full.
    """
    _make_directory(path.parent)
    with ledger_errors(path):
        connection = connect(path)
        try:
            _check_or_create(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def connect(path: Path) -> sqlite3.Connection:
    """One more connection to a ledger file that has been opened. Transactions are begun by hand."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_BUSY_TIMEOUT_MS / 1000)
    try:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    except BaseException:
        connection.close()
        raise
    if mode != "wal":
        connection.close()
        raise ConfigurationError(
            f"The file system of {path} can't hold the ledger (SQLite's journal mode is {mode!r}, not 'wal').",
            hint="Put --state-dir on a local disk, not on a network file system.",
        )
    return connection


@contextmanager
def ledger_errors(path: Path) -> Iterator[None]:
    """SQLite's errors within the block as ours; those of a programmer pass as they are."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise
    except sqlite3.Error as error:
        raise _explain(error, path) from error


def _make_directory(directory: Path) -> None:
    """Make it and sync the directories above: SQLite syncs the one that the ledger lies in, not more."""
    try:
        missing = [parent for parent in (directory, *directory.parents) if not parent.exists()]
        directory.mkdir(parents=True, exist_ok=True)
        for made in missing:
            descriptor = os.open(made.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError as error:
        raise ConfigurationError(
            f"The directory of the ledger, {directory}, can't be made: {error.strerror}.",
            hint="Give --state-dir (or --output) a directory that this user may write.",
        ) from error


def _check_or_create(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")  # two processes that start at once must not both create it
    try:
        application_id = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if (application_id, version) == (APPLICATION_ID, SCHEMA_VERSION):
            return
        if application_id == APPLICATION_ID and 0 < version < SCHEMA_VERSION:
            for newer in range(version + 1, SCHEMA_VERSION + 1):
                connection.execute(_TO_VERSION[newer])
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.execute("COMMIT")
            return
        if application_id == APPLICATION_ID:
            raise ConfigurationError(
                f"The ledger {path} was written by another version of the ingester "
                f"(schema {version}; this one knows {SCHEMA_VERSION}).",
                hint="Run the version that wrote it, or a newer one.",
            )
        if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            raise ConfigurationError(
                f"{path} is an SQLite database, but no ledger.", hint="Give --state-dir another directory."
            )
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _explain(error: sqlite3.Error, path: Path) -> ConfigurationError | OutputError:
    name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
    match name.split("_")[1]:
        case "FULL":
            return OutputError(f"The disk of the ledger {path} is full.", hint="Free some space.")
        case "BUSY" | "LOCKED":
            return OutputError(f"Another process holds the ledger {path}.", hint="End it, or wait for it.")
        case "READONLY" | "CANTOPEN" | "PERM" | "AUTH":
            return ConfigurationError(
                f"The ledger {path} can't be opened for writing ({name}: {error}).",
                hint="Give this user the right to write that file and its directory.",
            )
        case "CORRUPT" | "NOTADB":
            return ConfigurationError(
                f"The ledger {path} is damaged ({name}: {error}).",
                hint="Restore it from the data files with `ingester verify OUTPUT --rebuild-ledger`, or put back a "
                "backup: an empty ledger would let redelivered log files in again.",
            )
    return OutputError(f"The ledger {path} can't be used now ({name}: {error}).", hint="Look at its disk.")
