"""`ingester run`, the real command against a moto server: a queue's messages become Parquet, each record once."""

import json
import signal
from collections import Counter
from pathlib import Path

import pytest

from scripts.demo_world.log_files import log_file, pack
from scripts.demo_world.notifications import (
    VALIDATION_MESSAGE,
    StoredObject,
    cloudtrail_message,
    s3_event,
    s3_test_event,
    sns_envelope,
)
from tests.support.cli import ingester, is_running, running_ingester
from tests.support.compare import assert_same_records
from tests.support.lake import DiskLake, Lake
from tests.support.moto import Place
from tests.support.trail import expected_records, generated, message_bodies, records_of, small_world, store
from tests.support.waiting import wait_until

UNTIL_EMPTY = ["--until-empty", "--workers", "2"]


def test_every_form_of_notification_brings_each_record_once_and_whole(
    moto_place: Place, lake: Lake, s3_options: list[str]
) -> None:
    log_files = small_world(3_000)
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, log_files)))

    ended = ingester("run", "--queue-url", queue.url, *lake.arguments, *s3_options, *UNTIL_EMPTY)

    assert ended.exit_code == 0, ended.stderr
    expected = expected_records(moto_place.bucket, log_files)
    assert lake.places() == Counter(expected.keys())
    assert_same_records(lake.table(), expected)
    assert queue.is_empty()
    assert lake.leftovers() == []


@pytest.mark.parametrize("sample", ["boogy_production", "opensearch_catalog", "traildiscover"])
def test_real_records_come_through_whole(
    samples: Path, sample: str, moto_place: Place, disk_lake: DiskLake, s3_options: list[str]
) -> None:
    folder = samples / sample
    log_files = [generated(path.relative_to(folder).as_posix(), path.read_bytes()) for path in folder.rglob("*.gz")]
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, log_files)))

    ended = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *UNTIL_EMPTY)

    assert ended.exit_code == 0, ended.stderr
    expected = expected_records(moto_place.bucket, log_files)
    assert disk_lake.places() == Counter(expected.keys())
    assert_same_records(disk_lake.table(), expected)


def test_odd_keys_are_fetched_as_they_are_spelt(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str]
) -> None:
    keys = [
        "logs//AWSLogs/a.json.gz",
        "a b+c%2Bd=é&.json.gz",
        "/lead.json.gz",
        "up/../down/./x.json.gz",
        "日本.json.gz",
    ]
    log_files = [generated(key, log_file(3, seed=number).body) for number, key in enumerate(keys)]
    objects = store(moto_place, log_files)
    queue = moto_place.queue()
    queue.send(cloudtrail_message(objects[:3]), s3_event(objects[3:]))

    ended = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *UNTIL_EMPTY)

    assert ended.exit_code == 0, ended.stderr
    assert disk_lake.places() == Counter(expected_records(moto_place.bucket, log_files).keys())


def test_an_object_announced_again_in_other_forms_and_runs_adds_no_row(
    moto_place: Place, lake: Lake, s3_options: list[str]
) -> None:
    log_files = small_world(300)
    objects = store(moto_place, log_files)
    queue = moto_place.queue()
    command = ["run", "--queue-url", queue.url, *lake.arguments, *s3_options, *UNTIL_EMPTY]
    queue.send(*message_bodies(objects), *message_bodies(objects))
    assert ingester(*command).exit_code == 0
    queue.send(*message_bodies(objects[::-1]))

    again = ingester(*command)

    assert again.exit_code == 0, again.stderr
    assert lake.places() == Counter(expected_records(moto_place.bucket, log_files).keys())
    assert queue.is_empty()


def test_an_object_written_anew_is_another_log_file(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str]
) -> None:
    queue = moto_place.queue()
    command = ["run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *UNTIL_EMPTY]
    for seed in (1, 2):
        queue.send(s3_event(store(moto_place, [generated("one.json.gz", log_file(5, seed=seed).body)])))
        assert ingester(*command).exit_code == 0

    assert set(disk_lake.places().values()) == {2}


def test_set_up_tests_and_digests_are_deleted_and_counted(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str]
) -> None:
    folder = "AWSLogs/1/CloudTrail-Digest/us-east-1/2025/11/03/"
    digest = f"{folder}1_CloudTrail-Digest_us-east-1_trail_us-east-1_20251103T000000Z.json.gz"
    queue = moto_place.queue()
    queue.send(
        VALIDATION_MESSAGE,
        sns_envelope(VALIDATION_MESSAGE),
        s3_test_event("bucket"),
        sns_envelope(s3_test_event("bucket")),
        cloudtrail_message([StoredObject(moto_place.bucket, digest, "", 0)]),
    )

    ended = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *UNTIL_EMPTY)

    assert ended.exit_code == 0, ended.stderr
    assert queue.is_empty()
    assert disk_lake.data_files() == []
    assert "1 digests skipped" in ended.stdout
    assert "2 validation_message" in ended.stdout
    assert "2 test_event" in ended.stdout


def test_a_message_that_a_dead_predecessor_holds_is_waited_for(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str]
) -> None:
    log_files = [log_file(7)]
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, log_files)))
    moto_place.sqs.receive_message(QueueUrl=queue.url, VisibilityTimeout=4)

    ended = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *UNTIL_EMPTY)

    assert ended.exit_code == 0, ended.stderr
    assert sum(disk_lake.places().values()) == 7
    assert queue.is_empty()


def test_sigterm_commits_what_is_in_hand_deletes_its_messages_and_exits_with_0(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str], tmp_path: Path
) -> None:
    # a record that can't be read is staged as soon as it is met, which shows that the log file is in hand
    begun = generated("begun.json.gz", pack(["17", *records_of(log_file(2_000).body)]))
    others = small_world(500)
    [first, *objects] = store(moto_place, [begun, *others])
    queue = moto_place.queue()
    queue.send(s3_event([first]))
    service = ["run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, "--workers", "1"]

    with running_ingester(tmp_path, *service, "--flush-interval", "3600", "--batch-rows", "512") as running:
        wait_until(lambda: any("records" in name for name in disk_lake.leftovers()), what="a record to be staged")
        queue.send(*message_bodies(objects))
        wait_until(lambda: queue.counts()[0] == 0, what="all messages to be received")
        workers = running.worker_pids()
        assert disk_lake.data_files() == []
        running.send(signal.SIGTERM)
        ended = running.wait()

    assert ended.exit_code == 0, ended.stderr
    assert len(workers) == 1
    assert not any(is_running(pid) for pid in workers)
    drained = disk_lake.places()
    assert {index for uri, index in drained if uri.endswith("begun.json.gz")} == set(range(1, 2_001))
    assert set(drained.values()) == {1}
    assert disk_lake.leftovers() == []
    _, in_flight, _ = queue.counts()
    assert in_flight == 0, "what was not drained is visible again at once"
    left = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *UNTIL_EMPTY)
    assert left.exit_code == 0, left.stderr
    of_others = {
        place: times for place, times in disk_lake.places().items() if not place[0].endswith("begun.json.gz")
    }
    assert of_others == Counter(expected_records(moto_place.bucket, others).keys())


def test_rows_reach_the_lake_within_the_flush_interval_while_the_service_runs(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str], tmp_path: Path
) -> None:
    queue = moto_place.queue()
    service = [
        "run",
        "--queue-url",
        queue.url,
        *disk_lake.arguments,
        *s3_options,
        "--workers",
        "1",
        "--flush-interval",
        "1",
    ]

    with running_ingester(tmp_path, *service) as running:
        for seed in (1, 2):
            queue.send(*message_bodies(store(moto_place, [log_file(5, seed=seed)])))
            wait_until(queue.is_empty, what="the message to be deleted")
            assert sum(disk_lake.places().values()) == 5 * seed
        running.send(signal.SIGINT)
        assert running.wait().exit_code == 0


def test_messages_in_hand_stay_hidden_for_longer_than_the_visibility_timeout(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str], tmp_path: Path
) -> None:
    # a message that became visible would be received a second time, and so be a dead letter
    queue = moto_place.queue(max_receive_count=1)
    queue.send(*message_bodies(store(moto_place, small_world(100))))
    pace = ["--workers", "1", "--visibility-timeout", "10", "--flush-interval", "13"]
    service = ["run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *pace]

    with running_ingester(tmp_path, *service) as running:
        wait_until(queue.is_empty, what="the messages to be deleted")
        running.send(signal.SIGTERM)
        assert running.wait().exit_code == 0

    assert queue.dead_letters() == []
    assert sum(disk_lake.places().values()) == 100


def test_a_second_ingester_is_kept_out_of_a_lake(
    moto_place: Place, lake: Lake, s3_options: list[str], tmp_path: Path
) -> None:
    command = ["run", "--queue-url", moto_place.queue().url, *lake.arguments, *s3_options]
    with running_ingester(tmp_path, *command) as running:
        wait_until(running.worker_pids, what="the first to be at work")

        second = ingester(*command, "--until-empty")

        assert running.is_alive
    assert second.exit_code == 2
    [sentence] = second.stderr.strip().splitlines()
    assert f"process {running.process.pid}" in sentence


def test_partitions_are_those_of_the_records(moto_place: Place, disk_lake: DiskLake, s3_options: list[str]) -> None:
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, small_world(500))))
    options = ["--partition-by", "region,account,hour", *UNTIL_EMPTY]

    ended = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *options)

    assert ended.exit_code == 0, ended.stderr
    keys = {tuple(part.split("=")[0] for part in name.split("/")[1:-1]) for name in disk_lake.data_files()}
    assert keys == {("region", "account", "hour")}


def test_every_option_can_come_from_the_environment(moto_place: Place, disk_lake: DiskLake, tmp_path: Path) -> None:
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, [log_file(5)])))
    options = {
        "QUEUE_URL": queue.url,
        "OUTPUT": str(disk_lake.root),
        "ENDPOINT_URL": moto_place.server.endpoint_url,
        "REGION": "us-east-1",
        "WORKERS": "1",
        "UNTIL_EMPTY": "1",
        "LOG_FORMAT": "json",
        "STATE_DIR": str(tmp_path / "state"),
    }

    ended = ingester("run", environ={f"INGESTER_{name}": value for name, value in options.items()})

    assert ended.exit_code == 0, ended.stderr
    assert sum(disk_lake.places().values()) == 5
    assert list((tmp_path / "state").iterdir())
    assert all(json.loads(line)["level"] for line in ended.stderr.splitlines())
