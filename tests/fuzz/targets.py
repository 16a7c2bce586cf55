"""What must hold for any bytes: rows and quarantined records that add up, or one error of ours; never anything else.

Each target takes bytes and raises AssertionError, or whatever the product let through, where the promise is broken.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import PurePosixPath

import msgspec
import numpy as np
import pyarrow as pa
from isal import igzip
from msgspec import Raw

from ingester.columns.build import Lineage, record_batch
from ingester.decode.events import DecodedEvents, decode_events
from ingester.decode.outer import DEPTH_MAX
from ingester.decode.parts import decode_with_shared_parts
from ingester.decode.read import hold, read_records
from ingester.decode.slices import SLICE_BYTES, Decoders, decode_slices
from ingester.decode.whole import split_array
from ingester.lake.layout import TABLE, checked, commit_id_of, data_file_path
from ingester.lake.partition import split
from ingester.lake.quarantine import encode_record
from ingester.lake.shared_values import as_written
from ingester.model.errors import BadLogFileError, UnknownNotificationError
from ingester.model.event import CloudTrailEvent
from ingester.model.message import Message
from ingester.notifications.read import read_notification
from ingester.notifications.verifier import SnsVerifier
from tests.support.plain_json import records_in
from tests.support.restore import restore, same
from tests.support.sns import certificate, rsa_key

COMMIT_ID = "0123456789abcdef0123456789abcdef"
_NOT_UTF8 = b"\xff"
"""Stands before a record that is not UTF-8, between the steps of decoding."""
_CHUNK_ROWS = 5
_DECODERS = Decoders(msgspec.json.Decoder(CloudTrailEvent).decode, msgspec.json.Decoder(list[CloudTrailEvent]).decode)

INFLATED_BYTES_MAX = 1 << 20
"""Larger inputs are left to the tests of bombs: here each must take milliseconds."""

Outcome = tuple[list[bytes], DecodedEvents] | None
"""The records of a log file as delivered, and what they became; None if it is refused."""

_CERTIFICATE = certificate(key=rsa_key("whose key nobody has"))
_verifier = SnsVerifier(lambda _url, _seconds: _CERTIFICATE)


def notification(data: bytes) -> None:
    """A message body: understood, with log files that have a bucket and a key, or unknown; and never believed."""
    body = data.decode("utf-8", "surrogateescape")
    try:
        found = read_notification(body)
    except UnknownNotificationError as error:
        _check_text(error)
    else:
        for some in found.log_files:
            assert some.bucket, "it would be a file on this machine's disk"
            assert some.key
            assert len(some.place) == 16
    assert list(_verifier.doubts([Message("q", "m", "r", body, 1, 0.0)])) == ["r"], "nobody can sign for SNS"


def log_file(data: bytes) -> None:
    """A log file's bytes. The first byte says how the rest is packed, so that a fuzzer gets behind the gzip."""
    if not data:
        return
    body = _packed(data[0], data[1:])
    if body is None:
        return
    whole = _read(iter((body,)), 1 << 30, 1 << 20)
    chunk_bytes, window_bytes = 1 + data[0] // 4 % 7 * 50, 1 + data[0] // 28 % 9 * 40
    chunks = (body[start : start + chunk_bytes] for start in range(0, len(body), chunk_bytes))
    assert _read(chunks, 0, window_bytes) == whole, "the stream lane reads it otherwise"
    sliced = [_read_slices(body, slice_bytes) for slice_bytes in (30 + window_bytes, SLICE_BYTES)]
    _check_refusal(body, whole)
    if whole is not None:
        assert sliced == [whole, whole], "the slices lane reads it otherwise"
        _check_rows(*whole)


def record(data: bytes) -> None:
    """The text of one record, or of some."""
    log_file(b"\0" + b'{"Records":[' + data + b"]}")


TARGETS: dict[str, Callable[[bytes], None]] = {"notification": notification, "log_file": log_file, "record": record}


def _packed(how: int, content: bytes) -> bytes | None:
    """The bytes of the object; None where they would inflate to more than this is for."""
    match how % 4:
        case 0:
            return content
        case 1:
            return igzip.compress(content)
        case 2:
            cuts = [0, len(content) // 3, len(content) // 2, len(content)]
            return b"".join(gzip.compress(content[start:end], 1) for start, end in pairwise(cuts))
    body = b"\x1f\x8b\x08" + content
    return None if _inflates_to_much(body) else body


def _inflates_to_much(body: bytes) -> bool:
    return len(_inflated(body) or b"") > INFLATED_BYTES_MAX


def _inflated(body: bytes) -> bytes | None:
    """What zlib, which the product does not use, makes of a log file, up to a byte too many; None for damage."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    inflated = b""
    while body:
        member = zlib.decompressobj(31)
        try:
            inflated += member.decompress(body, INFLATED_BYTES_MAX - len(inflated) + 1)
        except zlib.error:
            return None
        if len(inflated) > INFLATED_BYTES_MAX:
            return inflated
        if not member.eof:
            return None
        body = member.unused_data.lstrip(b"\0")
    return inflated


def _check_refusal(body: bytes, outcome: Outcome) -> None:
    """A log file is refused if zlib or Python's own parser find that it is none, and only then; and each element of
    `Records` is a record."""
    text = _inflated(body)
    if text is not None and text.count(b"[") + text.count(b"{") > DEPTH_MAX:
        return  # it may be refused for its depth beside Records, and Python's parser does not go so deep
    records = None if text is None else records_in(text)
    assert (records is None) == (outcome is None), "refused, and a log file; or taken, and none"
    if outcome is not None:
        assert len(outcome[0]) == len(records or ())


def _read(chunks: Iterator[bytes], whole_bytes_max: int, window_bytes: int) -> Outcome:
    """What the whole lane or the stream lane makes of a log file."""
    raws: list[bytes] = []
    decoded = []
    try:
        for batch in read_records(chunks, whole_bytes_max, window_bytes=window_bytes).batches:
            assert batch.first_index == len(raws)
            raws += [bytes(raw) for raw in batch.raws]
            decoded.append(decode_events(batch.raws, batch.first_index))
    except BadLogFileError as error:
        _check_text(error)
        return None
    return raws, _together(decoded)


def _read_slices(body: bytes, slice_bytes: int) -> Outcome:
    """What a user's function is given of a log file; of one that is refused perhaps the first events."""
    raws: list[bytes] = []
    decoded = []
    try:
        text = hold(iter((body,)))
        assert isinstance(text, bytes)
        for some in decode_slices(text, _DECODERS, rows=3, slice_bytes=slice_bytes):
            assert some.first_index == len(raws)
            raws += [bytes(raw) for raw in some.records or split_array(some.text)]
            decoded.append(some.decoded)
    except BadLogFileError as error:
        _check_text(error)
        return None
    return raws, _together(decoded)


def _together(parts: list[DecodedEvents]) -> DecodedEvents:
    return DecodedEvents(
        [event for part in parts for event in part.events],
        [index for part in parts for index in part.indexes],
        [bad for part in parts for bad in part.bad],
    )


def _check_text(error: Exception) -> None:
    assert str(error).isprintable(), "it could act on a terminal"
    assert len(str(error)) < 3_000


def _check_rows(raws: list[bytes], decoded: DecodedEvents) -> None:
    """Every record is a row that gives it back, or is quarantined with its bytes; every row lies inside the lake."""
    places = [*decoded.indexes, *(bad.index for bad in decoded.bad)]
    assert sorted(places) == list(range(len(raws)))
    for bad in decoded.bad:
        assert bad.raw_bytes == raws[bad.index].removeprefix(_NOT_UTF8)
        assert bad.reason
        assert encode_record("file:///f", bad.index, bad.reason, bad.raw_bytes).count(b"\n") == 1
    batches = []
    for start in range(0, len(raws), _CHUNK_ROWS):
        chunk, transposed, parts = decode_with_shared_parts([Raw(raw) for raw in raws[start : start + _CHUNK_ROWS]])
        assert [bad.index + start for bad in chunk.bad] == [
            bad.index for bad in decoded.bad if start <= bad.index < start + _CHUNK_ROWS
        ]
        if transposed is not None:
            indexes = np.array(chunk.indexes, np.int64) + start
            batches.append(record_batch(transposed, Lineage(["file:///f"], [len(indexes)], indexes), parts))
            batches[-1].validate(full=True)
    if batches:
        _check_table(pa.Table.from_batches(batches), raws, decoded)


def _check_table(table: pa.Table, raws: list[bytes], decoded: DecodedEvents) -> None:
    rows = as_written(table).to_pylist()
    assert [row["recordIndex"] for row in rows] == list(decoded.indexes)
    for row in rows:
        assert same(restore(row), raws[row["recordIndex"]])
    partitions = split(table, ("date", "hour", "account", "region"))
    assert sum(part.num_rows for _, part in partitions) == len(rows)
    for partition, _ in partitions:
        path = checked(data_file_path(partition, "undated", COMMIT_ID, 1))
        assert commit_id_of(path) == COMMIT_ID
        assert PurePosixPath(path).parts[0] == TABLE
        assert len(PurePosixPath(path).parts) == 6
