"""The log files read again and held against the lake, record by record. Only with the lake's lock held.

Each row is restored to the record that it came from, and its digest (64 bits) compared with that of the record as
delivered. Memory: nine bytes a record of one commit, a batch of rows, and the JSON of some log files.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import compress, islice
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingester.decode.read import RECORDS_MAX, read_records
from ingester.fetch.base import Open, no_waiting
from ingester.fetch.listing import list_log_files
from ingester.fetch.listing_local import absolute_path
from ingester.fetch.open import opener
from ingester.lake.base import Lake
from ingester.lake.lake_files import LakeFiles
from ingester.ledger.base import DurableLedger
from ingester.model.commit import Commit, CommittedLogFile
from ingester.model.errors import BadLogFileError, FetchError, LakeDamagedError
from ingester.model.log_file import LogFile, log_file_at
from ingester.model.settings import Settings, is_s3_uri
from ingester.verify.findings import Report
from ingester.verify.restore import DIGEST_BYTES, digest_of_record, digest_of_row

_AGAIN = "Put the data files back from a backup, or ingest the log file anew into another output."
_TOGETHER = 500
_LOG_FILES_AT_ONCE = 8
"""Of one commit: a GET is mostly waiting. Each may hold 64 MB of JSON meanwhile."""
_BATCH_ROWS = 2_048
_COMPARED, _DIFFERS, _NO_DIGEST = 1, 2, 4


def compare_with_source(
    source: str,
    settings: Settings,
    ledger: DurableLedger,
    lake: Lake,
    files: LakeFiles,
    report: Report,
    tick: Callable[[], None],
) -> None:
    """Every log file of the source is in the lake, and every row that came from it says what it says.

    Raises ConfigurationError if the source can't be listed.
    """
    _find_missing(source, settings, ledger, lake, report)
    begin = _uri_prefix(source)
    open_ = opener(settings)
    with ThreadPoolExecutor(_LOG_FILES_AT_ONCE, thread_name_prefix="verify") as pool:
        for commit, is_published in ledger.each_commit():
            wanted = [
                one
                for one in commit.log_files
                if one.uri.startswith(begin)
                and one.rows + one.quarantined_records + one.filtered_records <= RECORDS_MAX
            ]
            if wanted and is_published:
                _compare_commit(commit, wanted, open_, files, report, pool)
                tick()


def _uri_prefix(source: str) -> str:
    if is_s3_uri(source):
        return source
    path = absolute_path(source)
    uri = "file://" + quote(path.encode("utf-8", "surrogateescape"))
    return uri.rstrip("/") + "/" if Path(path).is_dir() else uri


def _find_missing(source: str, settings: Settings, ledger: DurableLedger, lake: Lake, report: Report) -> None:
    """Log files of the source that the ledger does not have."""
    try:
        reasons = {entry.uri: entry.reason for entry in lake.list_quarantine()}
    except LakeDamagedError:  # named as a finding already
        reasons = {}
    for some in _together(iter(list_log_files(source, settings))):
        committed = ledger.committed([log_file.identity for log_file in some])
        missing = [log_file for log_file in some if log_file.identity not in committed]
        others = ledger.committed_places([log_file.place for log_file in missing])
        for log_file in missing:
            if log_file.uri in reasons:
                what, to_do = f"it is quarantined: {reasons[log_file.uri]}", "See `ingester quarantine`."
            elif log_file.place in others:
                what = "another version of it (another ETag) is in the lake, and this one is not"
                to_do = "Find out who changed it; `ingester backfill` would add this version's rows."
            else:
                what, to_do = "it is not in the lake", "Run `ingester backfill` over it, or wait for its message."
            report.add("log file not in the lake", what, log_file.uri, to_do)


def _together(log_files: Iterator[LogFile]) -> Iterator[list[LogFile]]:
    while some := list(islice(log_files, _TOGETHER)):
        yield some


class _Expected:
    """Digests of the records of some log files of a commit, as the source has them."""

    def __init__(self, wanted: list[CommittedLogFile]) -> None:
        versions: dict[str, int] = {}
        for one in wanted:
            versions[one.uri] = versions.get(one.uri, 0) + 1
        # of two versions of an object only one can be read again, and rows do not say of which they are
        self.log_files = [one for one in wanted if versions[one.uri] == 1]
        sizes = [one.rows + one.quarantined_records + one.filtered_records for one in self.log_files]
        self.begins = dict(zip((one.uri for one in self.log_files), np.cumsum([0, *sizes]).tolist(), strict=False))
        self.sizes = dict(zip((one.uri for one in self.log_files), sizes, strict=True))
        self.digests = np.zeros(sum(sizes), f"V{DIGEST_BYTES}")
        self.state = np.zeros(sum(sizes), np.uint8)


def _compare_commit(
    commit: Commit,
    wanted: list[CommittedLogFile],
    open_: Open,
    files: LakeFiles,
    report: Report,
    pool: ThreadPoolExecutor,
) -> None:
    expected = _Expected(wanted)
    can_be_read = pool.map(lambda one: _read(one, open_, expected, report), expected.log_files)
    readable = list(compress(expected.log_files, can_be_read))
    if not readable:
        return
    uris = {one.uri for one in readable}
    for data_file in commit.data_files:
        if data_file.kind == "data":
            _compare_file(data_file.path, uris, expected, files, report)
    for one in readable:
        report.log_files_compared += 1
        begin, size = expected.begins[one.uri], expected.sizes[one.uri]
        state = expected.state[begin : begin + size]
        report.records_compared += int(np.count_nonzero(state & _COMPARED))
        differing = np.flatnonzero(state & _DIFFERS)
        if len(differing):
            places = ", ".join(map(str, differing[:5].tolist())) + (" …" if len(differing) > 5 else "")
            report.add(
                "rows that differ",
                f"{len(differing)} rows differ from the log file's records: {places}",
                one.uri,
                _AGAIN,
            )


def _read(log_file: CommittedLogFile, open_: Open, expected: _Expected, report: Report) -> bool:
    """Take the digests of a log file's records; whether it could be read and has as many as the ledger says."""
    begin, size = expected.begins[log_file.uri], expected.sizes[log_file.uri]
    count = 0
    try:
        fetched = open_(log_file_at(log_file.uri, log_file.etag), no_waiting)
        for batch in read_records(fetched.chunks).batches:
            for index, raw in enumerate(batch.raws, batch.first_index):
                count += 1
                if index < size:
                    try:
                        expected.digests[begin + index] = np.void(digest_of_record(bytes(raw)))
                    except (ValueError, RecursionError):  # ours to quarantine, or too deep for Python
                        expected.state[begin + index] |= _NO_DIGEST
    except (FetchError, BadLogFileError) as error:
        report.add("log file that can't be read again", str(error), log_file.uri, "Look at the source.")
        return False
    if count != size:
        report.add(
            "records of a log file",
            f"it has {count} records, and the ledger says {size}",
            log_file.uri,
            "Ingest it anew into another output, and compare.",
        )
    return count == size


def _compare_file(path: str, uris: set[str], expected: _Expected, files: LakeFiles, report: Report) -> None:
    try:
        with files.open(path) as file:
            parquet = pq.ParquetFile(file, pre_buffer=True)
            wanted = pa.array(sorted(uris), pa.string())
            for batch in parquet.iter_batches(_BATCH_ROWS):
                of_source = pc.is_in(batch.column("logFile"), value_set=wanted)
                for row in batch.filter(of_source).to_pylist():
                    _compare_row(row, expected)
    except (FileNotFoundError, LakeDamagedError):
        return  # named as a finding already
    except (pa.ArrowException, OSError, KeyError) as error:
        where = files.where(path)
        if not report.has("damaged data file", where):
            report.add("damaged data file", f"it can't be read as Parquet: {error}", where, _AGAIN)
    except ValueError:
        return  # a path that leads out of the lake, named too


def _compare_row(row: dict[str, object], expected: _Expected) -> None:
    uri, index = row["logFile"], row["recordIndex"]
    if not isinstance(uri, str) or not isinstance(index, int) or not 0 <= index < expected.sizes[uri]:
        return  # named as a finding already
    place = expected.begins[uri] + index
    if expected.state[place] & _NO_DIGEST:
        return
    expected.state[place] |= _COMPARED
    try:
        same = expected.digests[place].tobytes() == digest_of_row(row)
    except (ValueError, KeyError, RecursionError):
        same = False
    if not same:
        expected.state[place] |= _DIFFERS
