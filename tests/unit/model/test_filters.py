"""Declarative filters: which events they keep."""

import msgspec
import pytest

from ingester.model.errors import ConfigurationError
from ingester.model.event import CloudTrailEvent
from ingester.model.filters import compile_filters

_EVENTS = msgspec.json.decode(
    b"""[
    {"eventID":"0","eventSource":"iam.amazonaws.com","eventName":"CreateUser","readOnly":false,"eventCategory":"Management",
     "userIdentity":{"type":"AssumedRole","sessionContext":{"sessionIssuer":{"userName":"deployer"}}}},
    {"eventID":"1","eventSource":"s3.amazonaws.com","eventName":"GetObject","readOnly":true,"eventCategory":"Data",
     "resources":[{"ARN":"arn:aws:s3:::logs"},{"ARN":"arn:aws:s3:::logs/x","type":"AWS::S3::Object"}]},
    {"eventID":"2","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","readOnly":true,"errorCode":"AccessDenied",
     "userIdentity":{"type":"AWSAccount","sessionContext":{}},"resources":[]},
    {"eventID":"3"}
    ]""",
    type=list[CloudTrailEvent],
)


def kept(include: list[str], exclude: list[str]) -> str:
    """The ids of the events that are kept."""
    keep = compile_filters(include, exclude)
    assert keep is not None
    return "".join(event.event_id or "" for event, is_kept in zip(_EVENTS, keep(_EVENTS), strict=True) if is_kept)


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (["eventSource=iam.amazonaws.com"], [], "0"),
        (["eventSource=*.amazonaws.com"], [], "012"),
        (["eventSource=iam*", "eventSource=s?.amazonaws.com"], [], "01"),
        (["eventSource=IAM.amazonaws.com"], [], ""),
        (["eventSource=iamXamazonaws.com"], [], ""),
        (["eventName=[AC]*"], [], "02"),
        (["eventSource=*", "readOnly=true"], [], "12"),
        (["readOnly=false"], [], "0"),
        ([], ["eventCategory=Data"], "023"),
        ([], ["eventCategory=Data", "eventName=CreateUser"], "23"),
        (["readOnly=true"], ["eventCategory=Data"], "2"),
        (["errorCode="], [], "013"),
        ([], ["errorCode="], "2"),
        (["userIdentity.sessionContext.sessionIssuer.userName=deploy*"], [], "0"),
        ([], ["userIdentity.sessionContext.sessionIssuer.userName="], "0"),
        (["resources.ARN=arn:aws:s3:::logs"], [], "1"),
        (["resources.type=AWS::S3::*"], [], "1"),
        ([], ["resources.ARN=*logs/x"], "023"),
        (["resources.ARN="], [], "023"),
    ],
)
def test_filters_keep_what_they_say(include: list[str], exclude: list[str], expected: str) -> None:
    assert kept(include, exclude) == expected


def test_no_filters_filter_nothing() -> None:
    assert compile_filters([], []) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("eventSource", "is no filter"),
        ("=x", "is no filter"),
        ("eventsource=x", "Do you mean eventSource"),
        ("userIdentity=x", "Do you mean userIdentity.arn"),
        ("requestParameters=x", "no string or boolean field"),
        ("insightDetails.insightContext.statistics.insightDuration=1", "no string or boolean field"),
    ],
)
def test_a_filter_that_is_none_is_told_with_what_may_be_meant(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        compile_filters([text], [])


def test_a_field_of_endless_values_takes_bounded_memory() -> None:
    keep = compile_filters(["eventID=*7"], [])
    assert keep is not None
    events = [CloudTrailEvent(event_id=str(number)) for number in range(25_000)]
    assert sum(keep(events)) == 2_500
