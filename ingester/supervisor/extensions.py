"""Which messages' visibility must be extended now. Pure: the time is an argument.

A message in hand is extended from its receipt until it is deleted, at a third of its visibility timeout, so
that two extensions may fail before it becomes visible to others.
"""

import heapq
from itertools import count

from ingester.supervisor.in_flight import Ticket


class Extensions:
    """Tickets in the order in which they are due, whatever the order in which they reach the loop. Those of one
    receive call stay together."""

    def __init__(self, visibility_timeout_seconds: float) -> None:
        self._every_seconds = visibility_timeout_seconds / 3
        self._due: list[tuple[float, int, list[Ticket]]] = []
        self._number = count()

    def add(self, tickets: list[Ticket], extended_at_seconds: float) -> None:
        """Note that the messages of these tickets were received or extended at this time."""
        heapq.heappush(self._due, (extended_at_seconds + self._every_seconds, next(self._number), tickets))

    def take_due(self, now_seconds: float, in_hand: dict[str, Ticket]) -> list[Ticket]:
        """The tickets that are still in hand and due; they are noted as extended now."""
        due: list[Ticket] = []
        while self._due and self._due[0][0] <= now_seconds:
            *_, tickets = heapq.heappop(self._due)
            due += [t for t in tickets if t.message is not None and in_hand.get(t.message.message_id) is t]
        if due:
            self.add(due, now_seconds)
        return due
