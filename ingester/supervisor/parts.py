"""The parts of a run, and how they are joined. What happens, in `from_workers`, `from_threads` and `from_queues`,
means something to several of them at once."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingester.ledger.base import Ledger
from ingester.model.errors import IngesterError
from ingester.model.hooks import ErrorContext
from ingester.model.settings import Settings
from ingester.supervisor.acknowledge import Acknowledger
from ingester.supervisor.arrivals import Arrivals
from ingester.supervisor.commit import Committer
from ingester.supervisor.commits import Commits
from ingester.supervisor.counts import Counts
from ingester.supervisor.dispatch import Dispatch
from ingester.supervisor.ending import LEAVE_SECONDS, Ending
from ingester.supervisor.failures import Failures
from ingester.supervisor.flow import Flow
from ingester.supervisor.health import Health
from ingester.supervisor.hooks import HookThread
from ingester.supervisor.in_flight import InFlight, Ticket
from ingester.supervisor.intake import Intake
from ingester.supervisor.obstacles import Obstacles
from ingester.supervisor.oversight import Oversight
from ingester.supervisor.pool import WorkerPool
from ingester.supervisor.source_end import SourceEnd
from ingester.supervisor.telling import Telling

if TYPE_CHECKING:
    from ingester.supervisor.queues import Queues


@dataclass(frozen=True, slots=True)
class Parts:
    """Each has one thing to know or to decide. Used by the loop's thread only; `acknowledger` and `queues` are None
    for a backfill."""

    settings: Settings
    counts: Counts
    hooks: HookThread
    committer: Committer
    queues: "Queues | None"
    pool: WorkerPool
    oversight: Oversight
    in_flight: InFlight
    dispatch: Dispatch
    telling: Telling
    acknowledger: Acknowledger | None
    arrivals: Arrivals
    commits: Commits
    failures: Failures
    health: Health
    flow: Flow
    obstacles: Obstacles
    source_end: SourceEnd
    ending: Ending

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in hand, anywhere."""
        return (
            self.in_flight.is_empty
            and self.commits.is_idle
            and not self.failures.quarantining
            and self.arrivals.is_idle
            and (self.acknowledger is None or self.acknowledger.is_idle)
        )

    def settle(self, tickets: list[Ticket]) -> None:
        """Nothing more is to be done for these: tell of it, and let their messages be deleted or given back."""
        self.telling.sources_end(tickets)
        if self.acknowledger is not None and tickets:
            self.acknowledger.settle(tickets, time.monotonic(), draining=self.ending.is_draining)

    def ask(self, error: IngesterError, context: ErrorContext) -> None:
        """Tell the exception handler of what goes on anyway, unless it says stop."""
        self.hooks.ask(error, context, lambda _: [])


def join_parts(
    settings: Settings,
    ledger: Ledger,
    committer: Committer,
    intake: Intake,
    queues: "Queues | None",
    counts: Counts,
    hooks: HookThread,
    pool: WorkerPool,
    *,
    is_slow: bool,
) -> Parts:
    """The parts of one run. `is_slow` as in `Supervisor`."""
    in_flight = InFlight()
    telling = Telling(hooks, in_flight)
    acknowledger = Acknowledger(queues, in_flight, counts, settings, telling) if queues else None
    flow = Flow(intake)

    def max_attempts(ticket: Ticket) -> int:
        if acknowledger is None or ticket.message is None:
            return settings.max_attempts
        return acknowledger.attempts_max(ticket.message.queue_url)

    return Parts(
        settings=settings,
        counts=counts,
        hooks=hooks,
        committer=committer,
        queues=queues,
        pool=pool,
        oversight=Oversight(pool, settings),
        in_flight=in_flight,
        dispatch=Dispatch(in_flight, pool, keeps_affinity=not is_slow),
        telling=telling,
        acknowledger=acknowledger,
        arrivals=Arrivals(
            in_flight, ledger, counts, acknowledger, hooks, telling,
            delete_upon_failure=settings.delete_message_upon_failure,
        ),
        commits=Commits(in_flight, committer, counts),
        failures=Failures(
            in_flight, committer, counts, max_attempts, has_queue=queues is not None,
            hooks=hooks, delete_upon_failure=settings.delete_message_upon_failure,
        ),
        health=Health(),
        flow=flow,
        obstacles=Obstacles(flow, waits_for_ever=queues is not None and not settings.until_empty),
        source_end=SourceEnd(settings, is_listing=queues is None),
        ending=Ending(
            settings.grace_seconds, max(LEAVE_SECONDS, settings.grace_seconds) if is_slow else LEAVE_SECONDS
        ),
    )  # fmt: skip
