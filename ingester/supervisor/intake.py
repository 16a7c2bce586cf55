"""Where log files come from: a queue or a listing. The loop treats both alike."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ingester.model.log_file import LogFile

_LISTED_TOGETHER_MAX = 200


class Intake(Protocol):
    """A source of log files. Threads of its own post what they find; these calls come from the loop's thread."""

    def start(self) -> None:
        """Begin to take in."""

    def pause(self) -> None:
        """Take nothing more in until `resume`: enough waits already, or the output can't be written."""

    def resume(self) -> None:
        """Go on after `pause`."""

    def stop(self) -> None:
        """Take nothing more in, for good."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Log files that a listing found."""

    log_files: list[LogFile]


@dataclass(frozen=True, slots=True)
class ListingEnded:
    """The listing is complete, or ended with an error, which ends the run: what was not listed is not forgotten."""

    skipped: int
    digests_skipped: int
    error: Exception | None = None


class ListingIntake:
    """Log files that already lie in a directory or under an S3 prefix, listed in a thread.

    Memory stays flat however many there are: the listing waits while the loop has enough.
    """

    def __init__(self, listing: "Listing", post: Callable[[object], None]) -> None:
        self._listing = listing
        self._post = post
        self._going = threading.Event()
        self._going.set()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="listing", daemon=True)

    def start(self) -> None:
        """Begin to list."""
        self._thread.start()

    def pause(self) -> None:
        """List nothing more until `resume`."""
        self._going.clear()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._going.set()

    def stop(self) -> None:
        """List nothing more, for good."""
        self._stopped = True
        self._going.set()

    def _run(self) -> None:
        try:
            together: list[LogFile] = []
            for log_file in self._listing:
                if self._stopped:
                    return
                together.append(log_file)
                if len(together) >= _LISTED_TOGETHER_MAX:
                    self._post(Listed(together))
                    together = []
                    self._going.wait()
            self._post(Listed(together))
            self._post(self._ended(None))
        except Exception as error:
            self._post(self._ended(error))

    def _ended(self, error: Exception | None) -> ListingEnded:
        digests = self._listing.digests_skipped
        return ListingEnded(self._listing.skipped - digests, digests, error)


class Listing(Protocol):
    """What `ingester.fetch.listing` gives: log files one by one, and how many others it passed over, digests among
    them."""

    skipped: int
    digests_skipped: int

    def __iter__(self) -> Iterator[LogFile]:
        """The log files, in order."""
