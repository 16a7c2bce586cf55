"""The live display of a run on a terminal: one bar and the figures that matter, on standard error."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.progress import Progress as Bar
from rich.text import Text

from ingester.supervisor.counts import Counts


class Progress:
    """Shows the counts of a run; call `tick` at will, the screen is drawn ten times a second."""

    def __init__(self) -> None:
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} log files"),
            BarColumn(bar_width=30),
            _Figures(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=0)

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.stop()

    def tick(self, counts: Counts) -> None:
        """Show these counts."""
        done = counts.log_files + counts.already_committed + len(counts.quarantined)
        self._bar.update(
            self._task,
            completed=max(done, counts.log_files_done),
            total=counts.log_files_found,
            counts=counts,
        )


class _Figures(ProgressColumn):
    """Events and megabytes of JSON a second so far."""

    def render(self, task: Task) -> Text:
        counts: Counts | None = task.fields.get("counts")
        if counts is None:
            return Text()
        events = max(counts.events, counts.events_decoded)
        return Text(f"{events:,} events  {events / max(counts.seconds, 1e-3):,.0f}/s", style="cyan")
