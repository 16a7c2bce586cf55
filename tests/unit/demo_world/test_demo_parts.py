"""The demo's judgement and its messages: what it calls complete is complete, and nothing is announced twice."""

from collections import Counter
from pathlib import Path

import duckdb
import pytest

from ingester.model.notification import NotificationKind
from ingester.notifications.read import read_notification
from scripts.demo_world.feed import announcements
from scripts.demo_world.lake import LakeCounts, count
from scripts.demo_world.notifications import StoredObject, sns_envelope
from scripts.demo_world.report import Done

DONE = Done(messages=3, log_files=2, events=10, json_bytes=15_000, seconds=1.5)


@pytest.mark.parametrize(
    ("lake", "agrees"),
    [
        (LakeCounts(events=10, distinct_events=10, log_files=2, data_files=1, data_bytes=1), True),
        (LakeCounts(events=9, distinct_events=9, log_files=2, data_files=1, data_bytes=1), False),
        (LakeCounts(events=11, distinct_events=10, log_files=2, data_files=1, data_bytes=1), False),
        (LakeCounts(events=10, distinct_events=9, log_files=2, data_files=1, data_bytes=1), False),
        (LakeCounts(events=10, distinct_events=10, log_files=1, data_files=1, data_bytes=1), False),
    ],
)
def test_a_lake_with_an_event_too_few_or_too_many_does_not_agree(lake: LakeCounts, agrees: bool) -> None:
    assert DONE.agrees_with(lake) is agrees


def test_an_event_that_is_there_twice_counts_twice_and_is_distinct_once(tmp_path: Path) -> None:
    folder = tmp_path / "cloudtrail/date=2025-11-03"
    folder.mkdir(parents=True)
    for name, places in (("a", "('x', 0), ('x', 1)"), ("b", "('x', 1), ('y', 0)")):
        duckdb.sql(f"COPY (FROM (VALUES {places}) AS rows(logFile, recordIndex)) TO '{folder}/{name}.parquet'")

    counts = count(tmp_path)

    assert (counts.events, counts.distinct_events, counts.log_files, counts.data_files) == (4, 3, 2, 2)
    assert count(tmp_path / "nothing").events == 0


def test_every_object_is_announced_once_and_every_form_is_used() -> None:
    objects = [StoredObject("bucket", f"AWSLogs/{number} +é.json.gz", f"{number:032x}", 9) for number in range(200)]
    messages = list(announcements("bucket", objects))
    through_sns = {"topic"}

    notifications = [
        read_notification(sns_envelope(message.text) if message.way in through_sns else message.text)
        for message in messages
    ]

    announced = Counter(log_file.key for notification in notifications for log_file in notification.log_files)
    assert announced == Counter(stored.key for stored in objects)
    assert {notification.kind for notification in notifications} == set(NotificationKind)
    assert {message.way for message in messages} == {"topic", "raw topic", "queue"}
