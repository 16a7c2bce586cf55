"""Records that lie in the quarantine, read line by line."""

from collections.abc import Iterator

import msgspec

from ingester.lake.lake_files import LakeFiles
from ingester.lake.layout import QUARANTINED_RECORDS
from ingester.model.errors import LakeDamagedError


class QuarantinedRecord(msgspec.Struct, frozen=True):
    """A record that can't be read: its log file, its place there from 0, why, and its bytes, as text if they are."""

    uri: str
    record_index: int
    reason: str
    raw: str | None = None
    raw_base64: str | None = None


_decode = msgspec.json.Decoder(QuarantinedRecord).decode


def read_quarantined(files: LakeFiles, path: str) -> Iterator[QuarantinedRecord]:
    """The records of a file. Raises FileNotFoundError, LakeDamagedError for a line that can't be read."""
    with files.open(path) as file:
        for number, line in enumerate(_lines(file), 1):
            try:
                yield _decode(line)
            except msgspec.MsgspecError as error:
                raise LakeDamagedError(f"{files.where(path)}, line {number}, is no record: {error}.") from error


def every_quarantined(files: LakeFiles) -> Iterator[QuarantinedRecord]:
    """The records of all files. Raises LakeDamagedError."""
    for path in sorted(found.path for found in files.list(QUARANTINED_RECORDS) if found.path.endswith(".jsonl")):
        yield from read_quarantined(files, path)


def _lines(file: object) -> Iterator[bytes]:
    rest = b""
    while chunk := file.read(1 << 20):  # type: ignore[attr-defined]
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    if rest:
        yield rest
