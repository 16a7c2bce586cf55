"""Log files on disk: the bytes that were listed, or an error."""

import os
from pathlib import Path

import pytest

from ingester.fetch.base import CHUNK_BYTES, WHOLE_BYTES_MAX
from ingester.fetch.local import open_local
from ingester.model.errors import FetchError
from ingester.model.log_file import LogFile, local_log_file


def write(path: Path, body: bytes) -> LogFile:
    path.write_bytes(body)
    return local_log_file(path)


@pytest.mark.parametrize("size_bytes", [0, 1, 5000, WHOLE_BYTES_MAX])
def test_a_small_file_is_one_chunk(tmp_path: Path, size_bytes: int) -> None:
    body = os.urandom(size_bytes)
    fetched = open_local(write(tmp_path / "a.json.gz", body))
    assert list(fetched.chunks) == [body]
    assert fetched.size_bytes == size_bytes


def test_a_large_file_streams(tmp_path: Path) -> None:
    body = os.urandom(WHOLE_BYTES_MAX + 1)
    fetched = open_local(write(tmp_path / "a.json.gz", body))
    chunks = list(fetched.chunks)
    assert b"".join(chunks) == body
    assert {len(chunk) for chunk in chunks} == {CHUNK_BYTES, 1}


def test_the_etag_is_that_of_the_listing(tmp_path: Path) -> None:
    log_file = write(tmp_path / "a.json.gz", b"body")
    assert open_local(LogFile("", log_file.key)).log_file == log_file


def test_a_file_that_changed_since_it_was_listed_is_an_error(tmp_path: Path) -> None:
    log_file = write(tmp_path / "a.json.gz", b"body")
    write(tmp_path / "a.json.gz", b"other body")
    with pytest.raises(FetchError, match="changed since it was announced"):
        open_local(log_file)


@pytest.mark.parametrize("size_bytes", [100, WHOLE_BYTES_MAX + CHUNK_BYTES + 1])
def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path, size_bytes: int) -> None:
    path = tmp_path / "a.json.gz"
    log_file = write(path, b"x" * size_bytes)

    def append(_: int = 0) -> None:
        with path.open("ab") as file:
            file.write(b"more")

    with pytest.raises(FetchError, match="changed since"):
        read_while(append, log_file)


@pytest.mark.parametrize("size_bytes", [100, WHOLE_BYTES_MAX + CHUNK_BYTES + 1])
def test_a_file_that_is_cut_while_it_is_read_is_an_error(tmp_path: Path, size_bytes: int) -> None:
    log_file = write(tmp_path / "a.json.gz", b"x" * size_bytes)
    with pytest.raises(FetchError, match="changed since"):
        read_while(lambda _=0: os.truncate(log_file.key, size_bytes // 2), log_file)


def read_while(interfere, log_file: LogFile) -> None:  # type: ignore[no-untyped-def]
    """Read it all, with something happening after its size is known and before its end."""
    small = log_file.size_bytes is not None and log_file.size_bytes <= WHOLE_BYTES_MAX
    chunks = open_local(log_file, interfere if small else lambda _: None).chunks
    next(chunks)
    if not small:
        interfere()
    list(chunks)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"gone\.json.*No such file"):
        open_local(LogFile("", str(tmp_path / "gone.json")))


def test_a_directory_is_no_log_file(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="directory"):
        open_local(LogFile("", str(tmp_path)))


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(FetchError, match="no regular file"):
        open_local(LogFile("", str(tmp_path / "a.json")))


def test_room_is_asked_for_before_a_small_file_is_read(tmp_path: Path) -> None:
    asked: list[int] = []
    open_local(write(tmp_path / "a.json", b"12345"), asked.append)
    assert asked == [5]


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    small = write(tmp_path / "a.json", b"body")
    large = write(tmp_path / "b.json", b"x" * (WHOLE_BYTES_MAX + 1))
    before = len([*Path("/proc/self/fd").iterdir()])
    for log_file in (small, large):
        list(open_local(log_file).chunks)
        open_local(log_file)  # never read
        for stale in (LogFile("", log_file.key, "stale"), LogFile("", str(tmp_path))):
            with pytest.raises(FetchError):
                open_local(stale)
    assert len([*Path("/proc/self/fd").iterdir()]) == before
