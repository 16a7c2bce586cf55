"""When a dead worker is started again, and when to give up. Pure: the time is an argument."""

from dataclasses import dataclass

BACKOFF_SECONDS_FIRST = 0.1
BACKOFF_SECONDS_MAX = 10.0
DEATHS_AT_START_MAX = 10
"""Deaths in a row, over all slots, of workers that did no job at all: starting again does not help."""


@dataclass(slots=True)
class Restarts:
    """Deaths in a row, told apart by whether the dead had done any work."""

    deaths: int = 0
    deaths_at_start: int = 0

    def died(self, now_seconds: float, *, had_worked: bool) -> float | None:
        """When to start a successor, on the same clock; None when it is time to give up."""
        if had_worked:
            self.deaths = self.deaths_at_start = 0
        else:
            self.deaths_at_start += 1
        self.deaths += 1
        if self.deaths_at_start > DEATHS_AT_START_MAX:
            return None
        if self.deaths == 1:
            return now_seconds
        return now_seconds + min(BACKOFF_SECONDS_MAX, BACKOFF_SECONDS_FIRST * 2 ** (self.deaths - 2))
