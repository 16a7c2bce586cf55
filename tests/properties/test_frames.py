"""Frames over a stream of bytes: cut anywhere they come out whole and in order; garbage never becomes a frame."""

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ingester.model.commit import DataFile
from ingester.model.frames import (
    Assign,
    Beat,
    Drain,
    Failed,
    Flush,
    Frame,
    Prepared,
    PreparedLogFile,
    Returned,
    encode_frame,
    read_by_supervisor,
    read_by_worker,
)
from ingester.model.log_file import LogFile

counts = st.integers(0, 2**63 - 1)
texts = st.text(max_size=20)
log_files = st.builds(LogFile, texts, texts, st.none() | texts, st.none() | texts, st.none() | counts)
data_files = st.builds(
    DataFile, texts, counts, counts, st.sampled_from(["data", "quarantine"]), st.none() | texts,
    st.lists(texts, max_size=3).map(tuple),
)  # fmt: skip
prepared_log_files = st.builds(PreparedLogFile, counts, texts, counts, counts, counts)
to_worker = st.one_of(
    st.builds(Assign, jobs=st.lists(st.tuples(counts, log_files), max_size=3).map(tuple)),
    st.just(Flush()),
    st.just(Drain()),
)
to_supervisor = st.one_of(
    st.builds(Beat, jobs_welcome=counts, jobs_done=counts, current=st.none() | counts),
    st.builds(
        Prepared,
        commit_id=texts,
        data_files=st.lists(data_files, max_size=3).map(tuple),
        log_files=st.lists(prepared_log_files, max_size=3).map(tuple),
        undated_rows=counts,
    ),
    st.builds(Failed, job=counts, kind=st.just("fetch"), reason=texts, etag=st.none() | texts),
    st.builds(Returned, jobs=st.lists(counts, max_size=3).map(tuple)),
)


def cut(wire: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(wire) + 1) for place in places), len(wire)]
    return [wire[start:end] for start, end in pairwise(edges)]


@given(st.lists(to_supervisor, max_size=5), st.lists(st.integers(0, 10_000), max_size=8))
def test_what_a_worker_sends_comes_out_whole_and_in_order_however_it_is_cut(
    frames: list[Frame], places: list[int]
) -> None:
    reader = read_by_supervisor()

    received = [frame for piece in cut(b"".join(map(encode_frame, frames)), places) for frame in reader.feed(piece)]

    assert received == frames
    assert not reader.has_partial_frame


@given(st.lists(to_worker, max_size=5), st.lists(st.integers(0, 10_000), max_size=8))
def test_what_a_supervisor_sends_comes_out_whole_and_in_order_however_it_is_cut(
    frames: list[Frame], places: list[int]
) -> None:
    reader = read_by_worker()

    received = [frame for piece in cut(b"".join(map(encode_frame, frames)), places) for frame in reader.feed(piece)]

    assert received == frames
    assert not reader.has_partial_frame


@given(st.lists(to_supervisor, min_size=1, max_size=5), st.integers(0, 10_000))
def test_a_peer_that_dies_while_it_writes_leaves_whole_frames_and_a_partial_one(
    frames: list[Frame], place: int
) -> None:
    wires = [encode_frame(frame) for frame in frames]
    kept = place % len(b"".join(wires))
    ends = [sum(map(len, wires[: number + 1])) for number in range(len(wires))]
    reader = read_by_supervisor()

    assert reader.feed(b"".join(wires)[:kept]) == [
        frame for frame, end in zip(frames, ends, strict=True) if end <= kept
    ]
    assert reader.has_partial_frame == (kept not in (0, *ends))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_wait_for_more_or_are_refused(body: bytes) -> None:
    reader = read_by_supervisor()
    wire = len(body).to_bytes(4, "big") + body

    try:
        received = reader.feed(wire)
    except ValueError:
        return
    assert len(received) == 1
    assert msgspec.msgpack.encode(received[0])
