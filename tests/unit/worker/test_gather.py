"""From fetched log files to prepared commits: every row once, and nothing of a log file that is bad."""

import gzip
import random
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ingester.decode.at_once import decode_at_once
from ingester.decode.read import hold, records_of
from ingester.fetch.base import Fetched
from ingester.fetch.local import open_local
from ingester.model.errors import BadLogFileError, FetchError, OutputError
from ingester.model.frames import Prepared
from ingester.model.log_file import LogFile, local_log_file
from ingester.model.settings import Settings
from ingester.worker import gather
from ingester.worker.gather import Gathering
from tests.unit.worker.given import expected_rows, quarantined_records, record, staged_rows, write_log_file


class Bench:
    """A gathering into a lake in `root`, and what it has emitted."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.root = root
        self.prepared: list[Prepared] = []
        self.events = self.json_bytes = 0
        self.gathering = Gathering(Settings(output=str(root), **settings), self.prepared.append, self._progress)

    def _progress(self, events: int, json_bytes: int) -> None:
        self.events += events
        self.json_bytes += json_bytes

    def rows(self) -> Counter[tuple[str, int, str]]:
        """All rows that were prepared."""
        return sum((staged_rows(self.root, prepared) for prepared in self.prepared), Counter())

    def jobs(self) -> list[list[int]]:
        """The jobs of each prepared commit."""
        return [[done.job for done in prepared.log_files] for prepared in self.prepared]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "lake")


@pytest.fixture
def streaming(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log files of more than 4 KB of JSON stream, in small windows."""
    monkeypatch.setattr(gather, "hold", partial(hold, whole_bytes_max=4_000))
    monkeypatch.setattr(gather, "records_of", partial(records_of, window_bytes=1_000))


def staging(root: Path) -> list[str]:
    directory = root / "_ingester/staging"
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


def test_tiny_log_files_share_a_commit_and_each_row_says_where_it_came_from(bench: Bench, tmp_path: Path) -> None:
    contents = [[record(number * 10 + index) for index in range(number)] for number in range(5)]
    log_files = [write_log_file(tmp_path, f"{number}", some) for number, some in enumerate(contents)]
    for job, log_file in enumerate(log_files):
        bench.gathering.take(job, open_local(log_file))
    assert bench.prepared == []
    bench.gathering.checkpoint()

    (prepared,) = bench.prepared
    assert [(done.job, done.rows) for done in prepared.log_files] == [(job, job) for job in range(5)]
    assert [done.etag for done in prepared.log_files] == [log_file.etag for log_file in log_files]
    assert bench.rows() == sum(map(expected_rows, log_files, contents), Counter())
    assert bench.events == 10
    assert bench.json_bytes == sum(done.json_bytes for done in prepared.log_files) > 0


def test_nothing_gathered_is_nothing_prepared(bench: Bench) -> None:
    bench.gathering.checkpoint()

    assert bench.prepared == []
    assert not bench.gathering.is_due(1e18)
    assert staging(bench.root) == []


def test_a_log_file_without_records_is_prepared_with_no_row_and_no_file(bench: Bench, tmp_path: Path) -> None:
    bench.gathering.take(7, open_local(write_log_file(tmp_path, "empty", [])))
    bench.gathering.checkpoint()

    (prepared,) = bench.prepared
    assert [(done.job, done.rows) for done in prepared.log_files] == [(7, 0)]
    assert prepared.data_files == ()


def test_the_next_commit_begins_empty_and_has_a_name_of_its_own(bench: Bench, tmp_path: Path) -> None:
    for job in range(3):
        bench.gathering.take(job, open_local(write_log_file(tmp_path, f"{job}", [record(job)])))
        bench.gathering.checkpoint()

    assert bench.jobs() == [[0], [1], [2]]
    assert len({prepared.commit_id for prepared in bench.prepared}) == 3
    assert sum(bench.rows().values()) == 3


def test_a_large_log_file_that_turns_bad_in_the_middle_leaves_no_row_and_harms_nobody(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "_LARGE_BYTES", 1_000)
    monkeypatch.setattr(gather, "decode_at_once", partial(decode_at_once, slice_bytes=2_000))
    bench = Bench(tmp_path / "lake", batch_rows=20)
    contents = [[record(number * 1000 + index) for index in range(90)] for number in range(2)]
    good = [write_log_file(tmp_path, f"good{number}", some) for number, some in enumerate(contents)]
    bad = tmp_path / "bad.json.gz"
    bad.write_bytes(gzip.compress(gzip.decompress(Path(good[1].key).read_bytes()).replace(b'"Event1050"', b'"E"x')))

    bench.gathering.take(0, open_local(good[0]))
    with pytest.raises(BadLogFileError, match="not JSON at record 50"):
        bench.gathering.take(1, open_local(local_log_file(bad)))
    bench.gathering.take(2, open_local(good[1]))
    bench.gathering.checkpoint()

    assert bench.jobs() == [[0, 2]]
    assert bench.rows() == sum(map(expected_rows, good, contents), Counter())


def test_a_record_that_cannot_be_read_in_a_large_log_file_is_quarantined_once(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "_LARGE_BYTES", 1_000)
    monkeypatch.setattr(gather, "decode_at_once", partial(decode_at_once, slice_bytes=2_000))
    bench = Bench(tmp_path / "lake", batch_rows=20)
    records: list[Any] = [*map(record, range(50)), "odd", *map(record, range(50, 90))]
    log_file = write_log_file(tmp_path, "large", records)
    bench.gathering.take(0, open_local(log_file))
    bench.gathering.checkpoint()

    (prepared,) = bench.prepared
    assert [(done.rows, done.quarantined_records) for done in prepared.log_files] == [(90, 1)]
    assert [line["record_index"] for line in quarantined_records(bench.root, prepared)] == [50]
    assert bench.rows() == expected_rows(log_file, records)


@pytest.mark.parametrize("cut_bytes", [1, 8, 20])
def test_a_bad_log_file_between_good_ones_leaves_no_row_and_harms_nobody(
    bench: Bench, tmp_path: Path, cut_bytes: int
) -> None:
    good = [write_log_file(tmp_path, f"good{number}", [record(number)]) for number in range(2)]
    bad = write_log_file(tmp_path, "bad", [record(index) for index in range(100)], cut_bytes=cut_bytes)
    bench.gathering.take(1, open_local(good[0]))
    with pytest.raises(BadLogFileError):
        bench.gathering.take(2, open_local(bad))
    bench.gathering.take(3, open_local(good[1]))
    bench.gathering.checkpoint()

    assert bench.jobs() == [[1, 3]]
    assert bench.rows() == expected_rows(good[0], [record(0)]) + expected_rows(good[1], [record(1)])


@pytest.mark.usefixtures("streaming")
def test_a_log_file_that_streams_has_a_commit_of_its_own(bench: Bench, tmp_path: Path) -> None:
    records = [record(index) for index in range(1000)]
    small, large = write_log_file(tmp_path, "small", records[:2]), write_log_file(tmp_path, "large", records)
    for job, log_file in enumerate((small, large, small)):
        bench.gathering.take(job, open_local(log_file))
    bench.gathering.checkpoint()

    assert bench.jobs() == [[0], [1], [2]]
    assert staged_rows(bench.root, bench.prepared[1]) == expected_rows(large, records)


@pytest.mark.usefixtures("streaming")
def test_a_log_file_that_turns_out_bad_while_it_streams_takes_only_itself_along(bench: Bench, tmp_path: Path) -> None:
    records = [record(index) for index in range(1000)]
    small = write_log_file(tmp_path, "small", records[:2])
    # a record that can't be read is written at once, so that there is something to remove
    bad = write_log_file(tmp_path, "bad", ["odd", *records], cut_bytes=100)
    bench.gathering.take(0, open_local(small))
    with pytest.raises(BadLogFileError):
        bench.gathering.take(1, open_local(bad))
    assert bench.jobs() == [[0]]
    assert staging(bench.root) == [bench.prepared[0].commit_id]
    bench.gathering.take(2, open_local(small))
    bench.gathering.checkpoint()

    assert bench.jobs() == [[0], [2]]
    assert {uri for uri, _, _ in bench.rows()} == {small.uri}


@pytest.mark.usefixtures("streaming")
def test_a_body_that_breaks_off_while_it_streams_leaves_nothing(bench: Bench, tmp_path: Path) -> None:
    log_file = write_log_file(tmp_path, "large", [record(index) for index in range(1000)])
    whole = open_local(log_file)
    body = b"".join(whole.chunks)

    def breaking_off() -> Any:
        yield body[: len(body) // 2]
        yield body[len(body) // 2 : -200]
        raise FetchError("The connection broke off.")

    with pytest.raises(FetchError):
        bench.gathering.take(0, Fetched(whole.log_file, whole.size_bytes, breaking_off()))
    bench.gathering.checkpoint()

    assert bench.prepared == []
    assert staging(bench.root) == []


def test_records_that_can_not_be_read_are_quarantined_and_the_others_keep_their_indexes(
    bench: Bench, tmp_path: Path
) -> None:
    first = [record(0), "no record", record(2), 17, None]
    second = [[], record(1), record(2, eventTime=5)]
    log_files = [write_log_file(tmp_path, name, some) for name, some in (("first", first), ("second", second))]
    for job, log_file in enumerate(log_files):
        bench.gathering.take(job, open_local(log_file))
    bench.gathering.checkpoint()

    (prepared,) = bench.prepared
    assert [(done.rows, done.quarantined_records) for done in prepared.log_files] == [(2, 3), (2, 1)]
    assert prepared.undated_rows == 1
    assert bench.rows() == expected_rows(log_files[0], first) + expected_rows(log_files[1], second)
    assert [
        (line["uri"], line["record_index"], line["raw"]) for line in quarantined_records(bench.root, prepared)
    ] == [
        (log_files[0].uri, 1, '"no record"'),
        (log_files[0].uri, 3, "17"),
        (log_files[0].uri, 4, "null"),
        (log_files[1].uri, 0, "[]"),
    ]


def test_a_commit_is_due_when_its_oldest_row_has_waited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path / "lake", flush_interval_seconds=10)
    monkeypatch.setattr(gather.time, "monotonic", lambda: 100.0)
    bench.gathering.take(0, open_local(write_log_file(tmp_path, "a", [record(0)])))
    monkeypatch.setattr(gather.time, "monotonic", lambda: 108.0)
    bench.gathering.take(1, open_local(write_log_file(tmp_path, "b", [record(1)])))

    assert not bench.gathering.is_due(109.9)
    assert bench.gathering.is_due(110.0)
    bench.gathering.checkpoint()
    assert not bench.gathering.is_due(1e9)


def test_a_commit_is_due_when_it_has_as_many_log_files_as_it_may(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "LOG_FILES_IN_COMMIT_MAX", 3)
    log_file = write_log_file(tmp_path, "a", [record(0)])
    for job in range(3):
        assert not bench.gathering.is_due(0)
        bench.gathering.take(job, open_local(log_file))

    assert bench.gathering.is_due(0)


def test_an_output_that_can_not_be_written_prepares_nothing_and_names_every_job(bench: Bench, tmp_path: Path) -> None:
    log_file = write_log_file(tmp_path, "a", [record(0)])
    for job in (3, 5):
        bench.gathering.take(job, open_local(log_file))
    bench.root.write_text("a file where the lake should be")
    with pytest.raises(OutputError):
        bench.gathering.checkpoint()

    assert bench.gathering.abandon() == [3, 5]
    assert bench.prepared == []
    bench.root.unlink()
    bench.gathering.take(3, open_local(log_file))
    bench.gathering.checkpoint()
    assert bench.jobs() == [[3]]
    assert sum(bench.rows().values()) == 1


@pytest.mark.usefixtures("streaming")
@pytest.mark.parametrize("seed", range(6))
def test_whatever_comes_in_whatever_order_every_good_record_is_staged_once(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    bench = Bench(tmp_path / "lake", batch_rows=chance.choice([1, 7, 64, 512]), partition_by=("date", "account"))
    expected: Counter[tuple[str, int, str]] = Counter()
    taken = []
    for job in range(30):
        records: list[Any] = [
            chance.choice([record(index), record(index), record(index, recipientAccountId=str(index % 3)), index])
            for index in range(chance.choice([0, 1, 2, 5, 40, 200]))
        ]
        cut_bytes = chance.choice([0, 0, 0, 12])
        log_file: LogFile = write_log_file(tmp_path, f"{job}", records, cut_bytes=cut_bytes)
        try:
            bench.gathering.take(job, open_local(log_file))
        except BadLogFileError:
            assert cut_bytes
            continue
        taken.append(job)
        expected += expected_rows(log_file, records)
        if chance.random() < 0.1:
            bench.gathering.checkpoint()
    bench.gathering.checkpoint()

    assert bench.rows() == expected
    assert sorted(job for jobs in bench.jobs() for job in jobs) == taken
    assert staging(bench.root) == sorted(prepared.commit_id for prepared in bench.prepared if prepared.data_files)
    assert sum(done.rows for prepared in bench.prepared for done in prepared.log_files) == expected.total()
