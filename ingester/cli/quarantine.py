"""`ingester quarantine`: what could not be ingested, why, since when; and once more."""

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from ingester.cli import options
from ingester.cli.display import Tick, printable, show_run
from ingester.cli.logs import set_up_logging
from ingester.cli.verify import Lake
from ingester.lake.open import open_lake
from ingester.model.errors import ConfigurationError
from ingester.model.quarantine import QuarantinedLogFile
from ingester.model.settings import Settings
from ingester.supervisor.run import RunResult, run_backfill

if TYPE_CHECKING:
    from ingester.verify.quarantined import QuarantinedRecord

quarantine = typer.Typer(
    name="quarantine", help="What could not be ingested: list, show, retry.", no_args_is_help=True
)

_RECORDS_LISTED_MAX = 100

_Uris = Annotated[list[str] | None, typer.Argument(help="URIs of log files, as `list` shows them. Default: all.")]


@quarantine.command("list")
def list_(
    output: Lake,
    state_dir: options.StateDir = None,
    endpoint_url: options.EndpointUrl = None,
    region: options.Region = None,
) -> None:
    """List quarantined log files and records: why, since when, how often tried."""
    settings = Settings(output=output, state_dir=state_dir, endpoint_url=endpoint_url, region=region)
    console = Console(highlight=False)
    entries = open_lake(settings).list_quarantine()
    console.print(Text(f"{len(entries):,} log files", style="bold"))
    for entry in entries:
        console.print(
            Text(f"  {printable(entry.uri)}\n    {printable(entry.reason)}\n    {_when(entry)}"), soft_wrap=True
        )
    records = 0
    lines = []
    for record in _records(settings):
        records += 1
        if records <= _RECORDS_LISTED_MAX:
            lines.append(f"  {printable(record.uri)} record {record.record_index}\n    {printable(record.reason)}")
    console.print(Text(f"{records:,} records", style="bold"))
    for line in lines:
        console.print(Text(line), soft_wrap=True)
    if records > len(lines):
        console.print(f"  … and {records - len(lines):,} more; `show` with a URI shows those of one log file.")


@quarantine.command()
def show(
    output: Lake,
    uri: Annotated[str, typer.Argument(help="The URI of a log file, as `list` shows it.")],
    state_dir: options.StateDir = None,
    endpoint_url: options.EndpointUrl = None,
    region: options.Region = None,
) -> None:
    """Show all that is known of a log file in the quarantine, and its unreadable records with their bytes."""
    settings = Settings(output=output, state_dir=state_dir, endpoint_url=endpoint_url, region=region)
    console = Console(highlight=False)
    found = False
    for entry in _entries(settings, [uri]):
        found = True
        console.print(Text(f"{printable(entry.uri)}\n  {printable(entry.reason)}\n  {_when(entry)}"), soft_wrap=True)
        console.print(Text(f"  ETag {entry.etag or 'unknown: it was never fetched'}"), soft_wrap=True)
    for record in _records(settings):
        if _is_meant(record.uri, [uri]):
            found = True
            console.print(
                Text(f"{printable(uri)} record {record.record_index}\n  {printable(record.reason)}"), soft_wrap=True
            )
            raw = record.raw if record.raw is not None else str(base64.b64decode(record.raw_base64 or ""))
            console.print(Text(f"  {printable(raw)}"), soft_wrap=True)
    if not found:
        raise ConfigurationError(f"{uri} is not in the quarantine.", hint="`ingester quarantine list` shows what is.")


@quarantine.command()
def retry(
    output: Lake,
    uris: _Uris = None,
    state_dir: options.StateDir = None,
    endpoint_url: options.EndpointUrl = None,
    region: options.Region = None,
    partition_by: options.PartitionBy = "date",
    workers: options.Workers = None,
    max_attempts: options.MaxAttempts = options.DEFAULTS.max_attempts,
    log_format: options.LogFormat = options.LogFormatOption.TEXT,
) -> None:
    """Put quarantined log files through again, as they lie there now; those that come in leave the quarantine.

    Exit code 1 when one stays. Records in the quarantine stay: the rest of their log file is in the lake.
    """
    from ingester.verify.again import Again, settle

    settings = Settings(
        output=output,
        state_dir=state_dir,
        endpoint_url=endpoint_url,
        region=region,
        partition_by=options.partition_keys(partition_by),
        workers=workers,
        max_attempts=max_attempts,
        log_format=log_format.value,
    )
    set_up_logging(settings.log_format)
    entries = _entries(settings, uris)
    missing = sorted(uri for uri in uris or () if not any(_is_meant(entry.uri, [uri]) for entry in entries))
    if missing:
        raise ConfigurationError(
            f"{', '.join(missing)} is not in the quarantine.", hint="`ingester quarantine list` shows what is."
        )
    if not entries:
        Console(highlight=False).print("No log file is quarantined.")
        return

    def run(on_tick: Tick) -> RunResult:
        result = run_backfill(settings, Again(entries), on_tick)
        settle(settings, entries)
        return result

    show_run(settings, run, is_backfill=True)


def _entries(settings: Settings, uris: list[str] | None) -> list[QuarantinedLogFile]:
    return [entry for entry in open_lake(settings).list_quarantine() if not uris or _is_meant(entry.uri, uris)]


def _is_meant(uri: str, given: list[str]) -> bool:
    """Whether a user means this one: as it is, or as `list` shows it."""
    return uri in given or printable(uri) in given


def _records(settings: Settings) -> "Iterator[QuarantinedRecord]":
    from ingester.lake.lake_files import open_lake_files
    from ingester.verify.quarantined import every_quarantined

    return every_quarantined(open_lake_files(settings))


def _when(entry: QuarantinedLogFile) -> str:
    return f"tried {entry.attempts} times, first {entry.first_seen}, last {entry.last_seen}"
