"""How many events of which kind: by source and name.

    ingester backfill DIRECTORY --processor ingester.processors.count:Count

Each worker counts for itself and writes what it found to standard error when it ends. With INGESTER_COUNT_FILE, the
path of an SQLite file, all workers and all runs add up there, in the table `counts` (event_source, event_name,
events), as the events come. An event that is delivered again, after a crash or a failure, is counted again.
"""

import os
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from operator import attrgetter

from ingester.model.event import CloudTrailEvent

FILE_VARIABLE = "INGESTER_COUNT_FILE"

_SHOWN_MAX = 20
_WAIT_SECONDS = 60.0

_kind = attrgetter("event_source", "event_name")


class Count:
    """Counts in `counts`: (event source, event name) → events. `file`: None for that of the environment, if any.

    Used by one worker; SQLite's own lock keeps the workers of one file apart. Raises sqlite3.Error if the file can't
    be used.
    """

    def __init__(self, file: str | None = None) -> None:
        self.counts: Counter[tuple[str | None, str | None]] = Counter()
        self._file = file or os.environ.get(FILE_VARIABLE)

    def process(self, events: list[CloudTrailEvent]) -> None:
        """Count events."""
        some = Counter(map(_kind, events))
        if self._file is not None:
            _add(self._file, some)
        self.counts.update(some)

    def close(self) -> None:
        """Write the most frequent kinds to standard error, the rest as one number."""
        shown = self.counts.most_common(_SHOWN_MAX)
        lines = [f"{events:>12,}  {source or '-'}  {name or '-'}" for (source, name), events in shown]
        rest = self.counts.total() - sum(events for _, events in shown)
        if rest:
            lines.append(f"{rest:>12,}  in {len(self.counts) - len(shown):,} other kinds")
        if lines:
            sys.stderr.write("\n".join(["events by source and name, in one worker:", *lines, ""]))


def _add(file: str, some: Counter[tuple[str | None, str | None]]) -> None:
    with closing(sqlite3.connect(file, timeout=_WAIT_SECONDS, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS counts "
            "(event_source TEXT NOT NULL, event_name TEXT NOT NULL, events INTEGER NOT NULL, "
            "PRIMARY KEY (event_source, event_name)) WITHOUT ROWID"
        )
        connection.executemany(
            "INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET events = events + excluded.events",
            [(source or "", name or "", events) for (source, name), events in some.items()],
        )
        connection.execute("COMMIT")
