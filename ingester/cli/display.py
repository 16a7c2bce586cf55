"""What a person sees while a run goes on, and how its result becomes an exit code."""

import sys
from collections.abc import Callable

import typer

from ingester.model.settings import Settings
from ingester.supervisor.counts import Counts, show_nothing
from ingester.supervisor.run import RunResult

Tick = Callable[[Counts], None]


def show_run(settings: Settings, run: Callable[[Tick], RunResult], *, is_backfill: bool = False) -> None:
    """Run with a progress display on a terminal, print the summary, end with the exit code.

    A queue run that was told to stop has done its job: 0. A backfill that was is incomplete: 130; and 1 when
    something was quarantined.
    """
    result = _with_progress(run) if sys.stderr.isatty() else run(show_nothing)

    # Imported only now: rich takes 30 ms of CPU that a worker pool can use at the start.
    from rich.console import Console

    from ingester.cli.summary import print_summary

    # Standard output belongs to a function that is given the events: it may write them there.
    print_summary(Console(highlight=False, stderr=settings.processor is not None), result.counts, settings)
    if is_backfill and result.interrupted:
        raise typer.Exit(130)
    if is_backfill and not result.counts.is_clean:
        raise typer.Exit(1)


def _with_progress(run: Callable[[Tick], RunResult]) -> RunResult:
    from ingester.cli.progress import Progress

    with Progress() as progress:
        return run(progress.tick)


def printable(text: str) -> str:
    """The text with everything escaped that could act on a terminal, or can't be written at all."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
