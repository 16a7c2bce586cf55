"""What does not fit the model: which column gets what, and what is kept as delivered."""

import json
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from ingester.decode.tolerant import fit_event
from ingester.model.event import CloudTrailEvent, LooseEvent
from ingester.model.event_parts import InsightValue, Resource, SessionContext, UserIdentity


def fit(record: str) -> CloudTrailEvent:
    return fit_event(Raw(record.encode()))


def unmapped(record: str) -> Any:
    """`unmapped` with numbers as they stand; None where there is none."""
    text = fit(record).unmapped_json
    return None if text is None else json.loads(text, parse_float=lambda number: f"number {number}")


def column(event: CloudTrailEvent, path: str) -> Any:
    value: Any = event
    for name in path.split("."):
        value = getattr(value, name)
    return value


@pytest.mark.parametrize(
    ("record", "path", "value", "kept"),
    [
        # strings
        ('{"eventVersion":1.10}', "event_version", "1.10", '{"eventVersion":1.10}'),
        ('{"eventVersion":12345678901234567890123}', "event_version", "12345678901234567890123", "same"),
        ('{"userAgent":true}', "user_agent", "true", "same"),
        ('{"eventTime":{"seconds":1}}', "event_time_text", None, "same"),
        ('{"eventName":["a"]}', "event_name", None, "same"),
        ('{"eventName":{}}', "event_name", None, "same"),
        ('{"eventName":null,"zzz":1}', "event_name", None, '{"zzz":1}'),
        # booleans
        ('{"readOnly":"true"}', "read_only", True, "same"),
        ('{"managementEvent":"False"}', "management_event", False, "same"),
        ('{"readOnly":"yes"}', "read_only", None, "same"),
        ('{"readOnly":1}', "read_only", None, "same"),
        # numbers
        ('{"insightDetails":{"insightContext":{"statistics":{"insight":{"average":"1.5"}}}}}',
         "insight_details.insight_context.statistics.insight.average", 1.5, "same"),
        ('{"insightDetails":{"insightContext":{"statistics":{"insightDuration":"7"}}}}',
         "insight_details.insight_context.statistics.insight_duration", 7, "same"),
        ('{"insightDetails":{"insightContext":{"statistics":{"insightDuration":[7]}}}}',
         "insight_details.insight_context.statistics.insight_duration", None, "same"),
        ('{"insightDetails":{"insightContext":{"statistics":{"insight":{"average":1e400}}}}}',
         "insight_details.insight_context.statistics.insight.average", None, "same"),
        # parts
        ('{"userIdentity":{"type":"Root","newField":{"a":[1.0]}}}', "user_identity", UserIdentity(type="Root"),
         '{"userIdentity":{"newField":{"a":[1.0]}}}'),
        ('{"userIdentity":{"sessionContext":{"attributes":{"mfaAuthenticated":false}}}}',
         "user_identity.session_context.attributes.mfa_authenticated", "false", "same"),
        ('{"userIdentity":{"sessionContext":null,"new":null}}', "user_identity", UserIdentity(),
         '{"userIdentity":{"new":null}}'),
        ('{"userIdentity":"root"}', "user_identity", None, "same"),
        ('{"userIdentity":[]}', "user_identity", None, "same"),
        ('{"tlsDetails":5}', "tls_details", None, "same"),
        # maps
        ('{"userIdentity":{"sessionContext":{"webIdFederationData":{"attributes":{"a":"x","b":1,"c":[2],"d":null}}}}}',
         "user_identity.session_context.web_id_federation_data.attributes", {"a": "x", "b": "1", "d": None},
         '{"userIdentity":{"sessionContext":{"webIdFederationData":{"attributes":{"b":1,"c":[2]}}}}}'),
        ('{"userIdentity":{"sessionContext":{"webIdFederationData":{"attributes":"x"}}}}',
         "user_identity.session_context.web_id_federation_data.attributes", None, "same"),
        # arrays: the whole array is kept if an element does not fit
        ('{"resources":[{"ARN":"a"},{"ARN":"b","new":1}]}', "resources", [Resource(arn="a"), Resource(arn="b")],
         "same"),
        ('{"resources":[{"ARN":"a"},"b",null,{"accountId":123456789012}]}', "resources",
         [Resource(arn="a"), Resource(), Resource(), Resource(account_id="123456789012")], "same"),
        ('{"resources":[null]}', "resources", [Resource()], "same"),
        ('{"resources":{"ARN":"a"}}', "resources", None, "same"),
        ('{"resources":[],"zzz":{}}', "resources", [], '{"zzz":{}}'),
        # unknown fields
        ('{"eventName":"a","eventId":"x","EventName":"b"}', "event_name", "a", '{"eventId":"x","EventName":"b"}'),
        ('{"unmapped":"x","logFile":1,"event_name":2}', "event_name", None, "same"),
        ('{"new":9007199254740993.000000000000000000001}', "event_name", None, "same"),
        # names: the last of several counts, however it is written
        ('{"eventName":1,"eventName":"b"}', "event_name", "b", None),
        ('{"eventName":"a","eventName":2}', "event_name", "2", '{"eventName":2}'),
        ('{"\\u0065ventName":"a","userIdentity":{"a":1},"userIdentity":{"b":2}}', "event_name", "a",
         '{"userIdentity":{"b":2}}'),
        # lone surrogates, which neither UTF-8 nor Arrow can hold
        ('{"userAgent":"a\\ud83db"}', "user_agent", "a\ufffdb", "same"),
        ('{"userAgent":"\\ud83d\\ude00","new":1}', "user_agent", "\U0001f600", '{"new":1}'),
        ('{"new":{"\\ud83d":"\\ude00"},"eventName":"a"}', "event_name", "a", '{"new":{"\\ud83d":"\\ude00"}}'),
        ('{"\\ud83d":"x","eventName":"a"}', "event_name", "a", '{"\\ud83d":"x"}'),
        ('{"requestParameters":{"a":"\\ud83d"},"eventName":"a"}', "event_name", "a", None),
        ('{"userIdentity":{"sessionContext":{"webIdFederationData":{"attributes":{"\\ud83d":"x","b":"y"}}}}}',
         "user_identity.session_context.web_id_federation_data.attributes", {"b": "y"},
         '{"userIdentity":{"sessionContext":{"webIdFederationData":{"attributes":{"\\ud83d":"x"}}}}}'),
        ('{"resources":[{"ARN":"\\ud83d"}]}', "resources", [Resource(arn="\ufffd")], "same"),
    ],
)  # fmt: skip
def test_the_column_gets_what_makes_sense_and_unmapped_what_was_delivered(
    record: str, path: str, value: Any, kept: str | None
) -> None:
    event = fit(record)
    assert column(event, path) == value
    expected = record if kept == "same" else kept
    assert event.unmapped_json == (None if expected is None else expected.encode())


def test_numbers_inside_arrays_keep_their_digits() -> None:
    record = '{"insightDetails":{"insightContext":{"attributions":[{"insight":[{"average":%s}]}]}}}'
    exact, lossy = fit(record % "0.10"), fit(record % "0.10000000000000000001")
    (attribution,) = column(exact, "insight_details.insight_context.attributions")
    assert attribution.insight == [InsightValue(average=0.1)]
    assert exact.unmapped_json is None
    assert column(lossy, "insight_details.insight_context.attributions") == [attribution]
    assert lossy.unmapped_json == (record % "0.10000000000000000001").encode()


def test_free_form_fields_take_any_value_as_delivered() -> None:
    for text in ('{"a" : 1.0}', "null", '"text"', "[1]", "5.00", '{"\\ud83d":"\\ud83d"}'):
        event = fit(f'{{"new":1,"requestParameters":{text}}}')
        assert event.request_parameters_json == Raw(text.encode())
        assert event.unmapped_json == b'{"new":1}'


def test_white_space_between_tokens_does_not_matter() -> None:
    event = fit('{ "eventVersion" : 1.0 ,\n "userIdentity" : { "new" : [ 1 , 2 ] } }')
    assert event.event_version == "1.0"
    assert unmapped('{ "eventVersion" : 1.0 , "userIdentity" : { "new" : [ 1 , 2 ] } }') == {
        "eventVersion": "number 1.0",
        "userIdentity": {"new": [1, 2]},
    }


def test_unmapped_is_utf8_json_of_an_object() -> None:
    event = fit('{"näme":"wert 🧀","userIdentity":{"\\ud83d":1,"\\"quoted\\"":2}}')
    assert event.unmapped_json is not None
    assert json.loads(event.unmapped_json.decode()) == {
        "näme": "wert 🧀",
        "userIdentity": {"\ud83d": 1, '"quoted"': 2},
    }


def test_a_part_inside_a_part_that_fits_is_typed() -> None:
    event = fit('{"userIdentity":{"new":1,"sessionContext":{"sourceIdentity":"me","sessionIssuer":{}}}}')
    assert isinstance(column(event, "user_identity.session_context"), SessionContext)
    assert column(event, "user_identity.session_context.source_identity") == "me"


def test_every_field_of_the_model_can_take_a_value_of_any_type() -> None:
    values = ["{}", "[]", "[[]]", '{"a":{}}', '"text"', "1", "-1.5e-7", "true", "null", '["a"]', '[{"a":1}]']
    for field in msgspec.structs.fields(LooseEvent):
        for value in values:
            fit(f'{{"{field.encode_name}":{value}}}')
            fit(f'{{"userIdentity":{{"{field.encode_name}":{value}}}}}')
