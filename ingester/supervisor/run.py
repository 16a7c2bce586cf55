"""A whole run: check everything that can be checked first, recover what a predecessor left, then the loop."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from ingester.fetch.listing import list_log_files
from ingester.lake.base import Lake
from ingester.lake.open import open_lake
from ingester.ledger.base import Ledger
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.errors import OutputError
from ingester.model.settings import Settings
from ingester.supervisor.commit import Committer, roll_forward
from ingester.supervisor.counts import Counts, show_nothing
from ingester.supervisor.intake import ListingIntake
from ingester.supervisor.loop import Supervisor
from ingester.supervisor.mailbox import Mailbox

_log = logging.getLogger("ingester.supervisor")

LEDGER_NAME = "ledger.sqlite"


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did, and whether a signal ended it before its source was empty."""

    counts: Counts
    interrupted: bool


def run_queues(settings: Settings, on_tick: Callable[[Counts], None] = show_nothing) -> RunResult:
    """Ingest from the queues of the settings until they are empty (`until_empty`) or a signal comes.

    Raises ConfigurationError for what the user must mend before it can start, IngesterError for what ends a run.
    """
    from ingester.supervisor.queues import Queues  # boto3 costs 0.1 s that a backfill from disk need not pay

    counts = Counts()
    with ExitStack() as stack:
        mailbox = Mailbox()
        stack.callback(mailbox.close)
        queues = Queues(settings, mailbox.post)
        stack.callback(queues.close)
        ledger, committer = stack.enter_context(_lake_and_ledger(settings, mailbox, counts))
        supervisor = Supervisor(settings, mailbox, ledger, committer, queues, queues, counts, on_tick)
        ending = supervisor.run()
    return RunResult(counts, ending.interrupted)


def run_backfill(settings: Settings, source: str, on_tick: Callable[[Counts], None] = show_nothing) -> RunResult:
    """Ingest the log files that lie in a directory or under an S3 prefix; what is committed already is skipped.

    Raises like `run_queues`.
    """
    counts = Counts()
    with ExitStack() as stack:
        mailbox = Mailbox()
        stack.callback(mailbox.close)
        listing = list_log_files(source, settings)
        ledger, committer = stack.enter_context(_lake_and_ledger(settings, mailbox, counts))
        intake = ListingIntake(listing, mailbox.post)
        supervisor = Supervisor(settings, mailbox, ledger, committer, intake, None, counts, on_tick)
        ending = supervisor.run()
    return RunResult(counts, ending.interrupted)


@contextmanager
def _lake_and_ledger(settings: Settings, mailbox: Mailbox, counts: Counts) -> Iterator[tuple[Ledger, Committer]]:
    """The locked lake with its ledger, everything that a predecessor left behind rolled forward or swept."""
    lake = open_lake(settings)
    lake.check_writable()
    with lake.lock():
        ledger = SqliteLedger(settings.state_directory / LEDGER_NAME)
        try:
            counts.rolled_forward = roll_forward(ledger, lake)
            lake.sweep(frozenset())
            yield ledger, Committer(ledger, lake, mailbox.post)
            _sweep_after_deaths(ledger, lake, counts)
        finally:
            ledger.close()


def _sweep_after_deaths(ledger: Ledger, lake: Lake, counts: Counts) -> None:
    """Remove what workers of this run that died had staged; not after each death, as the others are staging."""
    if counts.workers_died:
        try:
            lake.sweep({commit.commit_id for commit in ledger.unpublished()})
        except OutputError as error:
            _log.warning("what dead workers staged is left for the sweep of the next start: %s", error)
