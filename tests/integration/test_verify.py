"""`ingester verify`, the real command: each finding on a real lake that is broken in that way, on disk and on S3."""

import json
import shutil
import sqlite3
import threading
import uuid
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingester.fetch.base import Fetched, MakeRoom, Open
from ingester.fetch.open import opener
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.commit import Commit
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings
from ingester.verify.verify import verify as verify_lake
from scripts.demo_world.log_files import GeneratedLogFile
from tests.support.cli import Ended, ingester
from tests.support.lake import DiskLake, Lake
from tests.support.moto import Place
from tests.support.trail import generated, small_world, store

BAD_RECORDS = b'{"Records":[{"eventName":"A","eventTime":"2024-03-13T08:33:30Z"},7,{"eventName":"B"}]}'

pytestmark = pytest.mark.xdist_group("verify")  # one lake for all


def fill(folder: Path) -> tuple[Path, DiskLake]:
    """A directory with log files, one of which has an unreadable record, and a lake that has them."""
    source, lake = folder / "source", DiskLake(folder / "lake")
    for one in [*small_world(300), generated("odd.json", BAD_RECORDS)]:
        path = source / one.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.body)
    assert ingester("backfill", source, *lake.arguments, "--workers", "1").exit_code == 1  # a record quarantined
    return source, lake


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DiskLake]:
    """Log files and a lake that no test changes."""
    return fill(tmp_path_factory.mktemp("verify"))


@pytest.fixture
def source(made: tuple[Path, DiskLake]) -> Path:
    """The log files, not to be changed."""
    return made[0]


@pytest.fixture
def filled(made: tuple[Path, DiskLake], tmp_path: Path) -> DiskLake:
    """A copy of the lake, to be broken."""
    shutil.copytree(made[1].root, tmp_path / "copy")
    return DiskLake(tmp_path / "copy")


def verify(lake: DiskLake, *arguments: str | Path) -> Ended:
    return ingester("verify", lake.root, *arguments)


def ledger_file(lake: DiskLake) -> Path:
    return lake.root / "_ingester/ledger.sqlite"


def a_data_file(lake: DiskLake) -> Path:
    return lake.root / lake.data_files()[0]


def execute(lake: DiskLake, statement: str) -> None:
    """Changes the ledger behind its back."""
    with sqlite3.connect(ledger_file(lake)) as connection:
        assert connection.execute(statement).rowcount > 0
    connection.close()


def rewrite(lake: DiskLake, change: "pa.Table", path: Path, metadata: dict[bytes, bytes] | None = None) -> None:
    """Puts another table in the place of a data file, and makes the ledger agree about its size and rows."""
    footer = metadata if metadata is not None else pq.read_metadata(path).metadata
    kept = {key: value for key, value in footer.items() if key.startswith(b"ingester.")}
    with pq.ParquetWriter(path, change.schema) as writer:
        writer.write_table(change)
        writer.add_key_value_metadata(kept)
    size_bytes, name = path.stat().st_size, path.relative_to(lake.root).as_posix()
    execute(lake, f"UPDATE data_files SET size_bytes={size_bytes}, rows={change.num_rows} WHERE path='{name}'")
    of_commit = "FROM data_files WHERE commit_number = commits.number AND kind = 'data'"
    for column in ("rows", "size_bytes"):
        execute(lake, f"UPDATE commits SET {column} = (SELECT sum({column}) {of_commit})")


def test_a_lake_as_it_should_be_has_no_findings(filled: DiskLake, source: Path) -> None:
    plain, compared = verify(filled), verify(filled, "--source", source)

    assert (plain.exit_code, compared.exit_code) == (0, 0), plain.stdout + compared.stdout
    assert "1 quarantined records" in plain.stdout
    assert f"{sum(filled.places().values())} records of" in compared.stdout


def test_filtered_events_are_no_lost_ones(source: Path, disk_lake: DiskLake) -> None:
    ended = ingester("backfill", source, *disk_lake.arguments, "--include", "eventName=A*")

    assert ended.exit_code == 1  # one record can't be read
    assert verify(disk_lake).exit_code == 0
    execute(disk_lake, "UPDATE log_files SET filtered_records = 0 WHERE filtered_records > 0")
    assert "finding" in verify(disk_lake).stdout


def test_a_missing_data_file_is_named(filled: DiskLake) -> None:
    path = a_data_file(filled)
    path.unlink()

    ended = verify(filled)

    assert ended.exit_code == 1
    assert f"missing data file: {path}" in ended.stdout
    assert "lost rows" in ended.stdout


def test_a_data_file_that_was_cut_short_is_named(filled: DiskLake) -> None:
    path = a_data_file(filled)
    path.write_bytes(path.read_bytes()[:-100])

    ended = verify(filled)

    assert ended.exit_code == 1
    assert f"size of a data file: {path}" in ended.stdout
    assert f"damaged data file: {path}" in ended.stdout


def test_a_row_that_is_gone_is_named_with_its_log_file(filled: DiskLake) -> None:
    path = a_data_file(filled)
    table = pq.ParquetFile(path).read()
    rewrite(filled, table.slice(1), path)

    ended = verify(filled)

    assert ended.exit_code == 1
    assert f"lost rows: {table['logFile'][0].as_py()}" in ended.stdout


def test_a_row_that_is_there_twice_is_named_with_its_log_file(filled: DiskLake) -> None:
    path = a_data_file(filled)
    table = pq.ParquetFile(path).read()
    rewrite(filled, pa.concat_tables([table, table.slice(0, 1)]), path)

    ended = verify(filled)

    assert ended.exit_code == 1
    assert f"rows twice: {table['logFile'][0].as_py()}" in ended.stdout


def test_a_row_in_the_place_of_another_is_named(filled: DiskLake) -> None:
    path = a_data_file(filled)
    table = pq.ParquetFile(path).read()
    indexes = pa.array([99_999, *table["recordIndex"].to_pylist()[1:]], pa.int64())
    rewrite(filled, table.set_column(table.schema.get_field_index("recordIndex"), "recordIndex", indexes), path)

    ended = verify(filled)

    assert ended.exit_code == 1
    assert f"record index out of range: {table['logFile'][0].as_py()}" in ended.stdout
    assert "missing records" in ended.stdout


def test_rows_of_a_log_file_that_the_commit_does_not_have_are_named(filled: DiskLake) -> None:
    path = a_data_file(filled)
    table = pq.ParquetFile(path).read()
    uris = pa.array(["s3://elsewhere/x.json.gz", *table["logFile"].to_pylist()[1:]])
    rewrite(filled, table.set_column(table.schema.get_field_index("logFile"), "logFile", uris), path)

    assert "names s3" not in verify(filled).stderr
    assert f"rows of another log file: {path}" in verify(filled).stdout


def test_a_row_count_that_the_ledger_does_not_know_is_named(filled: DiskLake) -> None:
    execute(filled, "UPDATE data_files SET rows = rows + 1 WHERE kind = 'data' AND number = 1")

    ended = verify(filled)

    assert ended.exit_code == 1
    assert "rows of a data file" in ended.stdout


def test_a_footer_of_another_commit_is_named(filled: DiskLake) -> None:
    path = a_data_file(filled)
    rewrite(filled, pq.ParquetFile(path).read(), path, {b"ingester.commit_id": b"0" * 32})

    ended = verify(filled)

    assert ended.exit_code == 1
    assert f"commit of a data file: {path}" in ended.stdout


def test_files_that_are_in_no_commit_are_named(filled: DiskLake) -> None:
    ours = a_data_file(filled)
    stranger = ours.with_name("notes.parquet")
    double = ours.with_name(ours.name.replace(ours.stem[-34:-2], "f" * 32))
    shutil.copy(ours, stranger)
    shutil.copy(ours, double)

    ended = verify(filled)

    assert ended.exit_code == 1
    assert f"stray file: {stranger}" in ended.stdout
    assert f"stray file: {double}" in ended.stdout


def test_quarantined_records_that_are_gone_are_named(filled: DiskLake) -> None:
    (path,) = (filled.root / "_ingester/quarantine/records").iterdir()
    path.unlink()

    ended = verify(filled)

    assert ended.exit_code == 1
    assert f"missing quarantine file: {path}" in ended.stdout


def test_a_quarantined_record_that_is_another_one_is_named(filled: DiskLake) -> None:
    (path,) = (filled.root / "_ingester/quarantine/records").iterdir()
    line = json.loads(path.read_text())
    path.write_text(json.dumps(line | {"record_index": 0}) + "\n")

    ended = verify(filled)

    assert ended.exit_code == 1
    assert "rows twice" in ended.stdout


def test_what_was_staged_for_nothing_is_named_and_repaired(filled: DiskLake) -> None:
    staged = filled.root / "_ingester/staging" / uuid.uuid4().hex / "cloudtrail"
    staged.mkdir(parents=True)

    found, repaired = verify(filled), verify(filled, "--repair")

    assert found.exit_code == 1
    assert f"staged leftover: {staged.parent}" in found.stdout
    assert repaired.exit_code == 0, repaired.stdout
    assert not staged.exists()


def unpublish(lake: DiskLake) -> None:
    """The state that a kill right after the ledger's transaction leaves behind."""
    ledger = SqliteLedger(ledger_file(lake))
    ((commit, _),) = ledger.each_commit()
    ledger.close()
    for data_file in commit.data_files:
        staged = lake.root / "_ingester/staging" / commit.commit_id / data_file.path
        staged.parent.mkdir(parents=True, exist_ok=True)
        (lake.root / data_file.path).rename(staged)
    execute(lake, "UPDATE commits SET published_at_ms = NULL")


def test_a_commit_that_is_not_published_is_named_and_rolled_forward(filled: DiskLake) -> None:
    places = filled.places()
    unpublish(filled)

    found, repaired = verify(filled), verify(filled, "--repair")

    assert found.exit_code == 1
    assert "unpublished commit" in found.stdout
    assert repaired.exit_code == 0, repaired.stdout
    assert filled.places() == places


def test_a_ledger_that_disagrees_with_itself_is_named(filled: DiskLake) -> None:
    execute(filled, "UPDATE commits SET log_files = log_files + 1")

    ended = verify(filled)

    assert ended.exit_code == 1
    assert f"damaged ledger: {ledger_file(filled)}" in ended.stdout


def test_a_lake_in_use_is_said_to_be_busy(filled: DiskLake) -> None:
    import fcntl

    with (filled.root / "_ingester/lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = verify(filled)

    assert ended.exit_code == 2
    assert "Another ingester" in ended.stderr


def test_where_there_is_no_lake_nothing_is_made(tmp_path: Path) -> None:
    ended = ingester("verify", tmp_path / "nothing")

    assert ended.exit_code == 2
    assert not (tmp_path / "nothing").exists()


def test_a_value_that_was_changed_is_found_against_the_source_only(filled: DiskLake, source: Path) -> None:
    path = a_data_file(filled)
    table = pq.ParquetFile(path).read()
    changed = pa.array(["Forged", *table["eventName"].to_pylist()[1:]])
    rewrite(filled, table.set_column(table.schema.get_field_index("eventName"), "eventName", changed), path)

    plain, compared = verify(filled), verify(filled, "--source", source)

    assert plain.exit_code == 0, plain.stdout
    assert compared.exit_code == 1
    assert f"rows that differ: {table['logFile'][0].as_py()}" in compared.stdout


def test_log_files_of_the_source_that_are_not_in_are_named(tmp_path: Path) -> None:
    source, filled = fill(tmp_path)
    (source / "new.json").write_bytes(b'{"Records":[]}')
    (source / "odd.json").write_bytes(BAD_RECORDS + b" ")

    ended = verify(filled, "--source", source)

    assert ended.exit_code == 1
    assert f"log file not in the lake: file://{source}/new.json" in ended.stdout
    assert f"log file not in the lake: file://{source}/odd.json\n  another version" in ended.stdout
    assert f"log file that can't be read again: file://{source}/odd.json" in ended.stdout


@pytest.mark.parametrize("damage", ["deleted", "overwritten"])
def test_a_ledger_is_rebuilt_from_the_footers_and_redelivery_adds_no_row(
    filled: DiskLake, source: Path, damage: str
) -> None:
    places = filled.places()
    if damage == "deleted":
        for path in ledger_file(filled).parent.glob("ledger.sqlite*"):
            path.unlink()
    else:
        ledger_file(filled).write_bytes(b"no ledger at all" * 1000)
    assert verify(filled).exit_code == 2

    rebuilt = verify(filled, "--rebuild-ledger", "--source", source)
    again = ingester("backfill", source, *filled.arguments, "--workers", "1")

    assert rebuilt.exit_code == 0, rebuilt.stdout + rebuilt.stderr
    assert again.exit_code == 0, again.stdout
    assert filled.places() == places
    assert verify(filled).exit_code == 0


def test_a_commit_of_which_a_file_is_lost_is_set_aside_and_its_log_files_come_in_again(
    filled: DiskLake, source: Path
) -> None:
    places = filled.places()
    assert len(filled.data_files()) > 1
    a_data_file(filled).unlink()
    for path in ledger_file(filled).parent.glob("ledger.sqlite*"):
        path.unlink()

    rebuilt = verify(filled, "--rebuild-ledger")
    left = filled.data_files()
    ingester("backfill", source, *filled.arguments, "--workers", "1")

    assert rebuilt.exit_code == 1
    assert "incomplete commit" in rebuilt.stdout
    assert left == []
    assert filled.places() == places
    assert verify(filled).exit_code == 0


def test_an_older_copy_of_the_ledger_is_refused_and_a_rebuild_takes_its_place(tmp_path: Path) -> None:
    source, filled = fill(tmp_path)
    backup = ledger_file(filled).read_bytes()
    (source / "new.json").write_bytes(b'{"Records":[{"eventName":"New"}]}')
    ingester("backfill", source, *filled.arguments, "--workers", "1")
    places = filled.places()
    for path in ledger_file(filled).parent.glob("ledger.sqlite*"):
        path.unlink()
    ledger_file(filled).write_bytes(backup)

    refused = [verify(filled), ingester("backfill", source, *filled.arguments, "--workers", "1")]
    rebuilt = verify(filled, "--rebuild-ledger")
    ingester("backfill", source, *filled.arguments, "--workers", "1")

    for ended in refused:
        assert ended.exit_code == 2
        assert "belongs to another ledger" in ended.stderr
        assert "--rebuild-ledger" in ended.stderr
    assert rebuilt.exit_code == 0, rebuilt.stdout
    assert "of an earlier day, was kept as ledger.sqlite.other-" in rebuilt.stdout
    assert filled.places() == places


def test_a_lake_on_s3_or_disk_is_verified_repaired_and_its_ledger_rebuilt(
    moto_place: Place, lake: Lake, s3_options: list[str]
) -> None:
    log_files: list[GeneratedLogFile] = [*small_world(100), generated("AWSLogs/odd.json", BAD_RECORDS)]
    store(moto_place, log_files)
    from_s3 = f"s3://{moto_place.bucket}/AWSLogs/"
    ingester("backfill", from_s3, *lake.arguments, *s3_options, "--workers", "1")
    places = lake.places()
    output, *state = lake.arguments[1:]
    command = ("verify", output, *state, *s3_options)

    whole = ingester(*command, "--source", from_s3)
    root = Path(state[1]) if state else Path(output) / "_ingester"
    for path in root.glob("ledger.sqlite*"):
        path.unlink()
    rebuilt = ingester(*command, "--rebuild-ledger")
    ingester("backfill", from_s3, *lake.arguments, *s3_options, "--workers", "1")

    assert whole.exit_code == 0, whole.stdout + whole.stderr
    assert rebuilt.exit_code == 0, rebuilt.stdout + rebuilt.stderr
    assert lake.places() == places


def test_on_s3_missing_files_strays_and_leftovers_are_named(
    moto_place: Place, lake: Lake, s3_options: list[str]
) -> None:
    if isinstance(lake, DiskLake):
        pytest.skip("on disk each has a test of its own")
    store(moto_place, small_world(100))
    ingester("backfill", f"s3://{moto_place.bucket}/AWSLogs/", *lake.arguments, *s3_options, "--workers", "1")
    prefix = lake.arguments[1].removeprefix(f"s3://{moto_place.bucket}/")
    gone = f"{prefix}/{lake.data_files()[0]}"
    moto_place.s3.copy_object(
        Bucket=moto_place.bucket, Key=f"{prefix}/cloudtrail/x.parquet", CopySource=f"{moto_place.bucket}/{gone}"
    )
    moto_place.s3.delete_object(Bucket=moto_place.bucket, Key=gone)
    staged = f"{prefix}/cloudtrail/20240313T083330Z-{uuid.uuid4().hex}-1.parquet"
    moto_place.s3.create_multipart_upload(Bucket=moto_place.bucket, Key=staged)
    command = ("verify", lake.arguments[1], *lake.arguments[2:], *s3_options)

    found, repaired = ingester(*command), ingester(*command, "--repair")

    assert found.exit_code == 1
    assert f"missing data file: s3://{moto_place.bucket}/{gone}" in found.stdout
    assert f"stray file: s3://{moto_place.bucket}/{prefix}/cloudtrail/x.parquet" in found.stdout
    assert f"staged leftover: the multipart upload to s3://{moto_place.bucket}/{staged}" in found.stdout
    assert "staged leftover" not in repaired.stdout.split("finding")[-1]
    assert lake.leftovers() == []


def test_commits_of_one_ledger_are_read_one_by_one(filled: DiskLake) -> None:
    ledger = SqliteLedger(ledger_file(filled))
    commits = [commit for commit, _ in ledger.each_commit()]
    ledger.close()
    assert all(isinstance(commit, Commit) for commit in commits)
    assert sum(file.rows for commit in commits for file in commit.log_files) == sum(filled.places().values())


def test_a_source_is_compared_however_its_directory_is_given(filled: DiskLake, source: Path) -> None:
    usual = verify(filled, "--source", source)
    roundabout = verify(filled, "--source", source / "AWSLogs" / "..")
    assert (roundabout.exit_code, roundabout.stdout) == (usual.exit_code, usual.stdout)
    assert " 0 log files compared" not in usual.stdout


def test_log_files_of_the_source_are_fetched_several_at_a_time(
    filled: DiskLake, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, a_second_began = count(), threading.Event()

    def patient_opener(settings: Settings) -> Open:
        open_ = opener(settings)

        def open_after_the_second(log_file: LogFile, make_room: MakeRoom) -> Fetched:
            if next(calls) > 0:
                a_second_began.set()
            assert a_second_began.wait(timeout=20), "the first log file was fetched alone"
            return open_(log_file, make_room)

        return open_after_the_second

    monkeypatch.setattr("ingester.verify.compare.opener", patient_opener)
    report = verify_lake(Settings(output=str(filled.root)), source=str(source))
    assert (report.findings, report.log_files_compared) == ([], report.log_files)
