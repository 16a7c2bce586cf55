"""Log files in a directory: all of them, in order, and nothing else without being counted."""

import os
import tracemalloc
from pathlib import Path

import pytest

from ingester.fetch import listing_local
from ingester.fetch.listing import list_log_files
from ingester.model.errors import ConfigurationError
from ingester.model.log_file import local_log_file
from ingester.model.settings import Settings

DAY = "AWSLogs/123456789012/CloudTrail/us-east-1/2024/03/13"


def make(root: Path, *paths: str) -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(path.encode())


def listed(source: Path) -> tuple[list[str], int, int]:
    """Paths below `source`, and the counts of what was passed over."""
    listing = list_log_files(str(source), Settings())
    paths = [os.path.relpath(log_file.key, source) for log_file in listing]
    return paths, listing.skipped, listing.digests_skipped


def test_all_log_files_are_listed_in_the_order_of_their_paths(tmp_path: Path) -> None:
    paths = [f"{DAY}/b.json.gz", f"{DAY}/a.json.gz", "a.json", "z.gz", "B/c.json", "Ü/ü.json"]
    make(tmp_path, *paths)
    assert listed(tmp_path) == (sorted(paths), 0, 0)


def test_a_listed_file_is_known_by_path_size_and_time(tmp_path: Path) -> None:
    make(tmp_path, f"{DAY}/a.json.gz")
    assert list(list_log_files(str(tmp_path), Settings())) == [local_log_file(tmp_path / DAY / "a.json.gz")]


def test_what_is_no_log_file_is_passed_over_and_counted(tmp_path: Path) -> None:
    make(tmp_path, "a.json", "b.parquet", "readme.txt", ".hidden.json", ".git/x.json", "_ingester/quarantine/c.json")
    make(tmp_path, "AWSLogs/1/CloudTrail-Digest/us-east-1/1_CloudTrail-Digest_us-east-1_x.json.gz")
    os.mkfifo(tmp_path / "pipe.json")
    assert listed(tmp_path) == (["a.json"], 7, 1)


def test_links_to_files_are_followed_and_links_to_directories_are_not(tmp_path: Path) -> None:
    make(tmp_path, "in/a.json", "elsewhere/b.json")
    (tmp_path / "in/b.json").symlink_to(tmp_path / "elsewhere/b.json")
    (tmp_path / "in/round").symlink_to(tmp_path / "in")
    (tmp_path / "in/nowhere.json").symlink_to(tmp_path / "gone")
    assert listed(tmp_path / "in") == (["a.json", "b.json"], 2, 0)


def test_a_name_that_is_not_utf8_is_passed_over_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make(tmp_path, "a.json")
    with open(os.fsencode(tmp_path) + b"/\xff.json", "wb"):  # noqa: PTH123
        pass
    assert listed(tmp_path) == (["a.json"], 1, 0)
    assert "not UTF-8" in caplog.text


def test_a_single_file_is_a_source_too(tmp_path: Path) -> None:
    make(tmp_path, "a.json", "b.json")
    assert list(list_log_files(str(tmp_path / "b.json"), Settings())) == [local_log_file(tmp_path / "b.json")]


def test_a_source_inside_the_quarantine_can_be_named_outright(tmp_path: Path) -> None:
    make(tmp_path, "_ingester/quarantine/a.json")
    assert listed(tmp_path / "_ingester" / "quarantine") == (["a.json"], 0, 0)


def test_one_file_has_one_path_however_the_source_is_spelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "logs/a.json")
    monkeypatch.chdir(tmp_path)
    spellings = [str(tmp_path / "logs"), "logs", "./logs/", f"{tmp_path}/logs/../logs//"]
    keys = {log_file.key for source in spellings for log_file in list_log_files(source, Settings())}
    assert keys == {str(tmp_path / "logs/a.json")}


def test_the_root_of_the_file_system_is_no_special_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.json")
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: real(tmp_path if path == "/" else path))
    assert [log_file.key for log_file in list_log_files("/", Settings())] == [str(tmp_path / "a.json")]


def test_a_large_directory_comes_in_sorted_runs_and_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_local, "_SORTED_TOGETHER_MAX", 10)
    names = [f"{number:03}.json" for number in range(95)]
    make(tmp_path, *names)
    paths, _, _ = listed(tmp_path)
    assert sorted(paths) == names
    runs = [paths[start : start + 10] for start in range(0, len(paths), 10)]
    assert all(run == sorted(run) for run in runs)


def test_memory_does_not_grow_with_the_number_of_directories(tmp_path: Path) -> None:
    make(tmp_path, *(f"{day:03}/{number}.json" for day in range(100) for number in range(10)))
    listing = iter(list_log_files(str(tmp_path), Settings()))
    tracemalloc.start()
    try:
        next(listing)
        early, _ = tracemalloc.get_traced_memory()
        for _ in range(950):
            next(listing)
        late, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert late < early + 20_000
    assert peak < early + 100_000


@pytest.mark.parametrize("name", ["gone", "a.json/below"])
def test_a_source_that_is_not_there_is_a_sentence(tmp_path: Path, name: str) -> None:
    make(tmp_path, "a.json")
    with pytest.raises(ConfigurationError, match=rf"There is no directory or file .*{name}\. Give a directory"):
        list_log_files(str(tmp_path / name), Settings())


def test_a_directory_that_goes_while_it_is_listed_is_an_error_and_not_an_end(tmp_path: Path) -> None:
    make(tmp_path, "a/a.json", "b/b.json")
    listing = iter(list_log_files(str(tmp_path), Settings()))
    next(listing)
    (tmp_path / "b/b.json").unlink()
    (tmp_path / "b").rmdir()
    with pytest.raises(ConfigurationError, match="b"):
        next(listing)


def test_a_file_that_goes_while_it_is_listed_is_counted(tmp_path: Path) -> None:
    make(tmp_path, "a.json", "b.json", "c.json")
    listing = list_log_files(str(tmp_path), Settings())
    log_files = iter(listing)
    next(log_files)
    (tmp_path / "b.json").unlink()
    assert [log_file.key for log_file in log_files] == [str(tmp_path / "c.json")]
    assert listing.skipped == 1
