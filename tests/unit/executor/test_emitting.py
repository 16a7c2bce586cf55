"""Which events a function is given, in which lists, and what they know of themselves."""

import gzip
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingester import CloudTrailEvent, UserIdentity
from tests.support.library import Taken, record, records

Run = Callable[..., Taken]
Write = Callable[[str, Any], Path]


@pytest.mark.parametrize(
    ("count", "most", "sizes"), [(5, 2, [2, 2, 1]), (4, 4, [4]), (3, 1, [1, 1, 1]), (3, 512, [3])]
)
def test_a_function_gets_one_to_the_most_events_at_once_in_order(
    run: Run, write: Write, count: int, most: int, sizes: list[int]
) -> None:
    write("a", records(count))
    taken = run(max_events_per_emit=most)

    assert [len(call) for call in taken.calls] == sizes
    assert taken.names == [f"Event{number}" for number in range(count)]


def test_lists_are_filled_across_the_slices_that_are_decoded_together(run: Run, write: Write) -> None:
    write("a", records(25))
    taken = run(max_events_per_emit=10, batch_rows=4)

    assert [len(call) for call in taken.calls] == [10, 10, 5]
    assert taken.names == [f"Event{number}" for number in range(25)]


def test_large_events_do_not_wait_until_there_are_many_of_them(run: Run, write: Write) -> None:
    write("a", [{**record(number), "requestParameters": {"text": "x" * 1_500_000}} for number in range(7)])
    taken = run(max_events_per_emit=512)

    assert max(len(call) for call in taken.calls) <= 4  # 6 MB, as much as was decoded at once
    assert taken.names == [f"Event{number}" for number in range(7)]


def test_a_list_never_spans_two_log_files_and_is_never_empty(run: Run, write: Write) -> None:
    for name in "abc":
        write(name, records(3))
    write("empty", [])
    taken = run(max_events_per_emit=2)

    assert sorted(len(call) for call in taken.calls) == [1, 1, 1, 2, 2, 2]
    assert all(len({event.log_file.key for event in call}) == 1 for call in taken.calls)


def test_an_event_knows_its_log_file(run: Run, write: Write) -> None:
    path = write("a b", records(1))
    (event,) = run().events

    assert event.log_file.key == str(path)
    assert event.log_file.bucket == ""
    assert event.log_file.uri == f"file://{path}".replace(" ", "%20")


TEXT = (
    '\n {"other": {"Records": [1]}, "Records" :\t[ {"eventName":"first"} ,\r\n'
    '{"eventName":"käse","new":1},{"eventName":"first"},\n 7, "x"] }'
)


@pytest.mark.parametrize("text", [TEXT, TEXT.replace('"other": {"Records": [1]}, ', "")])
@pytest.mark.parametrize("batch_rows", [1, 2, 512])
def test_byte_offsets_point_to_the_exact_bytes_of_each_record(
    run: Run, write: Write, text: str, batch_rows: int
) -> None:
    path = write("a", text)
    content = gzip.decompress(path.read_bytes())
    events = run(raw_event_info=True, batch_rows=batch_rows).events

    assert [event.event_name for event in events] == ["first", "käse", "first"]
    assert [event.raw for event in events] == [content[event.byte_start : event.byte_end] for event in events]
    assert [event.raw for event in events] == [
        b'{"eventName":"first"}', '{"eventName":"käse","new":1}'.encode(), b'{"eventName":"first"}',
    ]  # fmt: skip
    assert len({event.byte_start for event in events}) == 3


def test_without_raw_event_info_there_are_no_offsets(run: Run, write: Write) -> None:
    write("a", records(1))
    (event,) = run().events

    assert event.byte_start is None
    assert event.byte_end is None


def test_an_event_gives_its_record_back_without_loss(run: Run, write: Write) -> None:
    text = (
        '{"eventVersion":1.10,"errorCode":null,"userIdentity":{"type":"Root","new":{"deep":[1.50,12345678901234567890]}},'
        '"requestParameters":{"a":0.1000000000000000055511151231257827},"userAgent":"\\ud83d","brandNew":true}'
    )
    write("a", f'{{"Records":[{text}]}}')
    (event,) = run().events

    assert event.to_json() == text
    assert json.dumps(event.to_dict(), default=str) == json.dumps(
        json.loads(text) | {"requestParameters": {"a": "0.1000000000000000055511151231257827"}}
    )


def test_unknown_fields_are_readable_by_name_at_every_level(run: Run, write: Write) -> None:
    write("a", [record(0, brandNew={"x": 1}, userIdentity={"type": "Root", "shoeSize": "44"})])
    (event,) = run().events

    assert event.unmapped == {"brandNew": {"x": 1}, "userIdentity": {"shoeSize": "44"}}
    assert event.user_identity == UserIdentity(type="Root")


def test_events_are_kept_by_filters_on_fields(run: Run, write: Write) -> None:
    write("a", records(5))
    taken = run(include=("eventName=Event[1-3]",), exclude=("eventID=*2",))

    assert taken.names == ["Event1", "Event3"]


def test_an_event_filter_sees_only_what_the_other_filters_leave_and_what_it_drops_is_counted(
    run: Run, write: Write, source: Path
) -> None:
    seen = []

    def event_filter(event: CloudTrailEvent) -> bool:
        seen.append(event.event_name)
        return event.event_name != "Event3"

    write("a", records(5))
    taken = run({"event_filter": event_filter}, exclude=("eventName=Event0",))

    assert seen == ["Event1", "Event2", "Event3", "Event4"]
    assert taken.names == ["Event1", "Event2", "Event4"]


def test_a_kept_event_can_let_go_of_its_log_file(run: Run, write: Write) -> None:
    write("a", [record(0, requestParameters={"a": 1})])
    (event,) = run().events
    alone = event.detached()

    assert alone == event
    assert alone.request_parameters == {"a": 1}
    assert (alone.raw, alone.log_file) == (event.raw, event.log_file)


def test_an_event_can_travel_alone(run: Run, write: Write) -> None:
    """To another process: with its log file, its record and its offsets, and without its neighbours."""
    write("a", [record(number, requestParameters={"a": "x" * 100}, new=1) for number in range(50)])
    for raw_event_info in (False, True):
        event = run(raw_event_info=raw_event_info).events[7]
        sent = pickle.dumps(event)
        again = pickle.loads(sent)

        assert again == event
        assert (again.raw, again.log_file, again.unmapped) == (event.raw, event.log_file, {"new": 1})
        assert (again.byte_start, again.byte_end) == (event.byte_start, event.byte_end)
        assert len(sent) < 2_000
