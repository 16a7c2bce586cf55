"""`ingester backfill`: log files that already lie somewhere become Parquet."""

from typing import Annotated

import typer

from ingester.cli import functions, options
from ingester.cli.display import show_run
from ingester.cli.logs import set_up_logging
from ingester.model.settings import Settings, parse_size
from ingester.supervisor.run import run_backfill


def backfill(
    source: Annotated[
        str,
        typer.Argument(
            envvar="INGESTER_SOURCE",
            callback=options.a_place,
            help="A directory, or s3://bucket/prefix, with log files.",
        ),
    ],
    output: options.Output = None,
    endpoint_url: options.EndpointUrl = None,
    region: options.Region = None,
    state_dir: options.StateDir = None,
    partition_by: options.PartitionBy = "date",
    flush_interval: options.FlushInterval = options.DEFAULTS.flush_interval_seconds,
    target_file_size: options.TargetFileSize = "128MB",
    workers: options.Workers = None,
    batch_rows: options.BatchRows = options.DEFAULTS.batch_rows,
    fetches_ahead: options.FetchesAhead = options.DEFAULTS.fetches_ahead,
    max_attempts: options.MaxAttempts = options.DEFAULTS.max_attempts,
    grace: options.Grace = options.DEFAULTS.grace_seconds,
    worker_silence: options.WorkerSilence = options.DEFAULTS.worker_silence_seconds,
    worker_memory: options.WorkerMemory = "1GB",
    include: functions.Include = [],  # noqa: B006 (typer makes a list of its own)
    exclude: functions.Exclude = [],  # noqa: B006
    processor: functions.Processor = None,
    event_filter: functions.EventFilter = None,
    source_filter: functions.SourceFilter = None,
    log_format: options.LogFormat = options.LogFormatOption.TEXT,
) -> None:
    """Ingest log files without a queue. What is committed already is skipped, so it can be run again any time.

    Exit code 1 when something was quarantined, with the list.
    """
    settings = Settings(
        output=output or "",
        endpoint_url=endpoint_url,
        region=region,
        state_dir=state_dir,
        partition_by=options.partition_keys(partition_by),
        flush_interval_seconds=flush_interval,
        target_file_size_bytes=parse_size(target_file_size),
        workers=workers,
        batch_rows=batch_rows,
        fetches_ahead=fetches_ahead,
        max_attempts=max_attempts,
        grace_seconds=grace,
        worker_silence_seconds=worker_silence,
        worker_memory_bytes=parse_size(worker_memory),
        include=tuple(include),
        exclude=tuple(exclude),
        processor=processor,
        event_filter=event_filter,
        source_filter=source_filter,
        log_format=log_format.value,
    )
    functions.check_functions(settings)
    set_up_logging(settings.log_format)
    show_run(settings, lambda on_tick: run_backfill(settings, source, on_tick), is_backfill=True)
