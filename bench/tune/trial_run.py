"""The process of a trial: a backfill of given log files. Prints its Outcome as JSON, last."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench.tune.trial import Order, Outcome
from ingester.model.log_file import LogFile
from ingester.supervisor import run
from ingester.supervisor.counts import Counts


class Sample:
    """A listing of given log files. See `ingester.fetch.listing.Listing`."""

    def __init__(self, log_files: tuple[LogFile, ...]) -> None:
        self.skipped = self.digests_skipped = 0
        self._log_files = log_files

    def __iter__(self) -> Iterator[LogFile]:
        return iter(self._log_files)


class Stopwatch:
    """Starts when workers have begun to work: that they must start first is of no weight in a service."""

    def __init__(self) -> None:
        self._began_at_seconds = time.monotonic()

    def tick(self, counts: Counts) -> None:
        """Called several times a second."""
        if not (counts.log_files_done or counts.events_decoded):
            self._began_at_seconds = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since then."""
        return time.monotonic() - self._began_at_seconds


def main(order_file: str) -> None:
    """Run, tell."""
    order = msgspec.json.decode(Path(order_file).read_bytes(), type=Order)
    sample = Sample(order.log_files)
    run.list_log_files = lambda *_: sample
    stopwatch = Stopwatch()
    counts = run.run_backfill(order.settings, "the sample", stopwatch.tick).counts
    outcome = Outcome(
        log_files=counts.log_files,
        events=counts.events,
        json_bytes=counts.json_bytes,
        seconds=stopwatch.seconds,
        quarantined=len(counts.quarantined),
    )
    print(msgspec.json.encode(outcome).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
