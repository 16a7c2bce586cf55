"""Whatever a record or a key holds, files appear inside the output only: looked at on a real disk and a real S3."""

import json
import os
from collections import Counter
from pathlib import Path, PurePosixPath

from isal import igzip

from ingester.model.log_file import LogFile
from scripts.demo_world.notifications import s3_event
from tests.support.cli import ingester, running_ingester
from tests.support.lake import DiskLake, Lake
from tests.support.moto import Place
from tests.support.trail import generated, store
from tests.support.waiting import wait_until

HOSTILE = [
    "../../../escaped", "..", ".", "/etc/passwd", "/", "", "a/../../b", "%2e%2e%2f", "%2F..%2F", "\0", "a\0b", "~",
    "-rf", "é" * 300, "x" * 100_000, "日本/..", "a\\..\\b", "con:nul*?", "line\nfeed", "\u202e", " ", "=",
    "_ingester", "\x7f",
]  # fmt: skip
BY = ["--partition-by", "region,account,date,hour", "--workers", "1", "--until-empty"]


def body() -> bytes:
    """Every hostile value as the region and as the account of a record."""
    records = [{"eventName": "A", "awsRegion": value, "recipientAccountId": value} for value in HOSTILE]
    return igzip.compress(json.dumps({"Records": records}).encode())


def all_files(folder: Path) -> set[Path]:
    """All files below a folder, links not followed."""
    return {Path(where) / name for where, _, names in os.walk(folder) for name in names}


def test_values_of_records_and_keys_never_lead_out_of_the_output(
    moto_place: Place, lake: Lake, s3_options: list[str], tmp_path: Path
) -> None:
    """Fails when `layout.partition_value` leaves a slash or a dot segment, or a data file is named by its key."""
    keys = ["plain.json.gz", "../../../up.json.gz", "a//b/../c.json.gz", "x" * 900 + ".json.gz", "é/\u202e.json.gz"]
    objects = store(moto_place, [generated(key, body()) for key in keys])
    queue = moto_place.queue(max_receive_count=2)
    queue.send(*(s3_event([stored]) for stored in objects))
    outside = all_files(tmp_path)
    in_bucket = {stored.key for stored in objects}

    ended = ingester("run", "--queue-url", queue.url, *lake.arguments, *s3_options, *BY)

    assert ended.exit_code == 0, ended.stderr
    uris = [LogFile(moto_place.bucket, key).uri for key in keys]
    assert lake.places() == Counter((uri, index) for uri in uris for index in range(len(HOSTILE)))
    for name in lake.data_files():
        segments = PurePosixPath(name).parts
        assert len(segments) == 6
        assert [segment.split("=")[0] for segment in segments[1:5]] == ["region", "account", "date", "hour"]
        assert all(0 < len(segment.encode()) < 255 for segment in segments)
        assert not {"..", "."} & set(segments)
    root = tmp_path / ("lake" if isinstance(lake, DiskLake) else "state")
    assert {path for path in all_files(tmp_path) - outside if root not in path.parents} == set()
    listed = moto_place.s3.list_objects_v2(Bucket=moto_place.bucket)["Contents"]
    assert {entry["Key"] for entry in listed if not entry["Key"].startswith("lake/")} == in_bucket


def test_a_backfill_of_files_with_hostile_names_writes_inside_the_output_only(tmp_path: Path) -> None:
    logs, lake = tmp_path / "logs", DiskLake(tmp_path / "lake")
    names = ["plain.json.gz", "%2e%2e%2f.json.gz", "line\nfeed.json.gz", "é\u202e.json.gz", "-rf.json.gz"]
    logs.mkdir()
    for name in names:
        (logs / name).write_bytes(body())
    before = all_files(tmp_path)

    ended = ingester("backfill", logs, *lake.arguments, "--partition-by", "account,region", "--workers", "1")

    assert ended.exit_code == 0, ended.stderr
    assert sum(lake.places().values()) == len(names) * len(HOSTILE)
    assert set(lake.places().values()) == {1}
    assert all(lake.root in path.parents for path in all_files(tmp_path) - before)


def test_data_is_not_written_through_a_link_that_leads_out_of_the_lake(tmp_path: Path) -> None:
    """Fails when `DiskLake._publish_file` does not look where a partition's directory really lies."""
    logs, elsewhere, lake = tmp_path / "logs", tmp_path / "elsewhere", DiskLake(tmp_path / "lake")
    logs.mkdir()
    elsewhere.mkdir()
    (logs / "a.json.gz").write_bytes(igzip.compress(b'{"Records":[{"eventName":"A","awsRegion":"eu-west-1"}]}'))
    (lake.root / "cloudtrail").mkdir(parents=True)
    link = lake.root / "cloudtrail" / "region=eu-west-1"
    link.symlink_to(elsewhere)
    run = ["backfill", logs, *lake.arguments, "--partition-by", "region", "--workers", "1"]

    with running_ingester(tmp_path, *run) as running:
        wait_until(lambda: "Remove the link" in running.stderr_file.read_text(), what="the link to be told")
        assert all_files(elsewhere) == set()
        link.unlink()
        ended = running.wait()

    assert ended.exit_code == 0, ended.stderr
    assert sum(lake.places().values()) == 1
    assert all_files(elsewhere) == set()
