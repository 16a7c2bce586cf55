"""What is wrong now, in one sentence each: told when it begins, now and then while it lasts, and when it is over."""

import logging

_log = logging.getLogger("ingester.health")

_TOLD_EVERY_SECONDS = 60.0


class Health:
    """Used by the loop's thread only. `degraded`: what is wrong, by what it concerns."""

    def __init__(self) -> None:
        self.degraded: dict[str, str] = {}
        self._told_at_seconds: dict[str, float] = {}

    def trouble(self, concern: str, sentence: str, now_seconds: float) -> None:
        """Something goes wrong and is tried again by itself."""
        told_at_seconds = self._told_at_seconds.get(concern)
        self.degraded[concern] = sentence
        if told_at_seconds is None or now_seconds - told_at_seconds >= _TOLD_EVERY_SECONDS:
            self._told_at_seconds[concern] = now_seconds
            _log.warning("degraded, %s: %s It is tried again until it works.", concern, sentence)

    def well(self, concern: str) -> None:
        """It works."""
        if self.degraded.pop(concern, None) is not None:
            del self._told_at_seconds[concern]
            _log.warning("recovered, %s: it works again.", concern)
