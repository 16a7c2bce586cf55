import pyarrow as pa
import pytest

from ingester.columns import strings
from ingester.columns.strings import text_array
from tests.unit.columns.given import column_of


@pytest.mark.parametrize("column", [("a", None, "é"), (None, None), ("", "\0", "日本", None), (), ("b",)])
def test_texts_come_out_as_they_went_in(column: tuple[str | None, ...]) -> None:
    array = text_array(column)
    array.validate(full=True)
    assert tuple(array.to_pylist()) == column


def test_empty_text_is_a_value_and_null_is_not() -> None:
    assert column_of("errorCode", "", None, "x", "") == ["", None, "x", ""]
    assert column_of("errorCode", "", "") == ["", ""]


def test_control_characters_and_astral_characters_survive() -> None:
    odd = "\0\n\x7f\u2028😀"
    assert column_of("userAgent", odd, "plain") == [odd, "plain"]


def test_more_text_than_arrow_can_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def several_arrays(values: list[str], type_: pa.DataType) -> object:
        return pa.chunked_array([values], type_)  # what pa.array gives above 2 GiB

    monkeypatch.setattr(strings.pa, "array", several_arrays)
    with pytest.raises(OverflowError, match="Give fewer events at once"):
        text_array(["much"])
