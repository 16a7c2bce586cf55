"""Functions by name, for worker processes: what they get goes to files in a directory that the environment names."""

import json
import os
from pathlib import Path

from ingester import CloudTrailEvent
from tests.support.waiting import wait_until

DIRECTORY = "TEST_PROCESSOR_DIRECTORY"
"""The environment variable."""


def keep(events: list[CloudTrailEvent]) -> None:
    """One line of JSON a call: the process, the log file, the events' names."""
    directory = Path(os.environ[DIRECTORY])
    line = {
        "pid": os.getpid(),
        "log_file": events[0].log_file.uri,
        "names": [event.event_name for event in events],
    }
    with (directory / f"{os.getpid()}.calls").open("a") as file:
        file.write(json.dumps(line) + "\n")


def keep_together(events: list[CloudTrailEvent]) -> None:
    """The same, once a second process is here as well."""
    directory = Path(os.environ[DIRECTORY])
    (directory / f"{os.getpid()}.here").touch()
    wait_until(lambda: len(list(directory.glob("*.here"))) > 1, what="a second process")
    keep(events)


def drop(events: list[CloudTrailEvent]) -> None:
    """Takes them, and that is all."""


def fail(events: list[CloudTrailEvent]) -> None:
    """Raises for one event, and keeps the others."""
    if any(event.event_name == "Event13" for event in events):
        raise KeyError("the thirteenth")
    keep(events)


def not_three(event: CloudTrailEvent) -> bool:
    """An event filter."""
    return event.event_name != "Event3"


async def keep_later(events: list[CloudTrailEvent]) -> None:
    """The same, awaited."""
    keep(events)


class Keeper:
    """A class, of which each worker makes an object."""

    def process(self, events: list[CloudTrailEvent]) -> None:
        """Keep."""
        keep(events)


class Unmade:
    """A class of which no object can be made."""

    def __init__(self) -> None:
        raise LookupError("no DATABASE_URL")

    def process(self, events: list[CloudTrailEvent]) -> None:
        """Never called."""


def kept(directory: Path) -> list[dict[str, object]]:
    """All calls, of all processes."""
    return [json.loads(line) for file in sorted(directory.glob("*.calls")) for line in file.read_text().splitlines()]
