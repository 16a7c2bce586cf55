"""Events counted by source and name."""

import sqlite3
from pathlib import Path

import pytest

from ingester import CloudTrailEvent
from ingester.processors.count import Count


def events(*names: str) -> list[CloudTrailEvent]:
    return [CloudTrailEvent(event_source="s3.amazonaws.com", event_name=name) for name in names]


def test_events_are_counted_and_shown_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    count = Count()
    count.process(events("A", "B", "A"))
    count.process([CloudTrailEvent()])
    count.close()

    assert count.counts.most_common(1) == [(("s3.amazonaws.com", "A"), 2)]
    shown = capsys.readouterr().err.splitlines()
    assert shown[1].split() == ["2", "s3.amazonaws.com", "A"]
    assert shown[3].split() == ["1", "-", "-"]


def test_what_is_rare_is_shown_as_one_number(capsys: pytest.CaptureFixture[str]) -> None:
    count = Count()
    count.process(events(*map(str, range(23))))
    count.close()
    assert capsys.readouterr().err.splitlines()[-1].split() == ["3", "in", "3", "other", "kinds"]


def test_workers_add_up_in_a_file(tmp_path: Path) -> None:
    file = str(tmp_path / "counts.sqlite")
    for names in (("A", "B"), ("A",)):
        Count(file).process(events(*names))
    with sqlite3.connect(file) as connection:
        found = connection.execute("SELECT event_name, events FROM counts ORDER BY 1").fetchall()
    assert found == [("A", 2), ("B", 1)]
