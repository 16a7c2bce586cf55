from collections.abc import Iterator

import msgspec
import pyarrow as pa
import pytest

from ingester.columns.schema import SCHEMA, arrow_type
from ingester.model.event import FREE_FORM_FIELDS, CloudTrailEvent


def _structs(name: str, type_: pa.DataType) -> Iterator[tuple[str, list[str]]]:
    """Each struct in a column's type: where it is, and its fields' names."""
    if pa.types.is_struct(type_):
        yield name, [field.name for field in type_]
    for number in range(type_.num_fields):
        yield from _structs(f"{name}.{type_.field(number).name}", type_.field(number).type)


def test_columns_have_cloudtrails_names_in_the_models_order_and_lineage_is_last() -> None:
    model = [field.encode_name for field in msgspec.structs.fields(CloudTrailEvent)]
    assert SCHEMA.names == [*model, "unmapped", "logFile", "recordIndex"]


def test_no_two_names_differ_in_case_only() -> None:
    nested = [pair for field in SCHEMA for pair in _structs(field.name, field.type)]
    assert len(nested) > 10
    for place, names in [("", SCHEMA.names), *nested]:
        assert len({name.lower() for name in names}) == len(names), place


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("eventTime", pa.timestamp("ms", "UTC")),
        ("eventID", pa.string()),
        ("sourceIPAddress", pa.string()),
        ("readOnly", pa.bool_()),
        ("managementEvent", pa.bool_()),
        ("sessionCredentialFromConsole", pa.string()),
        ("unmapped", pa.string()),
        ("logFile", pa.string()),
        ("recordIndex", pa.int64()),
    ],
)
def test_a_column_has_the_type_that_queries_want(name: str, type_: pa.DataType) -> None:
    assert SCHEMA.field(name).type == type_


def test_free_form_fields_are_text() -> None:
    names = {field.name: field.encode_name for field in msgspec.structs.fields(CloudTrailEvent)}
    assert {SCHEMA.field(names[name]).type for name in FREE_FORM_FIELDS} == {pa.string()}


def test_nested_parts_are_structs_lists_and_maps() -> None:
    session = SCHEMA.field("userIdentity").type.field("sessionContext").type
    assert session.field("sessionIssuer").type.field("arn").type == pa.string()
    assert session.field("webIdFederationData").type.field("attributes").type == pa.map_(pa.string(), pa.string())
    resource = SCHEMA.field("resources").type.value_type
    assert [field.name for field in resource] == ["ARN", "accountId", "type", "ARNPrefix"]
    statistics = SCHEMA.field("insightDetails").type.field("insightContext").type.field("statistics").type
    assert statistics.field("baseline").type.field("average").type == pa.float64()
    assert statistics.field("insightDuration").type == pa.int64()


def test_a_type_without_a_column_type_is_refused_when_the_schema_is_made() -> None:
    with pytest.raises(KeyError):
        arrow_type(complex)
