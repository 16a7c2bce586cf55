"""A whole run: check everything that can be checked first, recover what a predecessor left, then the loop."""

import gc
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from ingester.fetch.listing import list_log_files
from ingester.lake.base import Lake
from ingester.lake.claim import claim_lake
from ingester.lake.open import open_lake
from ingester.ledger.base import Ledger
from ingester.ledger.memory import MemoryLedger
from ingester.ledger.open import ledger_path
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.callables import check_hook, check_processor
from ingester.model.errors import ConfigurationError, OutputError
from ingester.model.filters import compile_filters
from ingester.model.named import load_named
from ingester.model.settings import Settings
from ingester.supervisor.commit import Committer, roll_forward
from ingester.supervisor.counts import Counts, show_nothing
from ingester.supervisor.ending import Ending
from ingester.supervisor.hooks import Hooks, HookThread, StopAsked
from ingester.supervisor.intake import Intake, Listing, ListingIntake
from ingester.supervisor.loop import Supervisor
from ingester.supervisor.mailbox import Mailbox
from ingester.supervisor.processes import WorkerProcess
from ingester.supervisor.signals import ending_on_signals
from ingester.supervisor.start_up import Patience, StopRequested
from ingester.supervisor.worker_link import Launch

if TYPE_CHECKING:
    from ingester.supervisor.queues import Queues

_log = logging.getLogger("ingester.supervisor")

Post = Callable[[object], None]
"""Leaves something for the loop, from any thread."""

_COLLECT_AFTER = (20_000, 20, 50)
"""Python's own thresholds (700, 10, 10) have the collector look through all messages in hand again and again, a tenth
of the supervisor's CPU (measured), and it finds next to nothing: what the supervisor makes has hardly any cycles."""


def start_nothing(stop: Callable[[], None]) -> None:
    """What a run that nobody stops calls once it has begun."""


@dataclass(frozen=True)
class Library:
    """What the library adds to a run. The command line needs none of it.

    `launch`: starts workers in another way than as processes, `slots` of them; `takes_events`: these have functions
    that are not named in the settings. `on_started` is called once everything that can be checked was, with what asks
    the run to stop, from any thread; `stopping` ends the waiting for SQS or S3 before that, and with it the run.
    """

    hooks: Hooks = field(default_factory=Hooks)
    launch: Callable[[HookThread], Launch] | None = None
    slots: int | None = None
    takes_events: bool = False
    on_started: Callable[[Callable[[], None]], None] = start_nothing
    stopping: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did, and whether a signal, or the library's stop, ended it before its source was empty."""

    counts: Counts
    interrupted: bool


def run_queues(
    settings: Settings,
    on_tick: Callable[[Counts], None] = show_nothing,
    library: Library | None = None,
    counts: Counts | None = None,
) -> RunResult:
    """Ingest from the queues of the settings until they are empty (`until_empty`) or a signal comes.

    One that comes, or a stop, while it waits for SQS or S3 before it begins ends it likewise, with nothing done.
    Raises ConfigurationError for what the user must mend before it can start, IngesterError for what ends a run.
    """
    from ingester.supervisor.queues import Queues  # boto3 costs 0.1 s that a backfill from disk need not pay

    def open_queues(patience: Patience, hooks: HookThread, post: Post, stack: ExitStack) -> tuple[Intake, "Queues"]:
        queues = patience(lambda: Queues(settings, post, hooks))
        stack.callback(queues.close)
        return queues, queues

    return _run(settings, open_queues, on_tick, library, counts or Counts(), is_service=True)


def run_backfill(
    settings: Settings,
    source: str | Listing,
    on_tick: Callable[[Counts], None] = show_nothing,
    library: Library | None = None,
    counts: Counts | None = None,
) -> RunResult:
    """Ingest the log files that lie in a directory or under an S3 prefix; what is committed already is skipped.

    `source` may also be a listing of log files of any places. Raises like `run_queues`.
    """

    def open_listing(patience: Patience, _hooks: HookThread, post: Post, _stack: ExitStack) -> tuple[Intake, None]:
        listing = patience(lambda: list_log_files(source, settings)) if isinstance(source, str) else source
        return ListingIntake(listing, post), None

    return _run(settings, open_listing, on_tick, library, counts or Counts(), is_service=False)


def _run(
    settings: Settings,
    open_source: Callable[[Patience, HookThread, Post, ExitStack], "tuple[Intake, Queues | None]"],
    on_tick: Callable[[Counts], None],
    library: Library | None,
    counts: Counts,
    *,
    is_service: bool,
) -> RunResult:
    if library is None:  # the process is ours, not a user's
        gc.set_threshold(*_COLLECT_AFTER)
    library = _checked(settings, library or Library())
    patience = Patience(waits_for_ever=is_service and not settings.until_empty, stopping=library.stopping)
    ending: Ending | None = None
    try:
        with ending_on_signals(), ExitStack() as stack:
            mailbox = Mailbox()
            stack.callback(mailbox.close)
            hooks = HookThread(library.hooks, mailbox.post)
            intake, queues = open_source(patience, hooks, mailbox.post, stack)
            ledger, committer = stack.enter_context(_lake_and_ledger(settings, library, patience, mailbox, counts))
            supervisor = Supervisor(
                settings, mailbox, ledger, committer, intake, queues, counts, on_tick,
                hooks=hooks, launch=_launch(library, hooks), slots=library.slots,
                is_slow=_calls_functions(settings, library),
            )  # fmt: skip
            library.on_started(partial(_ask_to_stop, mailbox))
            ending = supervisor.run()
    except StopRequested as asked:
        if ending is None:
            _log.info("%s: the run ends before it has begun; nothing was in hand", str(asked) or "stop")
        else:
            _log.info("%s: what is still staged is left for the sweep of the next start", asked)
    return RunResult(counts, ending is None or ending.interrupted)


def _checked(settings: Settings, library: Library) -> Library:
    """The same, with the source filter that the settings name. Raises ConfigurationError for what no worker could
    load or read, here and not in each of them again and again."""
    compile_filters(settings.include, settings.exclude)
    if settings.processor is not None:
        check_processor(load_named(settings.processor))
    if settings.event_filter is not None:
        check_hook("event_filter", load_named(settings.event_filter), 1)
    if library.launch is None and settings.workers == 0:
        raise ConfigurationError(
            "Without worker processes there is nobody to do the work.", hint="Give --workers 1 or more."
        )
    if settings.source_filter is None or library.hooks.source_filter is not None:
        return library
    return replace(library, hooks=replace(library.hooks, source_filter=load_named(settings.source_filter)))


def _calls_functions(settings: Settings, library: Library) -> bool:
    return library.takes_events or settings.processor is not None


def _launch(library: Library, hooks: HookThread) -> Launch:
    if library.launch is not None:
        return library.launch(hooks)
    return partial(WorkerProcess, reports_progress=hooks.hooks.progress_reporter is not None)


def _ask_to_stop(mailbox: Mailbox) -> None:
    try:
        mailbox.post(StopAsked())
    except OSError:  # it has ended
        return


@contextmanager
def _lake_and_ledger(
    settings: Settings, library: Library, patience: Patience, mailbox: Mailbox, counts: Counts
) -> Iterator[tuple[Ledger, Committer]]:
    """The lake, locked and claimed, with its ledger; what a predecessor left behind is rolled forward or swept."""
    lake = _open_lake(settings, library)
    patience(lake.check_writable)
    with lake.lock():
        ledger = _open_ledger(settings)
        try:
            patience(lambda: claim_lake(lake, ledger, settings))
            counts.rolled_forward = len(ledger.unpublished())  # a second try would find fewer
            patience(lambda: roll_forward(ledger, lake))
            patience(lambda: lake.sweep(frozenset()))
            yield ledger, Committer(ledger, lake, mailbox.post)
            _sweep_at_end(ledger, lake)
        finally:
            ledger.close()


def _sweep_at_end(ledger: Ledger, lake: Lake) -> None:
    """Remove what is still staged: of workers killed at the end, of uploads whose id S3 never told, of sweeps that
    failed."""
    try:
        lake.sweep({commit.commit_id for commit in ledger.unpublished()})
    except OutputError as error:
        _log.warning("what dead workers staged is left for the sweep of the next start: %s", error)


def _open_lake(settings: Settings, library: Library) -> Lake:
    if settings.output or not _calls_functions(settings, library):
        return open_lake(settings)
    from ingester.lake.no_output import open_without_output

    return open_without_output(settings)


def _open_ledger(settings: Settings) -> Ledger:
    """On disk; in memory where there is neither an output nor a state directory."""
    if not settings.output and settings.state_dir is None:
        return MemoryLedger()
    return SqliteLedger(ledger_path(settings))
