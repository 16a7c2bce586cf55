from typing import Any

import pyarrow as pa
import pytest

from ingester.model.event import CloudTrailEvent
from ingester.model.event_parts import SessionContext, UserIdentity
from tests.unit.columns.given import batch_of, batch_of_events, column_of

ISSUER = {"type": "Role", "userName": "u", "principalId": "p", "arn": "a", "accountId": "1"}


def _with_members(value: Any) -> Any:
    """Without the members that are null, at any depth."""
    if isinstance(value, dict):
        return {name: _with_members(member) for name, member in value.items() if member is not None}
    return [_with_members(element) for element in value] if isinstance(value, list) else value


def test_a_part_has_its_members_at_every_depth() -> None:
    identity = {
        "type": "AssumedRole",
        "accountId": "1",
        "sessionContext": {
            "sessionIssuer": ISSUER,
            "attributes": {"mfaAuthenticated": "false"},
            "assumedRoot": "true",
        },
        "onBehalfOf": {"userId": "u"},
    }
    assert _with_members(column_of("userIdentity", identity)) == [identity]


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 64, 513])
def test_rows_with_and_without_a_part_stay_in_their_places(rows: int) -> None:
    kinds: list[Any] = [
        None,
        {"type": "Root"},
        {"sessionContext": {"sessionIssuer": ISSUER}},
        {"sessionContext": {"attributes": {"creationDate": "c"}}},
        {"type": "Role", "sessionContext": None},
    ]
    identities = [kinds[row * row % 5] for row in range(rows)]
    assert _with_members(column_of("userIdentity", *identities)) == _with_members(identities)


def test_a_part_without_a_value_is_null_however_it_was_delivered() -> None:
    full = {"sessionIssuer": ISSUER, "webIdFederationData": {"federatedProvider": "f"}}
    empty = {"sessionIssuer": {}, "webIdFederationData": {"attributes": {}}}
    column = column_of("userIdentity", {"sessionContext": full}, {"sessionContext": empty}, {"type": "Root"}, {})
    assert column[0]["sessionContext"]["sessionIssuer"] == ISSUER
    assert column[1] is None
    assert column[2]["sessionContext"] is None
    assert column[3] is None


def test_a_parts_nulls_do_not_depend_on_the_rows_beside_it() -> None:
    records = [{"tlsDetails": details} for details in ({"tlsVersion": "1"}, {}, {"keyExchange": "k"}, None)]
    together = batch_of(*records).column("tlsDetails")
    alone = pa.concat_arrays([batch_of(record).column("tlsDetails") for record in records])
    assert together.equals(alone)
    assert together.is_valid().to_pylist() == [True, False, True, False]


def test_no_child_has_a_value_where_its_part_is_null() -> None:
    tls = batch_of({"tlsDetails": {"tlsVersion": "1"}}, {}, {"tlsDetails": {"cipherSuite": "c"}}).column("tlsDetails")
    assert tls.field("tlsVersion").to_pylist() == ["1", None, None]
    assert tls.field("cipherSuite").to_pylist() == [None, None, "c"]


def test_resources_keep_their_order_and_empty_lists() -> None:
    one, two = {"ARN": "a", "type": "t"}, {"accountId": "1"}
    column = column_of("resources", [one, two], None, [], [two], None, [])
    assert _with_members(column) == [[one, two], None, [], [two], None, []]


@pytest.mark.parametrize("value", [None, [], [{}], [{}, {}]])
def test_resources_without_a_value_in_the_whole_chunk(value: Any) -> None:
    assert _with_members(column_of("resources", value)) == [None if value is None else [None] * len(value)]


def test_an_open_map_keeps_its_names_and_nulls() -> None:
    attributes = [{"b": "2", "a": None}, None, {}, {"é": ""}]
    records = [{"userIdentity": {"sessionContext": {"webIdFederationData": {"attributes": a}}}} for a in attributes]
    identity = batch_of(*records).column("userIdentity")
    found = [row and row["sessionContext"]["webIdFederationData"]["attributes"] for row in identity.to_pylist()]
    assert found == [[("b", "2"), ("a", None)], None, None, [("é", "")]]


def test_booleans_tell_false_from_null() -> None:
    assert column_of("readOnly", False, None, True) == [False, None, True]
    assert column_of("readOnly", False, False) == [False, False]
    assert column_of("managementEvent", None, None) == [None, None]


def test_an_insight_has_its_numbers_and_attributions() -> None:
    details = {
        "state": "Start",
        "insightContext": {
            "statistics": {"baseline": {"average": 9.82222e-5}, "insight": {"average": 0.0}, "insightDuration": 7},
            "attributions": [
                {"attribute": "userAgent", "insight": [{"value": "v", "average": 1.5}], "baseline": []},
                {"attribute": "errorCode"},
            ],
        },
    }
    column = column_of("insightDetails", None, details, {"state": "End"}, None)
    assert _with_members(column) == [None, details, {"state": "End"}, None]


def test_parts_made_in_python_become_rows_too() -> None:
    identity = UserIdentity(session_context=SessionContext(source_identity="s"))
    batch = batch_of_events([CloudTrailEvent(user_identity=identity), CloudTrailEvent()])
    assert _with_members(batch.column("userIdentity").to_pylist()) == [
        {"sessionContext": {"sourceIdentity": "s"}},
        None,
    ]
