"""What declarative filters cost, on the way to Parquet and on the way to a function. Prints JSON, last.

All events fit the filters, so that nothing is saved behind them: the price at its worst. With and without take turns,
in one process, and of each the least CPU time counts.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.data import BUSY, prepare
from bench.material import Material
from bench.ratios import no_collector
from bench.stages import convert, hand

FILTERS = {
    "one": {"include": ("eventSource=*.amazonaws.com",)},
    "one, nested": {"include": ("userIdentity.type=*",)},
    "two": {"include": ("eventSource=*.amazonaws.com",), "exclude": ("eventCategory=Nothing",)},
}
_LOG_FILES = 3


def main(rounds: int) -> None:
    """CPU seconds by way and filters, and how many events that were."""
    material = Material([path.read_bytes() for path in prepare(BUSY.of(_LOG_FILES)).paths])
    with tempfile.TemporaryDirectory() as scratch, no_collector():
        ways: dict[str, Callable[..., object]] = {
            "Parquet": partial(convert, material, Path(scratch)),
            "function": partial(hand, material, Path(scratch)),
        }
        least = {way: dict.fromkeys(("none", *FILTERS), float("inf")) for way in ways}
        for _ in range(rounds + 1):  # the first round warms up; it hardly ever holds a minimum
            for way, work in ways.items():
                for name, filters in {"none": {}, **FILTERS}.items():
                    began_at_seconds = time.process_time()
                    work(**filters)
                    least[way][name] = min(least[way][name], time.process_time() - began_at_seconds)
    print(json.dumps({"events": material.events, "cpu_seconds": least}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
