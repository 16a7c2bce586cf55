"""The process of a trial: a backfill of given log files. Prints its Outcome as JSON, last."""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench.tune.trial import Order, Outcome
from ingester.model.log_file import LogFile
from ingester.supervisor import run


class Sample:
    """A listing of given log files. See `ingester.fetch.listing.Listing`."""

    def __init__(self, log_files: tuple[LogFile, ...]) -> None:
        self.skipped = self.digests_skipped = 0
        self._log_files = log_files

    def __iter__(self) -> Iterator[LogFile]:
        return iter(self._log_files)


def main(order_file: str) -> None:
    """Run, tell."""
    order = msgspec.json.decode(Path(order_file).read_bytes(), type=Order)
    sample = Sample(order.log_files)
    run.list_log_files = lambda *_: sample
    counts = run.run_backfill(order.settings, "the sample").counts
    outcome = Outcome(counts.log_files, counts.events, counts.json_bytes, counts.seconds)
    print(msgspec.json.encode(outcome).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
