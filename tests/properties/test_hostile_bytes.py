"""Any bytes at all, as a message, a log file or a record: no crash, no loss, and no other error than ours.

What must hold is said in `tests.fuzz.targets`; here hypothesis draws the bytes, and the corpus of inputs that were
once of interest is replayed. `./scripts/fuzz` looks further, guided by coverage.
"""

import gzip
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from tests.fuzz.corpus import inputs
from tests.fuzz.targets import TARGETS, log_file, notification, record
from tests.properties.json_texts import VALUES, parts

CORPUS = [
    pytest.param(target, data, id=f"{target}-{n}") for target in TARGETS for n, data in enumerate(inputs(target))
]


@pytest.mark.parametrize(("target", "data"), CORPUS)
def test_no_input_of_the_corpus_breaks_a_promise(target: str, data: bytes) -> None:
    TARGETS[target](data)


def mutated(data: bytes, draw: Callable[..., Any]) -> bytes:
    """The bytes with a few of them changed, taken away, doubled or moved."""
    for _ in range(draw(st.integers(0, 4))):
        start, length = draw(st.integers(0, len(data))), draw(st.sampled_from([0, 1, 1, 2, 8, 50, 10_000]))
        part = data[start : start + length]
        put = draw(st.binary(max_size=4) | st.just(part * 2) | st.just(part[::-1]) | st.just(b""))
        data = data[:start] + put + data[start + length :]
    return data


@st.composite
def like(draw: Callable[..., Any], target: str) -> bytes:
    """Bytes that were once an input of a target's corpus."""
    return mutated(draw(st.sampled_from([data for data in inputs(target) if len(data) < 5_000])), draw)


@st.composite
def gzipped(draw: Callable[..., Any]) -> bytes:
    """A gzipped log file whose framing may be damaged: header, members, trailer, what follows."""
    records = draw(st.lists(parts() | VALUES, max_size=3))
    text = b'{"Records":[%b]}' % ",".join(records).encode()
    cut = draw(st.integers(0, len(text)))
    level = draw(st.sampled_from([0, 1, 9]))
    body = gzip.compress(text[:cut], level, mtime=0) + gzip.compress(text[cut:], level, mtime=0)
    return b"\3" + mutated(body, draw)[3:]


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=300) | like("notification"))
def test_any_bytes_as_a_message_are_understood_or_unknown_and_never_believed(data: bytes) -> None:
    notification(data)


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=300) | like("log_file") | gzipped())
def test_any_bytes_as_a_log_file_are_rows_and_quarantined_records_or_a_reason(data: bytes) -> None:
    log_file(data)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300) | like("record") | (parts() | VALUES).map(str.encode))
def test_any_bytes_as_a_record_are_a_row_that_gives_them_back_or_quarantined(data: bytes) -> None:
    record(data)
