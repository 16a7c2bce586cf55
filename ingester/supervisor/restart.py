"""When a dead worker is started again, and when to give up. Pure: the time is an argument."""

from dataclasses import dataclass, field

BACKOFF_SECONDS_FIRST = 0.1
BACKOFF_SECONDS_MAX = 10.0
DEATHS_AT_START_MAX = 10
"""Deaths in a row, over all slots, of workers that did no job at all: starting again does not help."""


@dataclass(slots=True)
class Restarts:
    """A backoff for each slot, so that one that can't live does not spin while the others work; one breaker for all.

    Finished work, of any worker, resets the breaker; that of its own worker a slot's backoff.
    """

    deaths_at_start: int = 0
    _deaths_in_row: dict[int, int] = field(default_factory=dict)

    def worked(self) -> None:
        """Note that some worker has finished a job: workers can work here."""
        self.deaths_at_start = 0

    def died(self, slot: int, now_seconds: float, *, had_worked: bool) -> float | None:
        """When to start a successor in the slot, on the same clock; None when it is time to give up."""
        deaths = 1 if had_worked else self._deaths_in_row.get(slot, 0) + 1
        self._deaths_in_row[slot] = deaths
        if not had_worked:
            self.deaths_at_start += 1
        if self.deaths_at_start > DEATHS_AT_START_MAX:
            return None
        if deaths == 1:
            return now_seconds
        return now_seconds + min(BACKOFF_SECONDS_MAX, BACKOFF_SECONDS_FIRST * 2.0 ** min(deaths - 2, 10))
