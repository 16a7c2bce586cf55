"""Generated log files are what the demo, the tests and the benches take them for."""

import re
import statistics

import msgspec
import orjson
import pytest
from isal import igzip

from ingester.model.event import CloudTrailEvent
from ingester.model.log_file import LogFile
from scripts.demo_world.log_files import GeneratedLogFile, World, log_file, pack
from scripts.demo_world.stories import ATTACKER_IP, ROOT_IP

KEY = re.compile(
    r"AWSLogs/(\d{12})/(CloudTrail[A-Za-z-]*)/([a-z0-9-]+)/(\d{4})/(\d\d)/(\d\d)/"
    r"\1_\2_\3_\4\5\6T\d{4}Z_[A-Za-z0-9]{16}\.json\.gz"
)


@pytest.fixture(scope="module")
def two_days() -> list[GeneratedLogFile]:
    return list(World(seed=3).log_files(20_000))


def records_of(file: GeneratedLogFile) -> list[dict]:
    return orjson.loads(igzip.decompress(file.body))["Records"]


def test_a_world_has_as_many_events_as_were_asked_for(two_days: list[GeneratedLogFile]) -> None:
    assert sum(file.events for file in two_days) == 20_000
    assert [len(records_of(file)) for file in two_days] == [file.events for file in two_days]
    assert [sum(file.events for file in World().log_files(events)) for events in (0, 1, 137)] == [0, 1, 137]


def test_the_same_seed_gives_the_same_bytes() -> None:
    once, again, other = (list(World(seed=seed).log_files(3_000)) for seed in (1, 1, 2))
    assert once == again
    assert {one.body[4:8] for one in once} == {bytes(4)}, "gzip's header tells no time"
    assert once != other


def test_keys_follow_the_layout_and_name_every_account_region_and_day(two_days: list[GeneratedLogFile]) -> None:
    matches = [KEY.fullmatch(file.key) for file in two_days]
    assert all(matches)
    places = {match.group(1, 3, 6) for match in matches if match and match[2] == "CloudTrail"}
    assert len(places) == 20 * 5 * 2
    assert len({file.key for file in two_days}) == len(two_days)
    assert not any(LogFile("bucket", file.key).is_digest for file in two_days)


def test_most_log_files_are_tiny_and_some_are_large(two_days: list[GeneratedLogFile]) -> None:
    sizes = [file.events for file in two_days]
    assert 3 <= statistics.median(sizes) <= 7
    assert max(sizes) >= 2_000


def test_nearly_all_records_fit_the_model_and_a_few_have_unknown_fields(two_days: list[GeneratedLogFile]) -> None:
    decode = msgspec.json.Decoder(CloudTrailEvent).decode
    odd = 0
    types = set()
    for file in two_days:
        for record in records_of(file):
            try:
                event = decode(orjson.dumps(record))
                types.add(event.user_identity and event.user_identity.type)
            except msgspec.ValidationError as error:
                odd += 1
                assert "unknown field" in str(error)  # noqa: PT017
    assert 0 < odd < 200
    assert types >= {
        "Root",
        "IAMUser",
        "AssumedRole",
        "Role",
        "FederatedUser",
        "Directory",
        "AWSAccount",
        "AWSService",
    }
    assert types >= {"IdentityCenterUser", "SAMLUser", "WebIdentityUser", "Unknown", None}


def test_no_event_id_is_given_twice(two_days: list[GeneratedLogFile]) -> None:
    ids = [record.get("eventID", record.get("eventId")) for file in two_days for record in records_of(file)]
    assert len(set(ids)) == len(ids) == 20_000


def test_the_stories_are_there_to_be_found(two_days: list[GeneratedLogFile]) -> None:
    records = [record for file in two_days for record in records_of(file)]
    by_attacker = [record["eventName"] for record in records if record.get("sourceIPAddress") == ATTACKER_IP]
    assert {"CreateAccessKey", "StopLogging", "DeleteTrail"} <= set(by_attacker)
    logins = [
        record
        for record in records
        if record.get("sourceIPAddress") == ROOT_IP and record["eventName"] == "ConsoleLogin"
    ]
    assert {login["additionalEventData"]["MFAUsed"] for login in logins} == {"No"}


def test_a_single_log_file_has_the_size_asked_for_and_packing_keeps_the_bytes() -> None:
    assert len(records_of(log_file(500))) == 500
    assert igzip.decompress(pack([b'{"a":1}', '{"b":2}'])) == b'{"Records":[{"a":1},{"b":2}]}'
