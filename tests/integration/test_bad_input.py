"""What `ingester run` does with bad log files and records, bodies that nobody knows, and settings that can't work."""

import json
from collections import Counter
from pathlib import Path

import pytest
from isal import igzip

from scripts.demo_world.log_files import GeneratedLogFile, log_file, pack
from scripts.demo_world.notifications import StoredObject, cloudtrail_message, s3_event
from tests.support.cli import ingester
from tests.support.lake import DiskLake, Lake
from tests.support.moto import Place
from tests.support.trail import expected_records, generated, message_bodies, small_world, store

UNTIL_EMPTY = ["--until-empty", "--workers", "2"]

BAD_LOG_FILES = {
    "not-gzip.json.gz": b"\x00this is no log file",
    "cut-short.json.gz": log_file(400).body[:-900],
    "not-json.json.gz": igzip.compress(b'{"Records":[{"eventVersion":"1.08",}]}'),
    "no-records.json.gz": igzip.compress(b'{"Events":[]}'),
}


def test_bad_log_files_are_quarantined_with_the_reason_and_their_messages_go_to_the_dead_letters(
    moto_place: Place, lake: Lake, s3_options: list[str]
) -> None:
    good = small_world(200)
    bad = [generated(key, body) for key, body in BAD_LOG_FILES.items()]
    objects = store(moto_place, [*good, *bad])
    queue = moto_place.queue(max_receive_count=3)
    bad_bodies = [s3_event([stored]) for stored in objects[len(good) :]]
    # a bad one among good ones in one message must not hold them back
    mixed = s3_event([objects[0], objects[-1]])
    queue.send(*bad_bodies, mixed, *message_bodies(objects[: len(good)]))
    options = ["--max-attempts", "2", *UNTIL_EMPTY]

    ended = ingester("run", "--queue-url", queue.url, *lake.arguments, *s3_options, *options)

    assert ended.exit_code == 0, ended.stderr
    assert lake.places() == Counter(expected_records(moto_place.bucket, good).keys())
    quarantine = "\n".join(lake.quarantine().values())
    for key in BAD_LOG_FILES:
        assert key in ended.stdout, "the summary names what was quarantined"
        assert key in quarantine
    assert "Traceback" not in ended.stderr
    assert queue.is_empty()
    assert sorted(queue.dead_letters()) == sorted([*bad_bodies, mixed])
    assert lake.leftovers() == []


def test_a_log_file_that_is_not_there_is_named_with_what_to_mend(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str]
) -> None:
    queue = moto_place.queue(max_receive_count=3)
    queue.send(cloudtrail_message([StoredObject(moto_place.bucket, "AWSLogs/gone.json.gz", "", 1)]))
    options = ["--max-attempts", "1", *UNTIL_EMPTY]

    ended = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *options)

    assert ended.exit_code == 0, ended.stderr
    assert f"s3://{moto_place.bucket}/AWSLogs/gone.json.gz" in ended.stdout
    assert "NoSuchKey" in "\n".join(disk_lake.quarantine().values())
    assert len(queue.dead_letters()) == 1


def test_records_that_are_no_objects_are_quarantined_with_their_bytes_and_the_others_committed(
    moto_place: Place, lake: Lake, s3_options: list[str]
) -> None:
    whole = GeneratedLogFile(
        "odd.json.gz", pack(['{"eventName":"A"}', "17", '{"eventName":"B"}', '"text"', "null"]), 5, 0
    )
    [stored] = store(moto_place, [whole])
    queue = moto_place.queue()
    queue.send(s3_event([stored]))

    ended = ingester("run", "--queue-url", queue.url, *lake.arguments, *s3_options, *UNTIL_EMPTY)

    assert ended.exit_code == 0, ended.stderr
    uri = f"s3://{moto_place.bucket}/odd.json.gz"
    assert lake.places() == Counter([(uri, 0), (uri, 2)])
    [quarantined] = lake.quarantine().values()
    assert sorted(json.loads(line)["record_index"] for line in quarantined.splitlines()) == [1, 3, 4]
    assert "3 records" in ended.stdout
    assert queue.is_empty()


def test_a_body_that_nobody_understands_is_warned_about_and_left_to_the_redrive_policy(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str]
) -> None:
    queue = moto_place.queue(max_receive_count=2)
    queue.send("Dear ingester, how are you?", *message_bodies(store(moto_place, [log_file(3)])))

    ended = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *UNTIL_EMPTY)

    assert ended.exit_code == 0, ended.stderr
    assert "Dear ingester" in ended.stderr
    assert queue.dead_letters() == ["Dear ingester, how are you?"]
    assert sum(disk_lake.places().values()) == 3


NO_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


@pytest.mark.parametrize(
    ("options", "environ", "named"),
    [
        ({"--queue-url": "{endpoint}/123456789012/no-such-queue"}, {}, "no-such-queue"),
        ({"--queue-url": "cloudtrail"}, {}, "cloudtrail"),
        ({"--output": "s3://no-such-bucket-{name}/lake", "--state-dir": "{folder}/state"}, {}, "no-such-bucket"),
        ({"--output": "s3://{name}/lake"}, {}, "--state-dir"),
        ({"--output": "{folder}/file/lake"}, {}, "file/lake"),
        ({"--output": "{folder}/lake", "--state-dir": "{folder}/file/state"}, {}, "file/state"),
        ({}, NO_CREDENTIALS, "credentials"),
        ({"--endpoint-url": "http://127.0.0.1:9"}, {}, "127.0.0.1:9"),
        ({"--partition-by": "weekday"}, {}, "weekday"),
        ({"--target-file-size": "big"}, {}, "big"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_what_the_user_must_mend_is_said_in_one_sentence_with_exit_code_2(
    moto_place: Place, tmp_path: Path, options: dict[str, str], environ: dict[str, str], named: str
) -> None:
    (tmp_path / "file").write_text("a file where a directory is needed")
    names = {"endpoint": moto_place.server.endpoint_url, "name": moto_place.name, "folder": tmp_path}
    defaults = {
        "--queue-url": moto_place.queue().url,
        "--output": str(tmp_path / "lake"),
        "--endpoint-url": moto_place.server.endpoint_url,
    }
    given = defaults | {option: value.format(**names) for option, value in options.items()}
    arguments = [word for option in given.items() for word in option]

    ended = ingester("run", "--until-empty", *arguments, environ=environ)

    assert ended.exit_code == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert named in ended.stderr
    [sentence] = ended.stderr.strip().splitlines()
    assert sentence.startswith("error: ")
