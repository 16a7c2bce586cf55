"""What a person sees: the live table, the charts in the terminal and as PNG, the command line at the end."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bench.tune.sweep import WORKERS, Choice, Measured, by_workers
from ingester.model.settings import Settings

Trials = Sequence[tuple[str, Measured]]

_BAR_CELLS = 40
_DEFAULTS = Settings()


def live_table(trials: Trials, running: str) -> RenderableType:
    """Every trial so far, the fastest marked, and what is running now."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("trying", no_wrap=True)
    for name in ("workers", "ahead", "rows", "files/s", "events/s", "MB/s", "cores busy", "MB held"):
        table.add_column(name, justify="right", no_wrap=True)
    fastest = max((measured.json_bytes for _, measured in trials), default=0)
    before = ""
    for name, measured in trials:
        choice = measured.choice
        table.add_row(
            name if name != before else "",
            *(str(value) for value in (choice.workers, choice.fetches_ahead, choice.batch_rows)),
            f"{measured.log_files:,.0f}",
            f"{measured.events:,.0f}",
            f"{measured.json_bytes / 1e6:,.1f}",
            f"{measured.cores_busy:.2f}",
            f"{measured.memory_bytes / 1e6:,.0f}",
            style="bold green" if measured.json_bytes == fastest else None,
        )
        before = name
    return Group(table, Spinner("dots", running)) if running else table


def terminal_charts(trials: Trials) -> RenderableType:
    """Throughput, CPU and memory by workers, as bars of text."""
    found = by_workers(trials)
    charts = []
    for title, unit, values in (
        ("Throughput", "MB/s", [measured.json_bytes / 1e6 for measured in found]),
        ("CPU", "cores busy", [measured.cores_busy for measured in found]),
        ("Memory", "MB", [measured.memory_bytes / 1e6 for measured in found]),
    ):
        text = Text(f"\n{title} by workers\n", style="bold")
        most = max(values, default=0) or 1
        for measured, value in zip(found, values, strict=True):
            bar = "█" * max(1, round(value / most * _BAR_CELLS))
            text.append(f"{measured.choice.workers:>4} ", style="dim")
            text.append(f"{bar:<{_BAR_CELLS}}", style="cyan")
            text.append(f" {value:,.3g} {unit}\n" if value < 100 else f" {value:,.0f} {unit}\n", style="default")
        charts.append(text)
    return Group(*charts)


def draw_png(trials: Trials, path: Path) -> None:
    """Throughput, CPU and memory by workers, with the defaults and tuned."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), dpi=90)
    defaults = [trial for trial in trials if trial[0] == WORKERS]
    lines = {"defaults": by_workers(defaults)}
    if by_workers(trials) != lines["defaults"]:
        lines["tuned"] = by_workers(trials)
    for label, found in lines.items():
        workers = [measured.choice.workers for measured in found]
        axes[0].plot(workers, [measured.json_bytes / 1e6 for measured in found], marker="o", label=label)
        axes[1].plot(workers, [measured.cores_busy for measured in found], marker="o", label=label)
        axes[2].plot(workers, [measured.memory_bytes / 1e6 for measured in found], marker="o", label=label)
    for one, title in zip(axes, ("MB of JSON a second", "cores busy", "MB of memory"), strict=True):
        one.set_title(title, fontsize=10, loc="left")
        one.set_xlabel("workers", fontsize=8)
        one.set_ylim(bottom=0)
        one.xaxis.get_major_locator().set_params(integer=True)
        one.spines[["top", "right"]].set_visible(False)
        one.legend(fontsize=8, frameon=False)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def command_line(source: str, settings: Settings, output: str, choice: Choice, *, is_queue: bool) -> str:
    """What to type. Options that are at their defaults are left out, but for the workers."""
    words = ["ingester", *(["run", "--queue-url", source] if is_queue else ["backfill", source]), "--output", output]
    if settings.output_is_s3:
        words += ["--state-dir", "STATE_DIR"]
    words += ["--workers", str(choice.workers)]
    if choice.fetches_ahead != _DEFAULTS.fetches_ahead:
        words += ["--fetches-ahead", str(choice.fetches_ahead)]
    if choice.batch_rows != _DEFAULTS.batch_rows:
        words += ["--batch-rows", str(choice.batch_rows)]
    for option, value in (("--endpoint-url", settings.endpoint_url), ("--region", settings.region)):
        if value:
            words += [option, value]
    return shlex.join(words)
