"""`ingester verify`: is everything in the lake, once?"""

import sys
from typing import Annotated

import typer

from ingester.cli import options
from ingester.cli.display import printable
from ingester.model.settings import Settings

Lake = Annotated[
    str,
    typer.Argument(envvar="INGESTER_OUTPUT", help="The output of an ingester: a directory or s3://bucket/prefix."),
]


def verify(
    output: Lake,
    source: Annotated[
        str | None,
        typer.Option(
            envvar="INGESTER_SOURCE",
            help="A directory or s3://bucket/prefix of log files: read again and compared, every record.",
        ),
    ] = None,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            envvar="INGESTER_REPAIR",
            help="First publish what is committed and remove what was staged for nothing.",
        ),
    ] = False,
    rebuild_ledger: Annotated[
        bool,
        typer.Option(
            "--rebuild-ledger",
            envvar="INGESTER_REBUILD_LEDGER",
            help="First restore a lost or damaged ledger from the data files.",
        ),
    ] = False,
    state_dir: options.StateDir = None,
    endpoint_url: options.EndpointUrl = None,
    region: options.Region = None,
) -> None:
    """Prove that every committed log file is in the Parquet, complete and once, and that nothing else is.

    Not while an ingester works on the output: it waits for nobody and says so. Exit code 1 with the list of findings.
    """
    from rich.console import Console
    from rich.text import Text

    from ingester.verify.verify import verify as run_verify

    settings = Settings(output=output, state_dir=state_dir, endpoint_url=endpoint_url, region=region)
    error_console = Console(stderr=True)
    if sys.stderr.isatty():
        with error_console.status("Reading …") as status:
            report = run_verify(
                settings, source=source, repairs=repair, rebuilds=rebuild_ledger,
                on_tick=lambda so_far: status.update(
                    f"{so_far.commits:,} commits, {so_far.log_files:,} log files, {so_far.rows:,} rows"
                ),
            )  # fmt: skip
    else:
        report = run_verify(settings, source=source, repairs=repair, rebuilds=rebuild_ledger)

    console = Console(highlight=False)
    for note in report.notes:
        console.print(Text(printable(note)), soft_wrap=True)
    for finding in report.findings:
        where, what = printable(finding.where), printable(finding.what)
        console.print(Text(f"\n{finding.kind}: {where}", style="bold yellow"), soft_wrap=True)
        console.print(Text(f"  {what}\n  → {printable(finding.what_to_do)}"), soft_wrap=True)
    left_out = report.counts.total() - len(report.findings)
    if left_out:
        console.print(f"\n… and {left_out:,} more findings of the same kinds.")
    compared = (
        f"; {report.records_compared:,} records of {report.log_files_compared:,} log files compared with their source"
        if source is not None else ""
    )  # fmt: skip
    console.print(
        f"\n{report.commits:,} commits, {report.log_files:,} log files, {report.data_files:,} data files, "
        f"{report.rows:,} rows, {report.quarantined_records:,} quarantined records{compared}.",
        soft_wrap=True,
    )
    if report.is_clean:
        console.print(Text("Everything is there, once.", style="bold green"))
        return
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in report.counts.most_common())
    console.print(Text(f"{report.counts.total():,} findings: {kinds}", style="bold red"), soft_wrap=True)
    raise typer.Exit(1)
