"""A record goes into Parquet and comes out again the same, whatever it looks like."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from msgspec import Raw

from ingester.columns.build import Lineage, record_batch
from ingester.decode.parts import decode_with_shared_parts
from ingester.decode.read import read_records
from ingester.lake.shared_values import as_written
from tests.properties.json_texts import VALUES, parts
from tests.support.restore import restore, same

CHUNK_ROWS = 512

TIMES = st.sampled_from(
    [
        '"2024-03-13T08:33:30Z"', '"2024-02-29T23:59:59.007Z"', '"2024-03-13T08:33:30.000Z"',
        '"2024-03-13T08:33:30.123456789Z"', '"2024-03-13T08:33:30+00:00"', '"2024-03-13t08:33:30z"',
        '"2024-13-13T08:33:30Z"', '"2023-02-29T08:33:30Z"', '"0000-01-01T00:00:00Z"', '"0001-01-01T00:00:00Z"',
        r'"2024-03-13T08:33:3\u0030Z"', '"2024-03-13 08:33:30Z"', '""', "1710318810", "1710318810.5", "null",
    ]
) | st.datetimes().map(lambda time: f'"{time.isoformat(timespec="seconds")}Z"')  # fmt: skip


@st.composite
def records(draw: Callable[..., Any]) -> bytes:
    """JSON text of a record, which may or may not fit the model, mostly with a time that may be odd."""
    inside = draw(parts() | VALUES.map(lambda value: f'{{"requestParameters":{value}}}')).strip()[1:-1]
    time = draw(st.none() | TIMES)
    members = [f'"eventTime":{time}'] if time else []
    members += [inside] if inside.strip() else []
    return ("{" + ",".join(members) + "}").encode()


def _rows(records: Sequence[bytes]) -> pa.Table:
    """The rows of records as they are written, each of a log file of its own, named after its place."""
    decoded, transposed, parts = decode_with_shared_parts([Raw(record) for record in records])
    assert decoded.bad == []
    assert transposed is not None
    uris = [f"file:///{place}" for place in range(len(records))]
    batch = record_batch(transposed, Lineage(uris, [1] * len(records), np.zeros(len(records), np.int64)), parts)
    batch.validate(full=True)
    return as_written(pa.Table.from_batches([batch]))


def _assert_restores(table: pa.Table, records: Sequence[bytes]) -> None:
    rows = table.to_pylist()
    assert [row["logFile"] for row in rows] == [f"file:///{place}" for place in range(len(records))]
    for row, record in zip(rows, records, strict=True):
        assert same(restore(row), record), (row, record)


@settings(deadline=None, max_examples=300)
@given(st.lists(records(), min_size=1, max_size=12))
def test_records_come_back_from_parquet_the_same(records: list[bytes]) -> None:
    file = pa.BufferOutputStream()
    pq.write_table(_rows(records), file, store_schema=False)
    _assert_restores(pq.read_table(pa.BufferReader(file.getvalue())), records)


@settings(deadline=None, max_examples=50)
@given(st.lists(records(), min_size=1, max_size=12))
def test_duckdb_reads_what_arrow_wrote(records: list[bytes]) -> None:
    table = _rows(records)
    expected = [
        (
            time and time.timestamp() * 1000,
            row["eventName"],
            (((row["userIdentity"] or {}).get("sessionContext") or {}).get("sessionIssuer") or {}).get("arn"),
            row["requestParameters"],
            row["resources"] and [resource and resource["ARN"] for resource in row["resources"]],
            row["unmapped"],
            row["logFile"],
        )
        for row, time in ((row, row["eventTime"]) for row in table.to_pylist())
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        pq.write_table(table, path, store_schema=False)
        found = duckdb.execute(
            "SELECT epoch_ms(eventTime), eventName, userIdentity.sessionContext.sessionIssuer.arn, requestParameters,"
            " list_transform(resources, lambda resource: resource.ARN), unmapped, logFile"
            " FROM read_parquet(?) ORDER BY file_row_number",
            [str(path)],
        ).fetchall()
    assert found == expected


def test_real_records_come_back_from_parquet_the_same(samples: Path) -> None:
    raws = [
        bytes(raw)
        for path in sorted(samples.rglob("*.json.gz"))
        for batch in read_records(iter((path.read_bytes(),))).batches
        for raw in batch.raws
    ]
    assert len(raws) > 2_000
    for start in range(0, len(raws), CHUNK_ROWS):
        chunk = raws[start : start + CHUNK_ROWS]
        file = pa.BufferOutputStream()
        pq.write_table(_rows(chunk), file, store_schema=False)
        _assert_restores(pq.read_table(pa.BufferReader(file.getvalue())), chunk)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"requestParameters":{"a":1}}', b'{"requestParameters":{"a":true}}'),
        (b'{"requestParameters":{"a":"1"}}', b'{"requestParameters":{"a":1}}'),
        (b'{"requestParameters":{}}', b"{}"),
        (b'{"requestParameters":{"a":null}}', b'{"requestParameters":{}}'),
        (b'{"requestParameters":0.1}', b'{"requestParameters":0.1000000000000000055511151231257827}'),
        (b'{"new":null}', b"{}"),
        (b'{"userIdentity":{"new":{}}}', b'{"userIdentity":{}}'),
        (b'{"userIdentity":{"arn":""}}', b'{"userIdentity":{}}'),
        (b'{"resources":[]}', b"{}"),
        (b'{"resources":[{}]}', b'{"resources":[]}'),
        (b'{"eventTime":"2024-03-13T08:33:30Z"}', b'{"eventTime":"2024-03-13T08:33:30.0Z"}'),
    ],
)
def test_records_that_differ_are_told_apart(one: bytes, other: bytes) -> None:
    assert not same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"requestParameters":{"a":1.0,"b":2}}', b'{"requestParameters":{"b":2e0,"a":1}}'),
        (b'{"requestParameters":"\\u0041"}', b'{"requestParameters":"A"}'),
        (b'{"requestParameters":null}', b"{}"),
        (b'{"userIdentity":{"arn":null,"sessionContext":{"sessionIssuer":{}}}}', b"{}"),
        (b'{"resources":[null]}', b'{"resources":[{"ARN":null}]}'),
    ],
)
def test_records_that_say_the_same_are_the_same(one: bytes, other: bytes) -> None:
    assert same(one, other)
