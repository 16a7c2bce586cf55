"""Log files of a listing, taken in by a thread of its own."""

import queue
import threading
from collections.abc import Iterator

import pytest

from ingester.model.errors import ConfigurationError
from ingester.model.log_file import LogFile
from ingester.supervisor.intake import Listed, ListingEnded, ListingIntake
from tests.unit.supervisor.given import log_file


class Listing:
    """Lists as many log files as it is asked for, then ends or raises. `reached`: how many it gave so far."""

    def __init__(self, log_files: int, error: Exception | None = None) -> None:
        self.skipped, self.digests_skipped = 7, 3
        self.reached = 0
        self._log_files = log_files
        self._error = error

    def __iter__(self) -> Iterator[LogFile]:
        for number in range(self._log_files):
            self.reached += 1
            yield log_file(number)
        if self._error:
            raise self._error


def posted_until_end(posted: "queue.Queue[object]") -> tuple[list[LogFile], ListingEnded]:
    found: list[LogFile] = []
    while not isinstance(item := posted.get(timeout=10), ListingEnded):
        assert isinstance(item, Listed)
        found += item.log_files
    return found, item


@pytest.mark.parametrize("number", [0, 1, 199, 200, 201, 1000])
def test_every_log_file_is_posted_once_and_then_the_end(number: int) -> None:
    posted: queue.Queue[object] = queue.Queue()
    ListingIntake(Listing(number), posted.put).start()

    found, ended = posted_until_end(posted)

    assert found == list(map(log_file, range(number)))
    assert (ended.skipped, ended.digests_skipped, ended.error) == (4, 3, None)


@pytest.mark.parametrize(
    "error", [ConfigurationError("No such bucket."), PermissionError("denied"), ValueError("bug")]
)
def test_a_listing_that_fails_in_the_middle_is_told_and_not_taken_for_complete(error: Exception) -> None:
    posted: queue.Queue[object] = queue.Queue()
    ListingIntake(Listing(300, error), posted.put).start()

    found, ended = posted_until_end(posted)

    assert len(found) <= 300
    assert ended.error is error


def test_a_paused_listing_goes_on_where_it_was() -> None:
    posted: queue.Queue[object] = queue.Queue()
    listing = Listing(1000)
    intake = ListingIntake(listing, posted.put)
    intake.pause()
    intake.start()

    first = posted.get(timeout=10)
    assert isinstance(first, Listed)
    assert listing.reached == len(first.log_files) < 1000
    assert posted.empty()
    intake.resume()
    rest, _ = posted_until_end(posted)

    assert [*first.log_files, *rest] == list(map(log_file, range(1000)))


@pytest.mark.parametrize("is_paused", [True, False])
def test_a_stopped_listing_posts_nothing_more_and_its_thread_ends(is_paused: bool) -> None:
    posted: queue.Queue[object] = queue.Queue()
    intake: ListingIntake

    def post(item: object) -> None:
        posted.put(item)
        if not is_paused:
            intake.stop()

    intake = ListingIntake(Listing(1000), post)
    if is_paused:
        intake.pause()
    intake.start()
    assert isinstance(posted.get(timeout=10), Listed)
    intake.stop()
    for thread in threading.enumerate():
        if thread.name == "listing":
            thread.join(timeout=10)
            assert not thread.is_alive()

    assert posted.empty()
