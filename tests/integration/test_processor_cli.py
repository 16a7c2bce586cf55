"""Functions and filters from the command line, with the real command and real worker processes."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.support import processors
from tests.support.cli import ingester
from tests.support.lake import DiskLake
from tests.support.library import Trail, key_of, record, records, write_log_file
from tests.support.moto import Place
from tests.support.processors import DIRECTORY, kept


@pytest.fixture
def trail(moto_place: Place) -> Trail:
    """A bucket and a queue."""
    return Trail(moto_place, moto_place.queue())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two log files on disk."""
    write_log_file(tmp_path / "source", "a", records(4))
    write_log_file(tmp_path / "source", "b", records(4, first=4))
    return tmp_path / "source"


def of_queue(trail: Trail) -> list[str]:
    """Options that end a run with its queue."""
    return ["--queue-url", trail.queue.url, "--endpoint-url", trail.place.server.endpoint_url, "--until-empty"]


def test_a_queue_s_events_go_to_a_function_alone(trail: Trail, tmp_path: Path) -> None:
    for number in range(20):
        trail.deliver(key_of(str(number)), records(2, first=2 * number))
    ended = ingester(
        "run", *of_queue(trail), "--workers", "2", "--processor", "tests.support.processors:keep",
        environ={DIRECTORY: str(tmp_path)},
    )  # fmt: skip

    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout == ""
    assert "40" in ended.stderr
    calls = kept(tmp_path)
    assert sorted(name for call in calls for name in call["names"]) == sorted(f"Event{n}" for n in range(40))
    assert {call["log_file"] for call in calls} == {
        f"s3://{trail.place.bucket}/{key_of(str(number))}" for number in range(20)
    }
    assert trail.queue.is_empty()


def test_a_function_takes_events_beside_the_parquet_and_filters_hold_for_both(source: Path, tmp_path: Path) -> None:
    lake = DiskLake(tmp_path / "lake")
    ended = ingester(
        "backfill", source, *lake.arguments, "--workers", "1", "--processor", "tests.support.processors:keep",
        "--exclude", "eventName=Event0", "--event-filter", "tests.support.processors:not_three",
        environ={DIRECTORY: str(tmp_path)},
    )  # fmt: skip

    assert ended.exit_code == 0, ended.stderr
    names = sorted(name for call in kept(tmp_path) for name in call["names"])
    assert names == ["Event1", "Event2", "Event4", "Event5", "Event6", "Event7"]
    table = lake.table()
    assert sorted(table["eventName"].to_pylist()) == names
    assert sorted(table["recordIndex"].to_pylist()) == [0, 1, 1, 2, 2, 3]
    assert "2 filtered" in ended.stderr


def test_declarative_filters_need_no_function_and_what_they_drop_is_counted(source: Path, tmp_path: Path) -> None:
    lake = DiskLake(tmp_path / "lake")
    ended = ingester(
        "backfill", source, *lake.arguments, "--include", "eventName=Event[0-2]", "--include", "eventName=Event7",
        "--exclude", "eventID=*1",
    )  # fmt: skip

    assert ended.exit_code == 0, ended.stderr
    assert sorted(lake.table()["eventName"].to_pylist()) == ["Event0", "Event2", "Event7"]
    assert "5 filtered" in ended.stdout
    assert ingester("verify", *lake.arguments[1:]).exit_code == 0


def test_a_source_filter_drops_whole_log_files(source: Path, tmp_path: Path) -> None:
    lake = DiskLake(tmp_path / "lake")
    (tmp_path / "mine.py").write_text(
        "def wanted(source):\n    return source.log_files[0].key.endswith('b.json.gz')\n"
    )
    ended = ingester("backfill", source, *lake.arguments, "--source-filter", f"{tmp_path}/mine.py:wanted")

    assert ended.exit_code == 0, ended.stderr
    assert sorted(lake.table()["eventName"].to_pylist()) == ["Event4", "Event5", "Event6", "Event7"]


def test_a_function_that_raises_costs_only_its_log_file(source: Path, tmp_path: Path) -> None:
    write_log_file(source, "bad", records(1, first=13))
    lake = DiskLake(tmp_path / "lake")
    ended = ingester(
        "backfill", source, *lake.arguments, "--processor", "tests.support.processors:fail", "--max-attempts", "2",
        environ={DIRECTORY: str(tmp_path)},
    )  # fmt: skip

    assert ended.exit_code == 1
    assert len(lake.table()) == 8
    assert "process raised KeyError: 'the thirteenth'" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--processor", "tests.support.processors:nothing"], "has no 'nothing'"),
        (["--processor", "nowhere.at.all:f"], "There is no module nowhere.at.all"),
        (["--processor", "nothing"], "names no function"),
        (["--output", "/o", "--include", "nofield=1"], "no string or boolean field"),
        ([], "--processor"),
    ],
)
def test_what_can_not_work_is_told_in_one_sentence(source: Path, arguments: list[str], says: str) -> None:
    ended = ingester("backfill", source, *arguments)

    assert ended.exit_code == 2
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


UNMADE = "The processor Unmade can't be made: Unmade() raised LookupError: no DATABASE_URL ("


def test_a_class_whose_constructor_raises_ends_a_backfill_and_says_what_it_raised(source: Path) -> None:
    ended = ingester("backfill", source, "--processor", "tests.support.processors:Unmade", "--workers", "2")

    assert ended.exit_code == 2
    assert f"error: {UNMADE}" in ended.stderr
    assert f"{processors.__file__}, line " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "keep dying" not in ended.stderr


def test_a_class_whose_constructor_raises_ends_a_run_and_its_messages_are_visible_at_once(trail: Trail) -> None:
    for name in "ab":
        trail.deliver(key_of(name), records(1))
    ended = ingester("run", *of_queue(trail), "--processor", "tests.support.processors:Unmade", "--workers", "1")

    assert ended.exit_code == 2
    assert f"error: {UNMADE}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert trail.queue.counts() == (2, 0, 0)


def test_lines_of_json_go_to_standard_output_whole(tmp_path: Path) -> None:
    """More than a pipe takes at once, from two processes."""
    for number in range(40):
        some = [record(n, requestParameters={"filler": "x" * 3_000}) for n in range(50 * number, 50 * number + 50)]
        write_log_file(tmp_path / "source", str(number), some)
    write_log_file(tmp_path / "source", "spaced", '{"Records": [{\n "eventName" :\r\n "Event2000"}]}')
    ended = ingester(
        "backfill", tmp_path / "source", "--workers", "2", "--processor", "ingester.processors.ndjson:write"
    )

    assert ended.exit_code == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert sorted(json.loads(line)["eventName"] for line in lines) == sorted(f"Event{n}" for n in range(2_001))


def test_counts_of_all_workers_add_up(source: Path, tmp_path: Path) -> None:
    ended = ingester(
        "backfill", source, "--workers", "2", "--processor", "ingester.processors.count:Count",
        environ={"INGESTER_COUNT_FILE": str(tmp_path / "counts.sqlite")},
    )  # fmt: skip

    assert ended.exit_code == 0, ended.stderr
    assert "events by source and name" in ended.stderr
    with sqlite3.connect(tmp_path / "counts.sqlite") as connection:
        assert connection.execute("SELECT sum(events) FROM counts").fetchone() == (8,)


def test_a_new_address_is_told_by_sns(trail: Trail, tmp_path: Path) -> None:
    topic = trail.place.sns.create_topic(Name="alerts")["TopicArn"]
    alerts = trail.place.queue()
    trail.place.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=trail.place.arn(alerts.url))
    seen = [
        record(number, sourceIPAddress=address, userIdentity={"arn": "arn:aws:iam::1:user/alice"})
        for number, address in enumerate(["192.0.2.1", "192.0.2.2", "192.0.2.1"])
    ]
    environ = {
        "INGESTER_NEW_ADDRESS_FILE": str(tmp_path / "addresses.sqlite"),
        "INGESTER_NEW_ADDRESS_ALERT": topic,
        "AWS_ENDPOINT_URL": trail.place.server.endpoint_url,
    }
    for name in "ab":
        trail.deliver(key_of(name), seen)
        ended = ingester(
            "run", *of_queue(trail), "--processor", "ingester.processors.new_address:NewAddress", environ=environ
        )
        assert ended.exit_code == 0, ended.stderr

    messages = alerts.client.receive_message(QueueUrl=alerts.url, MaxNumberOfMessages=10)["Messages"]
    (alert,) = [json.loads(json.loads(message["Body"])["Message"]) for message in messages]
    assert (alert["principal"], alert["address"]) == ("arn:aws:iam::1:user/alice", "192.0.2.2")
