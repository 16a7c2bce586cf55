"""The oracle of every row: what must be true at the end of a run, whatever happened in it."""

from collections import Counter
from collections.abc import Iterable

from scripts.demo_world.log_files import GeneratedLogFile
from tests.support.cli import Ended
from tests.support.lake import Lake
from tests.support.moto import Place, Queue
from tests.support.trail import expected_records


def assert_oracle(
    lake: Lake,
    place: Place,
    log_files: Iterable[GeneratedLogFile],
    queue: Queue,
    *,
    ended: Ended | None = None,
    dead_letters: Iterable[str] = (),
) -> None:
    """Every record of the log files is in the lake once and nothing else is, the queue is empty, the dead-letter
    queue holds exactly the messages named, nothing staged is left, and the run ended well without a traceback."""
    if ended is not None:
        assert ended.exit_code == 0, ended.stderr
        assert "Traceback" not in ended.stderr, ended.stderr
    expected = Counter(expected_records(place.bucket, log_files).keys())
    found = lake.places()
    assert found == expected, f"missing {_few(expected - found)}, too many {_few(found - expected)}"
    assert queue.is_empty(), queue.counts()
    if queue.dead_letter_url is not None:
        assert sorted(queue.dead_letters()) == sorted(dead_letters)
    assert lake.leftovers() == []


def _few(places: Counter[tuple[str, int]]) -> str:
    return f"{places.total()}: {list(places)[:3]}"
