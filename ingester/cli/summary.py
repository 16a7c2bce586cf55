"""The summary that ends a run: what came in, what went out, how fast, what needs a look, what to type next."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingester.model.settings import Settings
from ingester.supervisor.counts import Counts

_QUARANTINED_SHOWN_MAX = 20


def print_summary(console: Console, counts: Counts, settings: Settings) -> None:
    """Print the summary of a run."""
    table = Table(box=None, show_header=False, padding=(0, 2), pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(style="dim")
    for name, value, remark in _rows(counts, has_output=bool(settings.output)):
        table.add_row(name, value, remark)
    console.print(table)
    _print_quarantined(console, counts, settings)
    if settings.output and (counts.data_files or counts.already_committed):
        _print_next(console, settings)


def _rows(counts: Counts, *, has_output: bool) -> Iterable[tuple[str, str, str]]:
    seconds = max(counts.seconds, 1e-3)
    if counts.messages:
        kinds = [f"{number:,} {kind}" for kind, number in counts.notifications.most_common()]
        deleted = [f"{counts.messages_deleted:,} deleted"]
        if counts.sources_filtered:
            deleted.append(f"{counts.sources_filtered:,} filtered")
        given_back = [f"{counts.messages_given_back:,} given back"] if counts.messages_given_back else []
        yield "messages", f"{counts.messages:,}", ", ".join([*deleted, *given_back, *kinds])
    skipped = [
        (counts.already_committed, "already in"),
        (counts.digests_skipped, "digests skipped"),
        (counts.others_skipped, "others skipped"),
        (len(counts.quarantined), "quarantined"),
    ]
    yield "log files", f"{counts.log_files:,}", ", ".join(f"{n:,} {what}" for n, what in skipped if n)
    odd = [
        (counts.events_filtered, "filtered"),
        (counts.undated_rows, "without a usable eventTime"),
        (counts.quarantined_records, "records quarantined"),
    ]
    yield "events", f"{counts.events:,}", ", ".join(f"{n:,} {what}" for n, what in odd if n)
    megabytes = counts.json_bytes / 1e6
    yield "JSON", f"{megabytes:,.1f} MB", ""
    yield "time", f"{seconds:,.1f} s", f"{counts.events / seconds:,.0f} events/s, {megabytes / seconds:,.1f} MB/s"
    if has_output:
        size = f"{counts.data_bytes / 1e6:,.1f} MB in {counts.commits:,} commits"
        yield "data files", f"{counts.data_files:,}", size
    recovered = [
        (counts.rolled_forward, "commits of a former run published"),
        (counts.workers_died, "workers replaced"),
        (counts.workers_recycled, "workers recycled, having grown too large"),
        (counts.failures.total(), "attempts failed"),
        (counts.stale_receipts, "stale receipt handles"),
    ]
    for number, what in recovered:
        if number:
            yield "", f"{number:,}", what


def _print_quarantined(console: Console, counts: Counts, settings: Settings) -> None:
    if counts.is_clean:
        return
    where = settings.output or settings.state_dir
    place = f", in {where.rstrip('/')}/_ingester/quarantine/" if where else ""
    console.print(Text(f"\nQuarantined{place}:", style="bold yellow"))
    for entry in counts.quarantined[:_QUARANTINED_SHOWN_MAX]:
        console.print(Text(f"  {entry.uri}\n    {entry.reason}"), soft_wrap=True)
    if len(counts.quarantined) > _QUARANTINED_SHOWN_MAX:
        console.print(f"  … and {len(counts.quarantined) - _QUARANTINED_SHOWN_MAX:,} more log files")
    if counts.quarantined_records:
        what = "with their bytes, in records/" if where else "which the log names"
        console.print(f"  {counts.quarantined_records:,} records, {what}")


def _print_next(console: Console, settings: Settings) -> None:
    root = settings.output.rstrip("/")
    if not settings.output_is_s3:
        root = str(Path(root))
    query = (
        "SELECT eventName, count(*) AS events "  # noqa: S608 (shown to the user, not run)
        f"FROM read_parquet('{root}/cloudtrail/**/*.parquet') GROUP BY ALL ORDER BY events DESC LIMIT 10"
    )
    console.print(Text(f"\nThe Parquet lies in {root}/cloudtrail. Ask it, for example:"))
    # Python's duckdb is a dependency of ours, and so is there; the command of that name is not.
    command = rf'python -c "import duckdb; print(duckdb.sql(\"{query}\"))"'
    console.print(Text(f"  {command}", style="cyan"), soft_wrap=True)
