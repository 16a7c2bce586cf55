"""What each part of the columns room costs: `pytest bench/bench_columns.py --benchmark-disable-gc`.

Unlike `bench_stages.py`, the events of a chunk are decoded anew right before each round, as in a worker, where they
still are in the L2 cache: one chunk a round. Every figure is of one chunk; `extra_info` has how many events that is.
The figures of columns have the taking of their values in them, as that of a field that no event has shows.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.data import BUSY, prepare
from bench.material import BATCH_ROWS, Material, uri
from ingester.columns.build import Lineage, record_batch
from ingester.columns.nested import array_for
from ingester.columns.times import time_column
from ingester.decode.events import decode_events
from ingester.model.event import CloudTrailEvent
from ingester.model.shared_parts import transpose

_ROUNDS = 200
_USED = (
    "event_name", "event_id", "error_code", "read_only", "user_identity", "resources", "tls_details",
    "request_parameters_json", "response_elements_json", "insight_details",
)  # fmt: skip
"""A field of every kind, one that few events have, and one that none has."""

Events = Sequence[CloudTrailEvent]


@pytest.fixture(scope="module")
def material() -> Material:
    """One log file of a busy account."""
    return Material([prepare(BUSY.of(8)).paths[0].read_bytes()])


def _bench(
    benchmark: BenchmarkFixture, material: Material, rows: int, step: Callable[[Events], object], name: str
) -> None:
    chunk = material.raws[0][:rows]
    benchmark.extra_info |= {"events": rows, "part": name}
    benchmark.pedantic(step, setup=lambda: ((decode_events(chunk, 0).events,), {}), rounds=_ROUNDS, warmup_rounds=3)


@pytest.mark.parametrize("rows", [BATCH_ROWS, 5])
def test_record_batch(rows: int, benchmark: BenchmarkFixture, material: Material) -> None:
    """Everything; on five events it is what a call costs whatever its size."""
    lineage = Lineage([uri(0)], [rows], np.arange(rows))
    _bench(benchmark, material, rows, lambda events: record_batch(transpose(events), lineage), "record batch")


def test_transpose(benchmark: BenchmarkFixture, material: Material) -> None:
    """Events → the values of each field."""
    _bench(benchmark, material, BATCH_ROWS, transpose, "transpose")


@pytest.mark.parametrize("name", _USED)
def test_column(name: str, benchmark: BenchmarkFixture, material: Material) -> None:
    """The values of one field → its column."""
    array_of = array_for(CloudTrailEvent.__annotations__[name])
    values = attrgetter(name)

    def column(events: Events) -> object:
        return array_of(tuple(map(values, events)), 0)

    _bench(benchmark, material, BATCH_ROWS, column, name)


def test_times(benchmark: BenchmarkFixture, material: Material) -> None:
    """eventTime → timestamps."""
    texts = attrgetter("event_time_text")
    _bench(benchmark, material, BATCH_ROWS, lambda events: time_column(tuple(map(texts, events))), "time")
