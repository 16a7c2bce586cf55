"""The frames between supervisor and worker: msgpack, tagged, small, one duplex socket a worker.

A frame on the wire is four bytes of length, big endian, then the msgpack. Names and counts travel here, never
bytes of log files. Jobs are numbered by the supervisor; a number is never used twice in a run, so a late answer
of a worker that was replaced is recognised and dropped.
"""

from typing import Generic, Literal, TypeVar

import msgspec
from msgspec import Struct

from ingester.model.commit import DataFile
from ingester.model.log_file import LogFile
from ingester.model.progress import ProgressState
from ingester.model.settings import Settings

FRAME_BYTES_MAX = 64 << 20
"""Longest frame that is accepted; a Prepared of 100,000 log files is about 10 MB."""


class Frame(Struct, frozen=True, tag=True):
    """Base of all frames."""


# supervisor → worker


class Start(Frame, frozen=True):
    """The first frame: what the worker needs to know. `number`: its place among the workers, from 0.

    `reports_progress`: whether someone wants LogProgress. `commit_prefix`: what the ids of its commits begin with.
    """

    settings: Settings
    number: int
    reports_progress: bool = False
    commit_prefix: str = ""


class Assign(Frame, frozen=True):
    """Log files to take, in order. Sent only as far as `Beat.jobs_welcome` allows."""

    jobs: tuple[tuple[int, LogFile], ...]


class Flush(Frame, frozen=True):
    """Stage and prepare what has been gathered, once every job assigned before this frame is done."""


class Drain(Frame, frozen=True):
    """Finish the log file in hand, prepare what has been gathered, give back the rest, exit with 0."""


# worker → supervisor


class CannotBegin(Frame, frozen=True):
    """The only frame of a worker that can't do what the settings ask for, as a processor that can't be made: why, in
    words, and what to do. It then ends."""

    reason: str
    hint: str = ""


class Beat(Frame, frozen=True):
    """Sent by the processing loop, so that a hung worker falls silent; counts since the worker's start.

    `jobs_welcome`: how many jobs may have been assigned since its start. A total, not a difference, so that a
    beat and an Assign that cross on the way do no harm. `current`: the job being decoded.
    """

    jobs_welcome: int
    jobs_done: int = 0
    events: int = 0
    json_bytes: int = 0
    rss_bytes: int = 0
    current: int | None = None


class PreparedLogFile(Struct, frozen=True, gc=False, array_like=True):
    """A log file whose rows are all staged. `etag` is the one that the fetch returned.

    `rows` counts what is staged, or, without an output, what the user's function has taken.
    """

    job: int
    etag: str
    rows: int
    json_bytes: int
    quarantined_records: int = 0
    filtered_records: int = 0


class Prepared(Frame, frozen=True):
    """A staged commit: everything is durable, nothing is visible. `undated_rows`: without a usable eventTime."""

    commit_id: str
    data_files: tuple[DataFile, ...]
    log_files: tuple[PreparedLogFile, ...]
    undated_rows: int = 0


FailureKind = Literal["fetch", "throttled", "outage", "bad_log_file", "output", "crash", "function"]


class Raised(Struct, frozen=True, gc=False, array_like=True):
    """What a user's function raised: see `FunctionError`."""

    function: str
    cause_type: str
    traceback: str


class Failed(Frame, frozen=True):
    """A log file of which nothing will be committed now. `etag` where the fetch got that far.

    `raised` where a user's function raised (kind "function").
    """

    job: int
    kind: FailureKind
    reason: str
    etag: str | None = None
    raised: Raised | None = None


class RecordRefused(Frame, frozen=True):
    """A record that can't be read, in a run without an output. The one frame with bytes of a log file, at most a MB:
    without a directory of state there is nowhere else for them to go."""

    job: int
    record_index: int
    reason: str
    raw_bytes: bytes


class LogProgressEnd(Struct, frozen=True, gc=False, array_like=True):
    """What is known at the end of a state: see `LogInfo`."""

    seconds: float
    reason: str = ""
    size_bytes: int = 0
    json_bytes: int = 0
    events: int = 0
    events_filtered: int = 0
    records_quarantined: int = 0


class LogProgress(Frame, frozen=True):
    """A state of a log file begins (`ended` is None) or has ended. Sent only if Start asked for it."""

    job: int
    state: ProgressState
    ended: LogProgressEnd | None = None


class Returned(Frame, frozen=True):
    """Jobs given back untouched while draining."""

    jobs: tuple[int, ...]


ToWorker = Start | Assign | Flush | Drain
ToSupervisor = CannotBegin | Beat | Prepared | Failed | Returned | RecordRefused | LogProgress

F = TypeVar("F")

_encode = msgspec.msgpack.Encoder().encode


def encode_frame(frame: Frame) -> bytes:
    """The frame as it goes over the wire, with its length in front."""
    body = _encode(frame)
    return len(body).to_bytes(4, "big") + body


class FrameReader(Generic[F]):
    """Cuts a stream of bytes into frames of one direction. Pure: the caller does the reading.

    `feed` raises ValueError on a frame of more than FRAME_BYTES_MAX or one that is no frame: the peer is broken.
    """

    def __init__(self, decoder: "msgspec.msgpack.Decoder[F]") -> None:
        self._decode = decoder.decode
        self._buffer = bytearray()

    @property
    def has_partial_frame(self) -> bool:
        """Whether bytes of an unfinished frame wait: at EOF, the peer died while it wrote."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[F]:
        """All frames that `data` completes, in order."""
        buffer = self._buffer
        buffer += data
        frames: list[F] = []
        start = 0
        while len(buffer) - start >= 4:
            length = int.from_bytes(buffer[start : start + 4], "big")
            if length > FRAME_BYTES_MAX:
                raise ValueError(f"a frame of {length} bytes, more than {FRAME_BYTES_MAX}")
            end = start + 4 + length
            if len(buffer) < end:
                break
            try:
                frames.append(self._decode(bytes(buffer[start + 4 : end])))
            except msgspec.MsgspecError as error:
                raise ValueError(f"not a frame: {error}") from error
            start = end
        del buffer[:start]
        return frames


def read_by_worker() -> FrameReader[ToWorker]:
    """A reader of the frames that a supervisor sends."""
    return FrameReader(msgspec.msgpack.Decoder(ToWorker))


def read_by_supervisor() -> FrameReader[ToSupervisor]:
    """A reader of the frames that a worker sends."""
    return FrameReader(msgspec.msgpack.Decoder(ToSupervisor))
