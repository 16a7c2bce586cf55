from typing import Any

import numpy as np
import pytest
from msgspec import Raw

from ingester.columns import freeform
from ingester.columns.build import Lineage, record_batch
from ingester.decode.events import decode_events
from ingester.model.event import ABSENT
from ingester.model.shared_parts import transpose
from tests.unit.columns.given import batch_of, column_of


def _texts(*values: bytes) -> list[Any]:
    array = freeform.json_array([Raw(value) if value else ABSENT for value in values])
    array.validate(full=True)
    texts: list[Any] = array.to_pylist()
    return texts


def test_free_form_fields_are_the_very_bytes() -> None:
    delivered = rb'{"b":1.10, "a":"\u003d","a":-0.0E+2,"c":[ ]}'
    (event,) = decode_events([Raw(b'{"requestParameters":%b}' % delivered)], 0).events
    batch = record_batch(transpose([event]), Lineage(["file:///log"], [1], np.zeros(1, np.int64)))
    assert batch.column("requestParameters").to_pylist() == [delivered.decode()]


def test_null_and_absent_are_null_and_every_other_value_is_text() -> None:
    values = [b"", b"null", b"{}", b"", b"false", b"0", b'"n"', b'""', b"[null]", b"null", b""]
    expected = [None, None, "{}", None, "false", "0", '"n"', '""', "[null]", None, None]
    assert _texts(*values) == expected
    assert _texts(b"", b"") == [None, None]


def test_text_that_is_not_ascii_keeps_its_bytes() -> None:
    assert _texts('{"é":"日本"}'.encode(), b"", '"😀"'.encode()) == ['{"é":"日本"}', None, '"😀"']


def test_several_columns_do_not_mix() -> None:
    batch = batch_of(
        {"requestParameters": {"a": 1}, "summary": {"s": 1}},
        {"responseElements": {"b": 2}},
        {"requestParameters": {"c": 3}, "eventContext": None},
    )
    assert batch.column("requestParameters").to_pylist() == ['{"a": 1}', None, '{"c": 3}']
    assert batch.column("responseElements").to_pylist() == [None, '{"b": 2}', None]
    assert batch.column("summary").to_pylist() == ['{"s": 1}', None, None]
    assert batch.column("eventContext").to_pylist() == [None, None, None]
    assert batch.column("edgeDeviceDetails").null_count == 3


def test_a_column_of_nulls_only_has_no_value() -> None:
    assert column_of("requestParameters", None, None) == [None, None]


def test_more_text_than_arrow_can_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freeform, "_BYTES_MAX", 1000)
    assert _texts(b'"%b"' % (b"x" * 900)) == [f'"{"x" * 900}"']
    with pytest.raises(OverflowError, match="Give fewer events at once"):
        _texts(b'"%b"' % (b"x" * 1000))
