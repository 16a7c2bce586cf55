"""`ingester backfill`, the real command: log files that lie somewhere become Parquet, each once."""

import signal
from collections import Counter
from pathlib import Path

import pytest
from isal import igzip

from scripts.demo_world.log_files import GeneratedLogFile, log_file, pack
from scripts.demo_world.notifications import cloudtrail_message
from tests.support.cli import ingester, running_ingester
from tests.support.compare import assert_same_records
from tests.support.lake import DiskLake, Lake
from tests.support.moto import Place
from tests.support.trail import RecordPlace, expected_records, small_world, store
from tests.support.waiting import wait_until


def write(folder: Path, log_files: list[GeneratedLogFile]) -> dict[RecordPlace, bytes]:
    """Writes log files below a folder; what a lake must hold of them."""
    expected: dict[RecordPlace, bytes] = {}
    for one in log_files:
        path = folder / one.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.body)
        expected |= expected_records("", [GeneratedLogFile(str(path), one.body, one.events, one.json_bytes)])
    return expected


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An empty directory for log files."""
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def test_a_directory_comes_in_whole_and_a_second_time_adds_no_row(source: Path, disk_lake: DiskLake) -> None:
    expected = write(source, small_world(5_000))

    first = ingester("backfill", source, *disk_lake.arguments, "--workers", "1")
    files = disk_lake.data_files()
    second = ingester("backfill", source, *disk_lake.arguments, "--workers", "2")

    assert (first.exit_code, second.exit_code) == (0, 0), first.stderr + second.stderr
    assert disk_lake.places() == Counter(expected.keys())
    assert_same_records(disk_lake.table(), expected)
    assert disk_lake.data_files() == files
    assert f"{len(expected):,}" in first.stdout
    assert "already in" in second.stdout


def test_what_is_new_is_added_to_what_is_there(source: Path, disk_lake: DiskLake) -> None:
    expected = write(source, small_world(200, seed=1))
    assert ingester("backfill", source, *disk_lake.arguments).exit_code == 0
    expected |= write(source, small_world(200, seed=2))

    assert ingester("backfill", source, *disk_lake.arguments).exit_code == 0

    assert disk_lake.places() == Counter(expected.keys())


def test_an_s3_prefix_comes_in_whole(moto_place: Place, lake: Lake, s3_options: list[str]) -> None:
    log_files = small_world(1_000)
    store(moto_place, log_files)
    elsewhere = GeneratedLogFile("other/AWSLogs/x.json.gz", log_file(3).body, 3, 0)
    store(moto_place, [elsewhere])
    account = log_files[0].key.split("/")[1]
    source = f"s3://{moto_place.bucket}/AWSLogs/{account}/"

    ended = ingester("backfill", source, *lake.arguments, *s3_options, "--workers", "2")

    assert ended.exit_code == 0, ended.stderr
    wanted = [one for one in log_files if one.key.startswith(f"AWSLogs/{account}/")]
    expected = expected_records(moto_place.bucket, wanted)
    assert lake.places() == Counter(expected.keys())
    assert_same_records(lake.table(), expected)


def test_a_log_file_that_a_queue_brought_is_not_taken_again(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str]
) -> None:
    log_files = small_world(100)
    objects = store(moto_place, log_files)
    queue = moto_place.queue()
    queue.send(cloudtrail_message(objects[: len(objects) // 2]))
    assert (
        ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, "--until-empty").exit_code == 0
    )

    ended = ingester("backfill", f"s3://{moto_place.bucket}", *disk_lake.arguments, *s3_options)

    assert ended.exit_code == 0, ended.stderr
    assert disk_lake.places() == Counter(expected_records(moto_place.bucket, log_files).keys())


def test_what_lies_beside_log_files_is_skipped_and_counted(source: Path, disk_lake: DiskLake) -> None:
    expected = write(source, small_world(50))
    digest = source / "AWSLogs/1/CloudTrail-Digest/us-east-1/2025/11/03/1_CloudTrail-Digest_x.json.gz"
    digest.parent.mkdir(parents=True)
    digest.write_bytes(igzip.compress(b'{"awsAccountId":"1"}'))
    (source / "README.txt").write_text("not a log file")

    ended = ingester("backfill", source, *disk_lake.arguments)

    assert ended.exit_code == 0, ended.stderr
    assert disk_lake.places() == Counter(expected.keys())
    assert "skipped" in ended.stdout


def test_gzip_of_several_members_and_plain_json_come_in_too(source: Path, disk_lake: DiskLake) -> None:
    text = igzip.decompress(log_file(40).body)
    plain, named_gz, members = (source / name for name in ("plain.json", "plain.json.gz", "members.json.gz"))
    plain.write_bytes(text)
    named_gz.write_bytes(text)
    members.write_bytes(igzip.compress(text[:5000]) + igzip.compress(text[5000:9000]) + igzip.compress(text[9000:]))

    ended = ingester("backfill", source, *disk_lake.arguments)

    assert ended.exit_code == 0, ended.stderr
    assert Counter(uri for uri, _ in disk_lake.places()) == Counter({path.as_uri(): 40 for path in source.iterdir()})


def test_quarantined_log_files_and_records_are_listed_and_give_exit_code_1(source: Path, disk_lake: DiskLake) -> None:
    expected = write(source, small_world(50))
    (source / "cut.json.gz").write_bytes(log_file(300).body[:-700])
    odd = source / "odd.json.gz"
    odd.write_bytes(pack(['{"eventName":"A"}', "[1]"]))

    ended = ingester("backfill", source, *disk_lake.arguments, "--max-attempts", "2")

    assert ended.exit_code == 1, ended.stderr
    assert "cut.json.gz" in ended.stdout
    assert "1 records" in ended.stdout
    assert disk_lake.places() == Counter([*expected.keys(), (odd.as_uri(), 0)])
    assert len(disk_lake.quarantine()) == 2
    again = ingester("backfill", source, *disk_lake.arguments, "--max-attempts", "1")
    assert again.exit_code == 1, "what is quarantined is tried again and is still bad"
    assert "cut.json.gz" in again.stdout


def test_a_backfill_that_was_killed_goes_on_where_it_was(source: Path, disk_lake: DiskLake, tmp_path: Path) -> None:
    expected = write(source, small_world(30_000))
    command = ["backfill", source, *disk_lake.arguments, "--workers", "2", "--flush-interval", "0.1"]
    with running_ingester(tmp_path, *command) as running:
        wait_until(disk_lake.data_files, what="the first data file")
        running.send(signal.SIGKILL)
    at_the_kill = disk_lake.places()

    ended = ingester(*command)

    assert set(at_the_kill.values()) == {1}
    assert ended.exit_code == 0, ended.stderr
    assert disk_lake.places() == Counter(expected.keys())
    assert disk_lake.leftovers() == []


def test_an_interrupted_backfill_commits_what_is_in_hand_and_says_that_it_is_incomplete(
    source: Path, disk_lake: DiskLake, tmp_path: Path
) -> None:
    expected = write(source, small_world(60_000))
    command = ["backfill", source, *disk_lake.arguments, "--workers", "1", "--flush-interval", "0.1"]
    with running_ingester(tmp_path, *command) as running:
        wait_until(disk_lake.data_files, what="the first data file")
        running.send(signal.SIGINT)
        ended = running.wait()

    assert ended.exit_code == 130, ended.stderr
    assert "Traceback" not in ended.stderr
    places = disk_lake.places()
    assert set(places) < set(expected)
    assert set(places.values()) == {1}
    assert disk_lake.leftovers() == []


@pytest.mark.parametrize(
    ("source_name", "named"),
    [
        ("{folder}/nowhere", "nowhere"),
        ("s3://no-such-bucket-{name}/AWSLogs", "no-such-bucket"),
        ("s3:///AWSLogs", "s3:///AWSLogs"),
    ],
)
def test_a_source_that_can_not_be_listed_is_said_in_one_sentence_with_exit_code_2(
    moto_place: Place, tmp_path: Path, disk_lake: DiskLake, s3_options: list[str], source_name: str, named: str
) -> None:
    source = source_name.format(folder=tmp_path, name=moto_place.name)

    ended = ingester("backfill", source, *disk_lake.arguments, *s3_options)

    assert ended.exit_code == 2, ended.stderr
    [sentence] = ended.stderr.strip().splitlines()
    assert sentence.startswith("error: ")
    assert named in sentence
