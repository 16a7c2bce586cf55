"""What the parsers share: from announced objects to a Notification, and careful access to JSON values.

A parser that meets a value of the wrong type in an envelope that is otherwise its own gives None, and the body
becomes unknown as a whole. That is on purpose where only one of several Records is broken, too: were the others
taken, the message would be deleted once they are committed, and the object that the broken one announced would
be lost in silence. Unknown, the message stays, is warned about and ends in the dead-letter queue, whole.
"""

from collections.abc import Sequence

from ingester.model.log_file import LogFile
from ingester.model.notification import Notification, NotificationKind


class BrokenEnvelopeError(ValueError):
    """A value that an envelope must have is missing or of another type. Never leaves a parser."""


def announced(kind: NotificationKind, objects: Sequence[LogFile], other_skipped: int = 0) -> Notification:
    """The notification of `objects`: digests and folders are told by key, skipped and counted.

    An object that one message names twice is one log file.
    """
    log_files = []
    digests = 0
    for log_file in objects if len(objects) == 1 else dict.fromkeys(objects):
        if log_file.is_digest:
            digests += 1
        elif log_file.key.endswith("/"):
            other_skipped += 1
        else:
            log_files.append(log_file)
    return Notification(kind, tuple(log_files), digests, other_skipped)


def part(parent: object, name: str) -> dict[str, object]:
    """The JSON object `name` of the JSON object `parent`. Raises BrokenEnvelopeError."""
    value = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(value, dict):
        raise BrokenEnvelopeError(name)
    return value


def text(parent: dict[str, object], name: str) -> str:
    """The string `name`, which must be there and not empty. Raises BrokenEnvelopeError."""
    value = parent.get(name)
    if not isinstance(value, str) or not value:
        raise BrokenEnvelopeError(name)
    return value


def optional_text(parent: dict[str, object], name: str) -> str | None:
    """The string `name`, None if it is absent, null or empty. Raises BrokenEnvelopeError on another type."""
    value = parent.get(name)
    return text(parent, name) if value not in (None, "") else None


def etag(parent: dict[str, object], name: str) -> str | None:
    """An ETag without the quotes that some servers put around it. Raises BrokenEnvelopeError."""
    value = optional_text(parent, name)
    return value.strip('"') or None if value else None


def version_id(parent: dict[str, object], name: str) -> str | None:
    """A version id; None for `null`, S3's name for the version of an unversioned bucket's object."""
    value = optional_text(parent, name)
    return None if value == "null" else value


def size_bytes(parent: dict[str, object]) -> int | None:
    """The object's `size`, None where there is none that makes sense: it only helps to plan."""
    value = parent.get("size")
    return value if type(value) is int and value >= 0 else None
