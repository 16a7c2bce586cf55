"""What makes CPL drop a whole log file, rebuilt: here one odd record costs none of its siblings, nor itself.

CPL 2.0.1 parses with one pass over a log file: an exception in a record ends the file, and the loop ends at the
first value in `Records` that is no object.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from ingester import (
    BadRecordError,
    CloudTrailEvent,
    Decision,
    ErrorContext,
    IngesterError,
    ProcessingExecutor,
    ProgressState,
    Settings,
)
from tests.support.library import Taken, record, records

Run = Callable[..., Taken]
Write = Callable[[str, Any], Path]


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"userIdentity": {"type": "AssumedRole", "sessionContext": None}}, id="null sessionContext"),
        pytest.param({"eventVersion": 1.10}, id="numeric eventVersion"),
        pytest.param({"eventName": {"a": "b"}}, id="an object where a string is expected"),
        pytest.param({"userIdentity": "root"}, id="a string where an object is expected"),
        pytest.param({"eventTime": "2024-03-13T08:33:30.123456Z"}, id="fractional seconds"),
        pytest.param({"eventTime": "yesterday"}, id="a time that is none"),
        pytest.param({"eventID": "not a UUID"}, id="an id that is no UUID"),
        pytest.param({"brandNew": {"a": [1, {"b": None}]}}, id="an unknown object at the top"),
        pytest.param({"userIdentity": {"brandNew": [1]}}, id="an unknown field in userIdentity"),
        pytest.param(
            {"userIdentity": {"sessionContext": {"sessionIssuer": {"new": {}}}}}, id="an unknown field deeper"
        ),
        pytest.param({"resources": [{"ARN": "a", "new": [[]]}]}, id="an unknown field in a resource"),
        pytest.param({"resources": {"ARN": "a"}}, id="an object where a list is expected"),
        pytest.param({"tlsDetails": {"new": {"deep": 1}}}, id="an unknown field in tlsDetails"),
        pytest.param({"readOnly": "true"}, id="a boolean as text"),
        pytest.param({"insightDetails": {"insightContext": {"new": [1]}}}, id="an unknown field in insightDetails"),
    ],
)
def test_an_odd_record_and_its_siblings_arrive_whole(run: Run, write: Write, odd: dict[str, Any]) -> None:
    some = [record(0), record(1, **odd), record(2)]
    write("a", some)
    events = run().events

    assert [event.to_dict() for event in events] == some
    assert [events[0].event_name, events[2].event_name] == ["Event0", "Event2"]


def test_fractional_seconds_are_a_time(run: Run, write: Write) -> None:
    write("a", [record(0, eventTime="2024-03-13T08:33:30.25Z"), record(1)])
    odd, plain = run().events

    assert odd.event_time is not None
    assert plain.event_time is not None
    assert (odd.event_time - plain.event_time).total_seconds() == 0.25


def test_records_need_not_be_the_first_key(run: Run, write: Write) -> None:
    write("a", json.dumps({"version": 1, "nested": {"Records": [{}]}, "Records": records(2), "after": []}))
    assert run().names == ["Event0", "Event1"]


@pytest.mark.parametrize("scalar", [7, "text", None, True, [1]])
def test_a_value_that_is_no_record_is_told_with_its_bytes_and_the_others_arrive(
    write: Write, source: Path, scalar: Any
) -> None:
    path = write("a", [record(0), scalar, record(2)])
    taken = Taken()
    told: list[tuple[IngesterError, ErrorContext]] = []

    def handler(error: IngesterError, context: ErrorContext) -> Decision | None:
        told.append((error, context))
        return None

    with ProcessingExecutor(taken, Settings(source=str(source)), exception_handler=handler) as executor:
        executor.wait()

    assert taken.names == ["Event0", "Event2"]
    ((error, context),) = told
    assert isinstance(error, BadRecordError)
    assert error.raw_bytes == json.dumps(scalar).encode()
    assert context.state is ProgressState.PROCESS_LOG
    assert context.record_index == 1
    assert context.log_file is not None
    assert context.log_file.key == str(path)
    assert executor.counts.quarantined_records == 1


def test_with_a_state_directory_such_a_record_lies_in_the_quarantine_with_its_bytes(
    run: Run, write: Write, tmp_path: Path
) -> None:
    path = write("a", [record(0), 7])
    run(state_dir=str(tmp_path / "state"))

    (file,) = (tmp_path / "state/_ingester/quarantine/records").iterdir()
    line = json.loads(file.read_text())
    assert (line["uri"], line["record_index"], line["raw"]) == (f"file://{path}", 1, "7")


@pytest.mark.parametrize(
    "kind", ["CloudTrail", "CloudTrail-Insight", "CloudTrail-NetworkActivity", "CloudTrail-Aggregated"]
)
def test_records_of_every_kind_are_read_by_default(run: Run, write: Write, kind: str) -> None:
    shapes = {
        "CloudTrail-Insight": {"insightDetails": {"state": "Start", "insightContext": {"statistics": {}}}},
        "CloudTrail-NetworkActivity": {"vpcEndpointId": "vpce-1", "eventCategory": "NetworkActivity"},
        "CloudTrail-Aggregated": {"accountId": "123456789012", "eventId": "x", "summary": {"primaryDimension": {}}},
    }
    some = [{"eventVersion": "1.0", **shapes.get(kind, {})}]
    write(f"AWSLogs/123456789012/{kind}/eu-west-1/2024/03/13/123456789012_{kind}_eu-west-1_20240313T0835Z_x", some)
    (event,) = run().events

    assert event.to_dict() == some[0]
    assert event.account_id == ("123456789012" if kind == "CloudTrail-Aggregated" else None)


def test_a_log_file_that_can_not_be_read_costs_only_itself(write: Write, source: Path) -> None:
    write("good", records(2))
    bad = write("bad", "{")
    taken = Taken()
    with ProcessingExecutor(taken, Settings(source=str(source), max_attempts=2)) as executor:
        executor.wait()

    assert taken.names == ["Event0", "Event1"]
    assert [entry.uri for entry in executor.counts.quarantined] == [f"file://{bad}"]


def _objects(part: type[msgspec.Struct], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where the model has an object in an object, by CloudTrail's own names."""
    for one in msgspec.structs.fields(part):
        for option in get_args(one.type):
            if isinstance(option, type) and issubclass(option, msgspec.Struct):
                yield (*path, one.encode_name)
                yield from _objects(option, (*path, one.encode_name))


@pytest.mark.parametrize("path", [*_objects(CloudTrailEvent)], ids=".".join)
@pytest.mark.parametrize("value", [None, "text", 7, {}], ids=["null", "text", "number", "empty"])
def test_no_object_of_a_record_need_be_one(run: Run, write: Write, path: tuple[str, ...], value: Any) -> None:
    """CPL ends the log file at `onBehalfOf: null`, as at every object but a few that is null or something else."""
    odd: Any = value
    for name in reversed(path):
        odd = {name: odd}
    some = [record(0), record(1, **odd), record(2)]
    write("a", some)
    taken = run()

    assert [event.to_dict() for event in taken.events] == some
    assert taken.names == ["Event0", "Event1", "Event2"]
