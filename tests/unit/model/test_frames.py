"""Frames on the wire: what is encoded comes out again, however the bytes are cut; what is no frame is refused."""

import msgspec
import pytest

from ingester.model.commit import DataFile
from ingester.model.frames import (
    FRAME_BYTES_MAX,
    Assign,
    Beat,
    Drain,
    Failed,
    Flush,
    Frame,
    Prepared,
    PreparedLogFile,
    Returned,
    Start,
    encode_frame,
    read_by_supervisor,
    read_by_worker,
)
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings

LOG_FILE = LogFile("trails", "AWSLogs/123456789012/CloudTrail/eu-west-1/2024/03/13/a.json.gz", "9b2c", "v1", 1500)

TO_WORKER: list[Frame] = [
    Start(settings=Settings(output="s3://lake/x", workers=3, partition_by=("date", "account")), number=2),
    Assign(jobs=()),
    Assign(jobs=((1, LOG_FILE), (2, LogFile("trails", "b+ü //.json.gz")))),
    Flush(),
    Drain(),
]
TO_SUPERVISOR: list[Frame] = [
    Beat(jobs_welcome=16),
    Beat(jobs_welcome=20, jobs_done=4, events=1_000_000, json_bytes=1 << 40, rss_bytes=1 << 31, current=7),
    Prepared(
        commit_id="0" * 32,
        data_files=(
            DataFile("cloudtrail/date=2024-03-13/a.parquet", 10, 2000),
            DataFile(
                "_ingester/quarantine/records/a.ndjson", 1, 30, "quarantine", "upload", ('"etag-1"', '"etag-2"')
            ),
        ),
        log_files=(PreparedLogFile(1, "9b2c", 10, 4000), PreparedLogFile(2, "aa", 0, 14, 1)),
        undated_rows=3,
    ),
    Failed(job=2, kind="fetch", reason="s3://trails/b: NoSuchKey"),
    Failed(job=2, kind="bad_log_file", reason="not gzip", etag="9b2c"),
    Returned(jobs=(3, 4)),
]


@pytest.mark.parametrize("frame", TO_WORKER, ids=lambda frame: type(frame).__name__)
def test_a_worker_reads_what_a_supervisor_sends(frame: Frame) -> None:
    assert read_by_worker().feed(encode_frame(frame)) == [frame]


@pytest.mark.parametrize("frame", TO_SUPERVISOR, ids=lambda frame: type(frame).__name__)
def test_a_supervisor_reads_what_a_worker_sends(frame: Frame) -> None:
    assert read_by_supervisor().feed(encode_frame(frame)) == [frame]


def test_a_frame_that_arrives_byte_by_byte_comes_out_with_its_last_byte() -> None:
    reader = read_by_supervisor()
    wire = encode_frame(TO_SUPERVISOR[2])

    for place in range(len(wire) - 1):
        assert reader.feed(wire[place : place + 1]) == []
        assert reader.has_partial_frame

    assert reader.feed(wire[-1:]) == [TO_SUPERVISOR[2]]
    assert not reader.has_partial_frame


def test_frames_that_arrive_together_come_out_in_order_and_the_unfinished_one_waits() -> None:
    reader = read_by_supervisor()
    wire = b"".join(map(encode_frame, TO_SUPERVISOR))

    assert reader.feed(wire[:-1]) == TO_SUPERVISOR[:-1]
    assert reader.has_partial_frame
    assert reader.feed(wire[-1:]) == TO_SUPERVISOR[-1:]


def test_no_bytes_are_no_frame_and_no_partial_frame() -> None:
    reader = read_by_worker()

    assert reader.feed(b"") == []
    assert not reader.has_partial_frame


@pytest.mark.parametrize("length", [FRAME_BYTES_MAX + 1, 2**32 - 1])
def test_a_length_above_the_limit_is_refused_before_its_body_arrives(length: int) -> None:
    with pytest.raises(ValueError, match=str(length)):
        read_by_supervisor().feed(length.to_bytes(4, "big"))


def test_a_length_at_the_limit_is_waited_for() -> None:
    reader = read_by_supervisor()

    assert reader.feed(FRAME_BYTES_MAX.to_bytes(4, "big")) == []
    assert reader.has_partial_frame


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        b"not msgpack at all",
        msgspec.msgpack.encode({"type": "Unheard"}),
        msgspec.msgpack.encode({"type": "Beat"}),
        msgspec.msgpack.encode({"type": "Beat", "jobs_welcome": "many"}),
        msgspec.msgpack.encode([1, 2, 3]),
        msgspec.msgpack.encode(Beat(jobs_welcome=1)) + b"\x00",
    ],
)
def test_a_body_that_is_no_frame_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="not a frame"):
        read_by_supervisor().feed(len(body).to_bytes(4, "big") + body)


def test_a_frame_of_the_other_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="not a frame"):
        read_by_supervisor().feed(encode_frame(Flush()))
    with pytest.raises(ValueError, match="not a frame"):
        read_by_worker().feed(encode_frame(Beat(jobs_welcome=1)))


def test_a_commit_of_as_many_log_files_as_a_worker_gathers_fits_a_frame() -> None:
    log_file = PreparedLogFile(2**40, "d41d8cd98f00b204e9800998ecf8427e-10000", 2**31, 2**40, 2**20)

    assert len(encode_frame(Prepared(commit_id="0" * 32, data_files=(), log_files=(log_file,) * 50_000))) < (
        FRAME_BYTES_MAX // 10
    )
