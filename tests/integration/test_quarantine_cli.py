"""`ingester quarantine`, the real command: list, show, retry."""

from pathlib import Path

from tests.support.cli import ingester
from tests.support.lake import DiskLake, Lake
from tests.support.moto import Place
from tests.support.trail import generated, store

GOOD = b'{"Records":[{"eventName":"A"},{"eventName":"B"}]}'


def test_a_mended_log_file_comes_in_by_a_retry_and_leaves_the_quarantine(tmp_path: Path, disk_lake: DiskLake) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "bad.json").write_bytes(b"no JSON")
    (source / "worse.json").write_bytes(b"none either")
    ingester("backfill", source, *disk_lake.arguments, "--workers", "1", "--max-attempts", "1")
    listed = ingester("quarantine", "list", disk_lake.root)
    shown = ingester("quarantine", "show", disk_lake.root, f"file://{source}/bad.json")
    (source / "bad.json").write_bytes(GOOD)

    retried = ingester("quarantine", "retry", disk_lake.root, "--workers", "1", "--max-attempts", "1")
    after = ingester("quarantine", "list", disk_lake.root)

    assert "2 log files" in listed.stdout
    assert "not JSON" in shown.stdout
    assert retried.exit_code == 1  # the other stays
    assert "1 log files" in after.stdout
    assert "worse.json" in after.stdout
    assert "bad.json" not in after.stdout
    assert len(disk_lake.places()) == 2


def test_a_log_file_that_comes_in_later_leaves_the_quarantine_by_itself(
    moto_place: Place, lake: Lake, s3_options: list[str]
) -> None:
    key = "AWSLogs/x.json"
    bucket = f"s3://{moto_place.bucket}/AWSLogs/"
    store(moto_place, [generated(key, GOOD)])
    command = ("backfill", bucket, *lake.arguments, *s3_options, "--workers", "1", "--max-attempts", "1")
    output, *state = lake.arguments[1:]
    moto_place.s3.put_object(Bucket=moto_place.bucket, Key=key, Body=b"no JSON")
    ingester(*command)
    listed = ingester("quarantine", "list", output, *state, *s3_options)
    moto_place.s3.put_object(Bucket=moto_place.bucket, Key=key, Body=GOOD)

    retried = ingester("quarantine", "retry", output, *state, *s3_options, "--workers", "1")
    after = ingester("quarantine", "list", output, *state, *s3_options)

    assert f"s3://{moto_place.bucket}/{key}" in listed.stdout
    assert retried.exit_code == 0, retried.stdout + retried.stderr
    assert "0 log files" in after.stdout
    assert len(lake.places()) == 2


def test_what_is_not_in_the_quarantine_is_said(disk_lake: DiskLake) -> None:
    ended = ingester("quarantine", "retry", disk_lake.root, "s3://b/k")

    assert ended.exit_code == 2
    assert "s3://b/k is not in the quarantine" in ended.stderr


def test_a_uri_is_taken_as_list_shows_it(moto_place: Place, disk_lake: DiskLake, s3_options: list[str]) -> None:
    keys = ["AWSLogs/\x1b[31mred.json", "AWSLogs//per%2Fcent [bold]x.json"]
    store(moto_place, [generated(key, b"no JSON") for key in keys])
    once = ("--workers", "1", "--max-attempts", "1")
    ingester("backfill", f"s3://{moto_place.bucket}/AWSLogs/", *disk_lake.arguments, *s3_options, *once)
    listed = ingester("quarantine", "list", disk_lake.root, *s3_options)
    uris = [line.strip() for line in listed.stdout.splitlines() if line.startswith("  s3://")]
    shown = [ingester("quarantine", "show", disk_lake.root, uri, *s3_options) for uri in uris]
    store(moto_place, [generated(key, GOOD) for key in keys])

    retried = ingester("quarantine", "retry", disk_lake.root, *uris, *s3_options, *once)

    assert uris == [f"s3://{moto_place.bucket}/AWSLogs/\\x1b[31mred.json", f"s3://{moto_place.bucket}/{keys[1]}"]
    assert [ended.exit_code for ended in shown] == [0, 0]
    assert retried.exit_code == 0, retried.stderr
    assert "0 log files" in ingester("quarantine", "list", disk_lake.root, *s3_options).stdout
