"""The lake against its ledger: data files, rows, strays, leftovers, quarantine. Only with the lake's lock held.

One pass: each data file is opened once, for its footer and the two columns that say where its rows come from.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq

from ingester.lake.base import Lake
from ingester.lake.footer import COMMIT_ID, DATA_FILES, FILE_NUMBER, LOG_FILES, decode_log_files
from ingester.lake.lake_files import LakeFile, LakeFiles
from ingester.lake.layout import QUARANTINED_RECORDS, TABLE, commit_id_of, quarantined_records_path
from ingester.ledger.base import DurableLedger
from ingester.model.commit import Commit, DataFile
from ingester.model.errors import ConfigurationError, IngesterError, LakeDamagedError
from ingester.model.log_file import log_file_at
from ingester.verify.findings import Report
from ingester.verify.quarantined import read_quarantined
from ingester.verify.rows import CommitRows

_FILES_AT_ONCE = 8
_PATHS_TOGETHER = 1_000
_BACKUP = "Put it back from a backup, or ingest the log files of its commit anew into another output."
_REBUILD = "Run verify with --rebuild-ledger, or put back a backup."
_REPAIR = "Run verify with --repair; the next run of the ingester does it too."


def check_commits(ledger: DurableLedger, files: LakeFiles, report: Report, tick: Callable[[], None]) -> bool:
    """Every published commit: its data files, and that each record of its log files is there once.

    False where the ledger is too damaged to be read to its end.
    """
    try:
        _check_all(ledger, files, report, tick)
    except ConfigurationError as error:
        report.add("damaged ledger", error.args[0], "the ledger", error.hint)
        return False
    return True


def _check_all(ledger: DurableLedger, files: LakeFiles, report: Report, tick: Callable[[], None]) -> None:
    with ThreadPoolExecutor(_FILES_AT_ONCE, thread_name_prefix="verify") as pool:
        for commit, is_published in ledger.each_commit():
            if not is_published:
                report.add(
                    "unpublished commit",
                    f"it is committed and not yet published: {len(commit.log_files)} log files, "
                    f"{sum(log_file.rows for log_file in commit.log_files)} rows",
                    commit.commit_id,
                    _REPAIR,
                )
                continue
            _check_commit(commit, files, report, pool)
            report.commits += 1
            report.log_files += len(commit.log_files)
            tick()


def _check_commit(commit: Commit, files: LakeFiles, report: Report, pool: ThreadPoolExecutor) -> None:
    for log_file in commit.log_files:
        said = log_file_at(log_file.uri, log_file.etag)
        if (said.identity, said.place) != (log_file.identity, log_file.place):
            report.add("damaged ledger", "it has another identity than its URI and ETag", log_file.uri, _REBUILD)
    rows = CommitRows(commit, report)
    data_files = [data_file for data_file in commit.data_files if data_file.kind == "data"]
    for done in [pool.submit(_check_file, commit, one, files, report, rows) for one in data_files]:
        done.result()
    if any(log_file.quarantined_records for log_file in commit.log_files):
        _check_records(commit, files, report, rows)
    rows.finish()


def _check_file(commit: Commit, data_file: DataFile, files: LakeFiles, report: Report, rows: CommitRows) -> None:
    where = files.where(data_file.path)
    try:
        file = files.open(data_file.path)
    except FileNotFoundError:
        report.add("missing data file", f"{data_file.rows} rows of commit {commit.commit_id}", where, _BACKUP)
        return
    except LakeDamagedError as error:
        report.add("damaged data file", error.args[0], where, error.hint)
        return
    except ValueError:
        report.add("damaged ledger", f"commit {commit.commit_id} has a file outside of the lake", where, _REBUILD)
        return
    with file:
        _check_size(data_file, file.size(), where, report)
        try:
            parquet = pq.ParquetFile(file, read_dictionary=["logFile"], pre_buffer=True)
            report.count_file(parquet.metadata.num_rows)
            _check_footer(commit, data_file, parquet, where, report)
            rows.add_file(parquet, where)
        except (pa.ArrowException, OSError, KeyError) as error:
            report.add("damaged data file", f"it can't be read as Parquet: {error}", where, _BACKUP)


def _check_size(data_file: DataFile, size_bytes: int, where: str, report: Report) -> None:
    if size_bytes != data_file.size_bytes:
        report.add(
            "size of a data file", f"{size_bytes} bytes, and the ledger says {data_file.size_bytes}", where, _BACKUP
        )


def _check_footer(commit: Commit, data_file: DataFile, parquet: pq.ParquetFile, where: str, report: Report) -> None:
    found = parquet.metadata.num_rows
    if found != data_file.rows:
        report.add("rows of a data file", f"{found} rows, and the ledger says {data_file.rows}", where, _BACKUP)
    metadata = parquet.metadata.metadata or {}
    owner = metadata.get(COMMIT_ID.encode(), b"").decode(errors="replace")
    if owner != commit.commit_id:
        report.add(
            "commit of a data file",
            f"its footer names commit {owner or 'nothing'}, and the ledger {commit.commit_id}",
            where,
            "Find out who wrote it. " + _BACKUP,
        )
        return
    texts = {key.decode(): text.decode(errors="replace") for key, text in metadata.items()
             if key.startswith(b"ingester.")}  # fmt: skip
    for wrong in _wrong_in_footer(commit, data_file, texts):
        report.add("footer of a data file", f"{wrong}: a ledger can't be rebuilt from it", where, _BACKUP)


def _wrong_in_footer(commit: Commit, data_file: DataFile, footer: dict[str, str]) -> Iterator[str]:
    """What a footer says that is not so."""
    number = data_file.path.removesuffix(".parquet").rpartition("-")[2]
    if footer.get(FILE_NUMBER) != number:
        yield f"it says number {footer.get(FILE_NUMBER, 'none')} of its commit, and its name says {number}"
    there = sum(one.kind == "data" for one in commit.data_files)
    if footer.get(DATA_FILES, str(there)) != str(there):
        yield f"it says that its commit has {footer[DATA_FILES]} data files, and the ledger says {there}"
    if LOG_FILES in footer:
        try:
            listed = {(bytes.fromhex(one["identity"]), one["rows"]) for one in decode_log_files(footer[LOG_FILES])}
        except ValueError as error:
            yield str(error)
            return
        if listed != {(one.identity, one.rows) for one in commit.log_files}:
            yield f"it lists {len(listed)} log files that are not those of its commit in the ledger"


def _check_records(commit: Commit, files: LakeFiles, report: Report, rows: CommitRows) -> None:
    """The quarantined records of a commit: they are holes among its rows."""
    path = quarantined_records_path(commit.commit_id)
    where = files.where(path)
    try:
        for record in read_quarantined(files, path):
            rows.add_quarantined(record.uri, record.record_index, where)
            report.quarantined_records += 1
    except FileNotFoundError:
        report.add("missing quarantine file", f"the unreadable records of commit {commit.commit_id}", where, _BACKUP)
    except LakeDamagedError as error:
        report.add("damaged quarantine file", str(error), where, _BACKUP)


def check_strays(ledger: DurableLedger, files: LakeFiles, report: Report) -> None:
    """Files where readers look, or among the quarantined records, that no commit has."""
    for directory in (TABLE, QUARANTINED_RECORDS):
        for some in _together(files.list(directory)):
            known = ledger.known_paths([found.path for found in some])
            for found in some:
                if found.path not in known:
                    _add_stray(found, files, report)


def _add_stray(found: LakeFile, files: LakeFiles, report: Report) -> None:
    commit_id = commit_id_of(found.path)
    what = (
        f"no commit has it, though its name tells of {commit_id}; {found.size_bytes} bytes" if commit_id
        else f"it is not of the ingester's making; {found.size_bytes} bytes"
    )  # fmt: skip
    to_do = (
        "If the ledger was lost or is an old one, run verify with --rebuild-ledger. Otherwise move the file away: "
        "its rows are in no commit." if commit_id else "Move it away: queries read it as data."
    )  # fmt: skip
    report.add("stray file", what, files.where(found.path), to_do)


def check_leftovers(ledger: DurableLedger, files: LakeFiles, report: Report) -> None:
    """What was staged for commits that were never made. Those that were are named as unpublished."""
    pending = {commit.commit_id for commit in ledger.unpublished()}
    for commit_id, where in files.staged():
        if commit_id not in pending:
            report.add("staged leftover", f"of commit {commit_id}, which was never made", where, _REPAIR)


def check_quarantine(lake: Lake, report: Report) -> None:
    """The entries of quarantined log files can be read."""
    try:
        entries = lake.list_quarantine()
    except LakeDamagedError as error:
        report.add("damaged quarantine entry", error.args[0], "the quarantine", error.hint)
        return
    if entries:
        report.notes.append(f"{len(entries)} log files are quarantined: see `ingester quarantine list`.")


def repair(ledger: DurableLedger, lake: Lake, report: Report) -> None:
    """Publish what is committed, and remove what was staged for nothing."""
    for commit in ledger.unpublished():
        try:
            lake.publish(commit)
        except LakeDamagedError as error:
            report.add("lost data file", error.args[0], commit.commit_id, error.hint)
            continue
        ledger.mark_published(commit.commit_id)
        report.notes.append(f"Commit {commit.commit_id} was published.")
    swept = lake.sweep({commit.commit_id for commit in ledger.unpublished()})
    if swept:
        report.notes.append(f"{swept} staged leftovers were removed.")


def check_ledger(ledger: DurableLedger, report: Report, where: str) -> None:
    """The ledger itself is whole."""
    try:
        problems = ledger.problems()
    except IngesterError as error:
        problems = [error.args[0]]
    for problem in problems:
        report.add("damaged ledger", problem, where, _REBUILD)


def _together(found: Iterable[LakeFile]) -> Iterator[list[LakeFile]]:
    rest = iter(found)
    while some := list(islice(rest, _PATHS_TOGETHER)):
        yield some
