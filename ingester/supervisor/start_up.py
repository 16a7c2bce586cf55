"""What a run asks of SQS and S3 before it begins, asked again while they are away: as it will be later, and for as
long. What somebody must mend (a name, credentials, a permission) ends the start at once."""

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ingester.model.errors import IngesterError
from ingester.supervisor.health import Health
from ingester.supervisor.obstacles import OUTAGE_SECONDS_MAX
from ingester.supervisor.outage import retry_seconds

_random = random.SystemRandom()
_CONCERN = "start"

T = TypeVar("T")


class StopRequested(BaseException):
    """The end of the run was asked for before it began. Says by what, where that is known.

    No Exception: a signal may raise it in the midst of a call, and boto3 would make an error of its own of one.
    """


class Patience:
    """Does things that may fail for a while. A service `waits_for_ever`; `stopping` ends the waiting at once.

    One for a whole start: for a run that does not, time counts from the first failure until the start is through.
    """

    def __init__(
        self, *, waits_for_ever: bool, stopping: threading.Event, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._waits_for_ever = waits_for_ever
        self._stopping = stopping
        self._clock = clock
        self._health = Health()
        self._since_seconds: float | None = None

    def __call__(self, action: Callable[[], T]) -> T:
        """What `action` gives, once it does.

        Raises its error if waiting does not help, or takes too long; StopRequested if the waiting was ended.
        """
        failures = 0
        while True:
            try:
                answer = action()
            except IngesterError as error:
                if not error.passing:
                    raise
                failures += 1
                self._wait(error, failures)
            else:
                self._health.well(_CONCERN)
                return answer

    def _wait(self, error: IngesterError, failures: int) -> None:
        if self._stopping.is_set():
            raise StopRequested from error
        now_seconds = self._clock()
        if self._since_seconds is None:
            self._since_seconds = now_seconds
        waited_seconds = now_seconds - self._since_seconds
        if not self._waits_for_ever and waited_seconds >= OUTAGE_SECONDS_MAX:
            raise IngesterError(
                f"The run could not begin for {waited_seconds / 60:.0f} minutes. {error}",
                hint="Nothing is lost: run it again when that is mended.",
            ) from error
        self._health.trouble(_CONCERN, str(error), now_seconds)
        if self._stopping.wait(retry_seconds(failures, _random.random)):
            raise StopRequested from error
