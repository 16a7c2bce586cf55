"""One commit on a disk: where rows end up, when they leave memory, and what the files say of themselves."""

import base64
import gc
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from ingester.lake import commit_files, stage
from ingester.lake.footer import COMMIT_ID, DATA_FILES, FILE_NUMBER, LOG_FILES, decode_log_files
from ingester.lake.stage import Stage
from ingester.model.commit import DataFile
from ingester.model.errors import OutputError
from ingester.model.settings import Settings
from tests.unit.lake.rows import batch, committed_log_file, new_commit_id, row, usual_batch


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(output=str(tmp_path / "lake"))


def staged(settings: Settings, commit_id: str, data_file: DataFile) -> Path:
    return Path(settings.output) / "_ingester" / "staging" / commit_id / data_file.path


def parquet(settings: Settings, written: Stage, data_file: DataFile) -> pq.ParquetFile:
    return pq.ParquetFile(staged(settings, written.commit_id, data_file))


def footers(settings: Settings, written: Stage, data_files: tuple[DataFile, ...]) -> list[dict[str, str]]:
    found = [parquet(settings, written, data_file).metadata.metadata for data_file in data_files]
    return [{key.decode(): value.decode() for key, value in footer.items()} for footer in found]


def test_rows_come_back_as_they_were_written(settings: Settings) -> None:
    written = Stage(settings, new_commit_id())
    for first in range(0, 100, 10):
        written.write(usual_batch(first))
    (data_file,) = written.finish([])
    table = pq.ParquetFile(staged(settings, written.commit_id, data_file)).read()
    assert sorted(table.to_pylist(), key=lambda found: found["eventTime"]) == usual_batch(0, 100).to_pylist()
    assert data_file.rows == written.rows == 100
    assert data_file.size_bytes == staged(settings, written.commit_id, data_file).stat().st_size


def test_a_data_file_is_named_by_its_first_event_its_commit_and_its_number(settings: Settings) -> None:
    written = Stage(settings, new_commit_id())
    written.write(batch([row(7), row(0, eventTime=datetime(2024, 3, 13, 8, 33, 30, 999000, UTC))]))
    (data_file,) = written.finish([])
    assert data_file.path == f"cloudtrail/date=2024-03-13/20240313T083330Z-{written.commit_id}-1.parquet"


def test_rows_without_a_time_go_to_a_partition_of_their_own(settings: Settings) -> None:
    written = Stage(settings, new_commit_id())
    written.write(batch([row(0), row(1, eventTime=None)]))
    undated = [data_file for data_file in written.finish([]) if "/undated-" in data_file.path]
    assert [data_file.rows for data_file in undated] == [1]
    assert undated[0].path.startswith("cloudtrail/date=__HIVE_DEFAULT_PARTITION__/undated-")


def test_a_stage_without_rows_makes_no_file(settings: Settings) -> None:
    written = Stage(settings, new_commit_id())
    written.write(usual_batch(rows=0))
    assert written.finish([committed_log_file()]) == ()
    assert not Path(settings.output).exists()


def test_a_row_group_is_written_when_its_rows_are_gathered(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "ROW_GROUP_ROWS", 25)
    written = Stage(settings, new_commit_id())
    for first in range(0, 100, 10):
        written.write(usual_batch(first))
        assert (written.staged_bytes > 0) == (first >= 20)
    (data_file,) = written.finish([])
    metadata = parquet(settings, written, data_file).metadata
    assert [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)] == [30, 30, 30, 10]


def test_a_row_group_is_written_when_its_bytes_are_gathered(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "ROW_GROUP_BYTES", 1)
    written = Stage(settings, new_commit_id())
    written.write(usual_batch())
    assert written.buffered_bytes == 0
    assert written.staged_bytes > 0


def test_above_the_budget_the_largest_partition_leaves_memory(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Stage(msgspec.structs.replace(settings, partition_by=("region",)), new_commit_id())
    written.write(usual_batch(awsRegion="small"))
    monkeypatch.setattr(stage, "BUFFERED_BYTES_MAX", written.buffered_bytes * 3)
    written.write(usual_batch(rows=1000, awsRegion="large"))
    assert 0 < written.buffered_bytes < stage.BUFFERED_BYTES_MAX
    assert [path.parent.name for path in Path(settings.output).rglob("*.parquet")] == ["region=large"]
    assert [data_file.rows for data_file in written.finish([])] == [1000, 10]


def test_mixed_batches_alone_stay_within_the_budget(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "BUFFERED_BYTES_MAX", 1 << 20)
    written = Stage(msgspec.structs.replace(settings, partition_by=("region",)), new_commit_id())
    for number in range(100):
        written.write(batch([row(n, awsRegion=f"r{n}") for n in range(number, number + 5)]))
        assert written.buffered_bytes <= stage.BUFFERED_BYTES_MAX
    assert sum(data_file.rows for data_file in written.finish([])) == 500


def test_a_full_data_file_is_followed_by_the_next(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "ROW_GROUP_ROWS", 10)
    written = Stage(settings, new_commit_id())
    monkeypatch.setattr(written._files, "_target_bytes", 1)
    for first in range(0, 30, 10):
        written.write(usual_batch(first))
    data_files = written.finish([])
    assert [data_file.path.rpartition("-")[2] for data_file in data_files] == ["1.parquet", "2.parquet", "3.parquet"]
    assert [data_file.rows for data_file in data_files] == [10, 10, 10]


def test_every_footer_tells_the_commit_its_size_and_its_log_files(settings: Settings) -> None:
    written = Stage(msgspec.structs.replace(settings, partition_by=("region",)), new_commit_id())
    written.write(batch([row(n, awsRegion=f"r{n % 3}") for n in range(30)]))
    log_files = [committed_log_file(number) for number in range(5)]
    data_files = written.finish(log_files)
    found = footers(settings, written, data_files)
    assert {footer[COMMIT_ID] for footer in found} == {written.commit_id}
    assert [footer[FILE_NUMBER] for footer in found] == ["1", "2", "3"]
    assert [footer[DATA_FILES] for footer in found] == ["3", "3", "3"]
    for footer in found:
        entries = decode_log_files(footer[LOG_FILES])
        assert [entry["identity"] for entry in entries] == [log_file.identity.hex() for log_file in log_files]


def test_a_long_list_of_log_files_is_in_one_footer_only(settings: Settings) -> None:
    written = Stage(msgspec.structs.replace(settings, partition_by=("region",)), new_commit_id())
    written.write(batch([row(n, awsRegion=f"r{n % 3}") for n in range(30)]))
    found = footers(settings, written, written.finish([committed_log_file(number) for number in range(1000)]))
    assert [footer[DATA_FILES] for footer in found] == ["3", "3", "3"]
    (text,) = [footer[LOG_FILES] for footer in found if LOG_FILES in footer]
    assert len(decode_log_files(text)) == 1000


def test_more_partitions_than_open_files_lose_no_row_and_the_commit_can_be_told_complete(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_files, "OPEN_FILES_MAX", 2)
    monkeypatch.setattr(stage, "ROW_GROUP_BYTES", 1)
    written = Stage(msgspec.structs.replace(settings, partition_by=("region",)), new_commit_id())
    for region in ("a", "b", "a", "c", "b"):
        written.write(usual_batch(awsRegion=region))
    data_files = written.finish([committed_log_file()])
    found = footers(settings, written, data_files)
    assert [data_file.rows for data_file in data_files] == [20, 10, 10, 10]
    assert [footer[FILE_NUMBER] for footer in found] == ["1", "2", "3", "4"]
    assert [footer.get(DATA_FILES) for footer in found] == [None, None, "4", "4"]


def test_statistics_dictionaries_and_order_are_set_for_the_columns_that_gain(settings: Settings) -> None:
    written = Stage(settings, new_commit_id())
    written.write(usual_batch())
    (data_file,) = written.finish([])
    group = parquet(settings, written, data_file).metadata.row_group(0)
    columns = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
    assert columns["eventTime"].is_stats_set
    assert columns["userIdentity.accountId"].is_stats_set
    assert not columns["eventID"].is_stats_set
    assert "RLE_DICTIONARY" not in columns["eventID"].encodings
    assert "RLE_DICTIONARY" in columns["eventName"].encodings
    assert "RLE_DICTIONARY" in columns["resources.list.element.ARN"].encodings
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    sorting = [(keys.column_index, keys.descending) for keys in group.sorting_columns]
    names = list(columns)
    assert sorting == [(names.index("eventName"), False), (names.index("eventTime"), False)]


def test_quarantined_records_are_json_lines_with_the_very_bytes(settings: Settings) -> None:
    written = Stage(settings, new_commit_id())
    written.quarantine_record("s3://trail/a.json.gz", 3, "not an object", '"é"'.encode())
    written.quarantine_record("s3://trail/b.json.gz", 0, "not UTF-8", b'{"a": "\xff"}')
    (data_file,) = written.finish([])
    assert (data_file.kind, data_file.rows) == ("quarantine", 2)
    assert data_file.path == f"_ingester/quarantine/records/{written.commit_id}.jsonl"
    first, second = staged(settings, written.commit_id, data_file).read_text().splitlines()
    assert json.loads(first) == {
        "uri": "s3://trail/a.json.gz",
        "record_index": 3,
        "reason": "not an object",
        "raw": '"é"',
    }
    assert base64.b64decode(json.loads(second)["raw_base64"]) == b'{"a": "\xff"}'


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_discard_leaves_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "ROW_GROUP_ROWS", 10)
    written = Stage(settings, new_commit_id())
    written.write(usual_batch(0, 15))
    written.write(usual_batch(15, 5))
    written.quarantine_record("s3://trail/a.json.gz", 3, "not an object", b"1")
    written.discard()
    written.discard()
    assert written.buffered_bytes == 0
    del written
    gc.collect()  # Parquet writers write their footers when they go
    assert [path for path in Path(settings.output).rglob("*") if path.is_file()] == []


@contextmanager
def files_limited_to(size_bytes: int) -> Iterator[None]:
    """A file that would grow larger meets EFBIG, as it would meet ENOSPC on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_an_output_error_and_what_was_staged_can_be_discarded(settings: Settings) -> None:
    written = Stage(settings, new_commit_id())
    written.write(usual_batch())
    with files_limited_to(100):
        with pytest.raises(OutputError, match=r"no space to write .*\.parquet"):
            written.finish([])
        written.discard()
    assert [path for path in Path(settings.output).rglob("*") if path.is_file()] == []


def test_an_output_in_the_place_of_a_file_is_an_output_error(settings: Settings) -> None:
    Path(settings.output).write_text("in the way")
    written = Stage(settings, new_commit_id())
    written.write(usual_batch())
    with pytest.raises(OutputError, match="Not a directory"):
        written.finish([])
    written.discard()
