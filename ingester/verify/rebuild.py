"""The ledger out of the data files' footers alone. Only with the lake's lock held.

A commit is whole if its files say how many they are, all of them are there, and one has the list of its log files.
What is whole is added to the ledger, which stays as it is if it can be read. The files of a commit that is not whole
are set aside, out of readers' sight: it was never published in full, so its messages were not deleted and its log
files come again, or a file of it was lost, and its log files must be ingested again.

What footers can't tell: commits without any data file (log files without a row, or with unreadable records only).
Such log files come in again when they are delivered again, and add no row.
"""

import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingester.lake.base import Lake
from ingester.lake.claim import is_of
from ingester.lake.footer import COMMIT_ID, DATA_FILES, FILE_NUMBER, LOG_FILES, LogFileEntry, decode_log_files
from ingester.lake.lake_files import LakeFile, LakeFiles
from ingester.lake.layout import QUARANTINED_RECORDS, TABLE, commit_id_of
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.commit import Commit, CommittedLogFile, DataFile
from ingester.model.errors import ConfigurationError, LakeDamagedError, LedgerConflictError
from ingester.model.log_file import log_file_at
from ingester.model.settings import Settings
from ingester.verify.findings import Report
from ingester.verify.quarantined import read_quarantined

_SAMPLE = 3


class _IncompleteError(Exception):
    """Why a commit can't be taken; `log_files`: those that it is known to have."""

    def __init__(self, reason: str, log_files: Iterable[LogFileEntry] = ()) -> None:
        super().__init__(reason)
        self.log_files = list(log_files)


def open_or_replace(path: Path, lake: Lake, settings: Settings, report: Report) -> SqliteLedger:
    """The ledger at `path`; a damaged one, or one that is not the lake's, is moved aside and a new one begun."""
    if not path.exists():
        return SqliteLedger(path)
    try:
        ledger = SqliteLedger(path)
        is_whole = not ledger.problems()
        if is_whole and (ledger.is_empty() or is_of(lake, ledger, settings)):
            return ledger
        ledger.close()
    except ConfigurationError as error:
        if "damaged" not in error.args[0]:
            raise
        is_whole = False
    what, word = (
        ("ledger of another lake, or of an earlier day,", "other") if is_whole else ("damaged ledger", "damaged")
    )
    stamp = f"{word}-{time.time_ns() // 1_000_000}"
    for old in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        if old.exists():
            old.rename(old.with_name(f"{old.name}.{stamp}"))
    report.notes.append(f"The {what} was kept as {path.name}.{stamp}.")
    return SqliteLedger(path)


def rebuild(ledger: SqliteLedger, files: LakeFiles, report: Report) -> None:
    """Add every whole commit that the lake's data files tell of and the ledger does not have."""
    found: dict[str, list[LakeFile]] = defaultdict(list)
    for file in files.list(TABLE):
        commit_id = commit_id_of(file.path)
        if commit_id is not None:
            found[commit_id].append(file)
    records = {commit_id_of(file.path): file for file in files.list(QUARANTINED_RECORDS)}
    added = 0
    for commit_id, data_files in sorted(found.items(), key=lambda item: item[1][0].path):
        if len(ledger.known_paths([file.path for file in data_files])) == len(data_files):
            continue
        try:
            commit = _commit(commit_id, data_files, records.get(commit_id), files)
            _add(commit, ledger)
        except _IncompleteError as error:
            unreadable = [records[commit_id]] if commit_id in records else []
            _set_aside(commit_id, [*data_files, *unreadable], error, files, report)
            continue
        ledger.mark_published(commit_id)
        added += 1
    report.notes.append(f"{added} commits were added to the ledger from {len(found)} that the data files name.")
    _note_lost(records, found, ledger, files, report)


def _add(commit: Commit, ledger: SqliteLedger) -> None:
    """Raises _IncompleteError where log files of it are in another commit: their rows would be there twice."""
    try:
        ledger.commit(commit)
    except LedgerConflictError as error:
        only_here = [one for one in commit.log_files if one.identity not in error.identities]
        raise _IncompleteError(
            f"{len(error.identities)} of its {len(commit.log_files)} log files are in other commits too",
            [_entry(log_file) for log_file in only_here],
        ) from error


def _entry(log_file: CommittedLogFile) -> LogFileEntry:
    return LogFileEntry(
        identity=log_file.identity.hex(),
        uri=log_file.uri,
        etag=log_file.etag,
        rows=log_file.rows,
        quarantined_records=log_file.quarantined_records,
    )


def _commit(commit_id: str, found: list[LakeFile], records: LakeFile | None, files: LakeFiles) -> Commit:
    """The commit that the footers tell of. Raises _IncompleteError."""
    data_files: dict[int, DataFile] = {}
    total: int | None = None
    log_files: list[LogFileEntry] | None = None
    for file in found:
        footer, rows = _footer(file, files)
        if footer.get(COMMIT_ID) != commit_id or not footer.get(FILE_NUMBER, "").isdigit():
            raise _IncompleteError(f"the footer of {files.where(file.path)} does not name it", log_files or ())
        data_files[int(footer[FILE_NUMBER])] = DataFile(file.path, rows, file.size_bytes)
        if DATA_FILES in footer:
            total = int(footer[DATA_FILES])
        if LOG_FILES in footer:
            try:
                log_files = decode_log_files(footer[LOG_FILES])
            except ValueError as error:
                raise _IncompleteError(f"{files.where(file.path)}: {error}") from error
    if total is None or len(data_files) != total or len(found) != total:
        said = "an unknown number" if total is None else total
        raise _IncompleteError(f"{len(data_files)} of {said} data files are there", log_files or ())
    if log_files is None:
        raise _IncompleteError("no file of it has the list of its log files")
    committed = tuple(_committed(entry) for entry in log_files)
    rows = sum(data_file.rows for data_file in data_files.values())
    if rows != sum(log_file.rows for log_file in committed):
        raise _IncompleteError(f"its data files have {rows} rows, and its log files others", log_files)
    in_order = [data_files[number] for number in sorted(data_files)]
    if records is not None:
        lines = _count(files, records.path)
        in_order.append(DataFile(records.path, lines, records.size_bytes, "quarantine"))
    return Commit(commit_id, tuple(in_order), committed)


def _footer(file: LakeFile, files: LakeFiles) -> tuple[dict[str, str], int]:
    try:
        with files.open(file.path) as opened:
            metadata = pq.read_metadata(opened)
    except (pa.ArrowException, OSError) as error:
        raise _IncompleteError(f"{files.where(file.path)} can't be read: {error}") from error
    texts = {key.decode(): text.decode() for key, text in (metadata.metadata or {}).items()
             if key.startswith(b"ingester.")}  # fmt: skip
    return texts, metadata.num_rows


def _committed(entry: LogFileEntry) -> CommittedLogFile:
    log_file = log_file_at(entry["uri"], entry["etag"])
    if log_file.identity.hex() != entry["identity"]:
        raise _IncompleteError(f"the identity of {entry['uri']} is not that of its URI and ETag")
    return CommittedLogFile(
        log_file.identity,
        log_file.place,
        entry["uri"],
        entry["etag"],
        entry["rows"],
        entry["quarantined_records"],
        entry.get("filtered_records", 0),
    )


def _count(files: LakeFiles, path: str) -> int:
    try:
        return sum(1 for _ in read_quarantined(files, path))
    except LakeDamagedError as error:
        raise _IncompleteError(str(error)) from error


def _set_aside(
    commit_id: str,
    data_files: list[LakeFile],
    error: _IncompleteError,
    files: LakeFiles,
    report: Report,
) -> None:
    places = [files.set_aside(file.path) for file in data_files]
    log_files = error.log_files
    sample = ", ".join(entry["uri"] for entry in log_files[:_SAMPLE])
    more = f" and {len(log_files) - _SAMPLE} more" if len(log_files) > _SAMPLE else ""
    known = f" Log files that are missing now: {sample}{more}." if log_files else ""
    report.add(
        "incomplete commit",
        f"{error}. Its {len(places)} files were set aside and are not counted.{known}",
        f"{commit_id}, now at {places[0]}",
        "Its log files come in again when their messages are delivered again; otherwise run `ingester backfill` over "
        "them. Then delete what was set aside.",
    )


def _note_lost(
    records: dict[str | None, LakeFile],
    found: dict[str, list[LakeFile]],
    ledger: SqliteLedger,
    files: LakeFiles,
    report: Report,
) -> None:
    alone = [file.path for commit_id, file in records.items() if commit_id not in found]
    for path in sorted(set(alone) - ledger.known_paths(alone)):
        place = files.set_aside(path)
        report.notes.append(
            f"{place} has records of a commit without a data file. Its log files are not known to the ledger: "
            "delivered again, they add no row, and their unreadable records are quarantined again."
        )
    report.notes.append(
        "Log files that had no row, in a commit without any data file, can't be known from footers: delivered again "
        "they are read again, and add no row."
    )
