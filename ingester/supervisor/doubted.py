"""Messages that are not believed, where `--verify-sns` asks for SNS's signature.

One that is not SNS's is never acted on and never deleted: the queue's redrive policy has it. One whose certificate
can't be had now says nothing bad: it waits here, hidden from others, and is asked about again.
"""

import logging
import random

from ingester.model.errors import CertificateUnavailableError, Doubt, UnverifiedMessageError
from ingester.model.hooks import ErrorContext
from ingester.model.message import Message
from ingester.model.progress import ProgressState
from ingester.model.source import Source
from ingester.supervisor.counts import Counts
from ingester.supervisor.health import Health
from ingester.supervisor.hooks import HookThread
from ingester.supervisor.in_flight import InFlight, Ticket
from ingester.supervisor.outage import retry_seconds

_log = logging.getLogger("ingester.queue")

PATIENCE_SECONDS = 600.0
"""How long a message waits for its certificate before it is given back, which counts as a receive of its own: one
that names a certificate which nobody has must not stay for ever."""

_CONCERN = "SNS certificates"
_random = random.SystemRandom()


class Doubted:
    """Used by the loop's thread only."""

    def __init__(self, in_flight: InFlight, counts: Counts, hooks: HookThread) -> None:
        self._in_flight = in_flight
        self._counts = counts
        self._hooks = hooks
        self._health = Health()
        self._waiting: dict[str, tuple[Ticket, float]] = {}
        self._rounds = 0
        self._ask_at_seconds = 0.0
        self._is_asking = False

    @property
    def waiting(self) -> int:
        """Messages that wait for a certificate."""
        return len(self._waiting)

    def doubt(self, ticket: Ticket, message: Message, error: Doubt, now_seconds: float) -> list[Ticket]:
        """Take a message that is not believed; the tickets that are settled by it, perhaps later."""
        if isinstance(error, UnverifiedMessageError):
            return self._refuse(ticket, message, error)
        _, since_seconds = self._waiting.setdefault(message.message_id, (ticket, now_seconds))
        if now_seconds - since_seconds >= PATIENCE_SECONDS:
            del self._waiting[message.message_id]
            return self._refuse(ticket, message, error)
        self._health.trouble(_CONCERN, str(error), now_seconds)
        if not self._ask_at_seconds:
            self._rounds += 1
            self._ask_at_seconds = now_seconds + retry_seconds(self._rounds, _random.random)
        return []

    def take_due(self, now_seconds: float) -> list[Message]:
        """The messages to ask about again now, each to be `answered`; none while an answer is awaited."""
        if self._is_asking or not self._waiting or now_seconds < self._ask_at_seconds:
            return []
        self._is_asking, self._ask_at_seconds = True, 0.0
        return [ticket.message for ticket, _ in self._waiting.values() if ticket.message is not None]

    def answered(self, message: Message, error: Doubt | None) -> Ticket | None:
        """A message was asked about again; its ticket, if it still waits. It waits no longer unless the certificate
        can't be had: then it is for `doubt` again."""
        self._is_asking = False
        if isinstance(error, CertificateUnavailableError):
            waiting = self._waiting.get(message.message_id)
        else:
            waiting = self._waiting.pop(message.message_id, None)
            self._rounds = 0
            self._health.well(_CONCERN)
        return waiting[0] if waiting else None

    def drop(self) -> list[Ticket]:
        """Wait for certificates no longer, at a drain; the tickets that are settled by it."""
        tickets = [ticket for ticket, _ in self._waiting.values()]
        self._waiting.clear()
        for ticket in tickets:
            ticket.failed = True
        return tickets

    def _refuse(self, ticket: Ticket, message: Message, error: Doubt) -> list[Ticket]:
        self._counts.messages += 1
        self._counts.notifications["unverified"] += 1
        source = Source((), None, message.queue_url, message.message_id, message.receive_count, message.body)

        def then(_: object) -> list[Ticket]:
            """Whatever a handler decides: what is not SNS's may delete nothing."""
            if self._in_flight.tickets.get(message.message_id) is not ticket:
                return []
            _log.warning("message %s stays in the queue, not believed: %s", message.message_id, error)
            ticket.failed = True
            return [ticket]

        return self._hooks.ask(error, ErrorContext(ProgressState.PARSE_MESSAGE, source), then)
