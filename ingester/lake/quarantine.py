"""Entries of the quarantine as they are written: JSON for people and for `list_quarantine`. Pure."""

import base64

import msgspec

from ingester.model.errors import LakeDamagedError
from ingester.model.quarantine import QuarantinedLogFile

_decode = msgspec.json.Decoder(QuarantinedLogFile).decode


def encode_record(uri: str, record_index: int, reason: str, raw: bytes) -> bytes:
    """One line of JSON for a record that can't be read: its log file, its place there, why, and its very bytes."""
    line = {"uri": uri, "record_index": record_index, "reason": reason}
    try:
        line["raw"] = raw.decode()
    except UnicodeDecodeError:
        line["raw_base64"] = base64.b64encode(raw).decode()
    return msgspec.json.encode(line) + b"\n"


def encode_entry(entry: QuarantinedLogFile, earlier: bytes | None) -> bytes:
    """The JSON of an entry. `earlier`: what is written for the same log file already; its `first_seen` stays."""
    if earlier is not None:
        try:
            first_seen = min(entry.first_seen, _decode(earlier).first_seen)
        except msgspec.MsgspecError:
            first_seen = entry.first_seen  # unreadable, and about to be replaced
        entry = msgspec.structs.replace(entry, first_seen=first_seen)
    return msgspec.json.format(msgspec.json.encode(entry), indent=2) + b"\n"


def decode_entry(content: bytes, where: str) -> QuarantinedLogFile:
    """The entry that was written. Raises LakeDamagedError naming the file `where`."""
    try:
        return _decode(content)
    except msgspec.MsgspecError as error:
        raise LakeDamagedError(f"{where} is no quarantine entry: {error}.", hint="Move it away.") from error
