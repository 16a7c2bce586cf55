"""What keeps a run from going on: the output, the ledger, a queue or the log files' S3 is away, and is tried again.

A service waits for however long it takes. A run that ends with its source (`--until-empty`, a backfill) does not wait
without end: it gives up when nothing has come through for OUTAGE_SECONDS_MAX, and gives its messages back.
"""

import logging

from ingester.model.errors import IngesterError
from ingester.supervisor.flow import Flow

_log = logging.getLogger("ingester.supervisor")

OUTAGE_SECONDS_MAX = 900.0
OUTPUT = "output"
LEDGER = "ledger"
LOG_FILES = "log files"
DELETES = "deletes"
DEPTHS = "depths"

_TROUBLE = {
    OUTPUT: "the output can't be written",
    LEDGER: "the ledger can't be read",
    LOG_FILES: "log files can't be fetched",
    DELETES: "messages can't be deleted",
    DEPTHS: "the queues do not say whether they are empty",
}
_PAUSING = (OUTPUT, LEDGER)


class Obstacles:
    """Used by the loop's thread only. Whoever tries again tells of each failure, so that an obstacle of which nothing
    more is heard is none."""

    def __init__(self, flow: Flow, *, waits_for_ever: bool) -> None:
        self._flow = flow
        self._waits_for_ever = waits_for_ever
        self._since_seconds: dict[str, float] = {}
        self.gave_up: IngesterError | None = None
        """Why the run should end: it has waited for long enough."""

    def tried(self, what: str, reason: str, now_seconds: float) -> None:
        """Something was tried: it works, or it could not be done for this reason."""
        if reason:
            self.met(what, reason, now_seconds)
        else:
            self.over(what)

    def met(self, what: str, reason: str, now_seconds: float) -> None:
        """Something could not be done and will be tried again. `what`: one of the names above, or a queue's URL."""
        since_seconds = self._since_seconds.setdefault(what, now_seconds)
        if what in _PAUSING and self._flow.hold(what):
            _log.error("%s, receiving pauses: %s", _TROUBLE[what], reason)
        waited_seconds = now_seconds - since_seconds
        if self.gave_up is None and not self._waits_for_ever and waited_seconds >= OUTAGE_SECONDS_MAX:
            self.gave_up = IngesterError(
                f"Nothing has come through for {waited_seconds / 60:.0f} minutes; "
                f"{_TROUBLE.get(what, f'{what} gives no messages')}: {reason}",
                hint="What is committed stays and nothing is lost: run it again when that is mended.",
            )

    def over(self, what: str) -> None:
        """It works."""
        self._since_seconds.pop(what, None)
        self._flow.go_on(what)

    def went_on(self) -> None:
        """A commit is published: whatever is in the way, it is not in everybody's."""
        self._since_seconds.clear()
