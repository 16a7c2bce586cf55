"""What a fake is started with, and what it tells afterwards."""

from pathlib import Path

from msgspec import Struct, field

BUCKET = "bench-trail"
QUEUE_PATH = "/123456789012/bench"


class World(Struct, frozen=True):
    """What the fake serves. `folder` holds the bodies: `log_files` keys, and the bodies take turns."""

    folder: Path
    log_files: int
    first_byte_seconds: float = 0.0
    """S3 only: how long every answer to a GET of an object waits."""
    bytes_a_second: int = 0
    """S3 only: how fast a body comes on one connection. 0: as fast as it goes."""
    messages_a_second: int = 0
    """How fast messages arrive in the queue, in bursts of ten. 0: all are there from the beginning."""


class Counts(Struct):
    """What the fake was asked for, since its start. Times are seconds since then."""

    calls: dict[str, int] = field(default_factory=dict)
    """Requests answered, by operation."""
    messages_received: int = 0
    messages_deleted: int = 0
    body_bytes: int = 0
    first_receive_seconds: float = 0.0
    last_delete_seconds: float = 0.0
    gets_at_once_max: int = 0
    """The most GETs that waited for their first byte, or for the rest of their body, at one time."""
    cpu_seconds: float = 0.0
    """CPU time of the fake itself, user and system."""
    seconds: float = 0.0
    """How long it has been running."""
