"""`ingester run`: messages of a queue become Parquet."""

from typing import Annotated

import typer

from ingester.cli import functions, options
from ingester.cli.display import show_run
from ingester.cli.logs import set_up_logging
from ingester.model.errors import ConfigurationError
from ingester.model.settings import Settings, parse_size
from ingester.supervisor.run import run_queues


def run(
    queue_url: Annotated[
        list[str],
        typer.Option(
            envvar="INGESTER_QUEUE_URL",
            help="An SQS queue with CloudTrail's notifications; repeatable.",
            rich_help_panel="Input",
        ),
    ],
    output: options.Output = None,
    until_empty: Annotated[
        bool,
        typer.Option(
            "--until-empty",
            envvar="INGESTER_UNTIL_EMPTY",
            help="End once everything is committed and the queue reports that it is empty, twice in a row.",
            rich_help_panel="Input",
        ),
    ] = False,
    verify_sns: Annotated[
        bool,
        typer.Option(
            "--verify-sns",
            envvar="INGESTER_VERIFY_SNS",
            help="Believe only messages that SNS has signed; leave all others to the queue's redrive policy.",
            rich_help_panel="Input",
        ),
    ] = False,
    sns_topic: Annotated[
        list[str],
        typer.Option(
            envvar="INGESTER_SNS_TOPIC",
            metavar="ARN",
            help="With --verify-sns: believe messages of this topic only; repeatable.",
            show_default=False,
            rich_help_panel="Input",
        ),
    ] = [],  # noqa: B006 (typer makes a list of its own)
    visibility_timeout: Annotated[
        int,
        typer.Option(
            envvar="INGESTER_VISIBILITY_TIMEOUT",
            help="Seconds that a received message stays hidden; extended until it is deleted.",
            rich_help_panel="Input",
        ),
    ] = options.DEFAULTS.visibility_timeout_seconds,
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
    """Ingest the log files that a queue announces, as a service or until the queue is empty.

    To Parquet, to a function (--processor), or to both: then the function is called before the rows are committed.

    Without --until-empty it runs until SIGTERM or SIGINT, then commits what it holds and deletes those messages.
    """
    settings = Settings(
        queue_urls=tuple(queue_url),
        output=output or "",
        until_empty=until_empty,
        verify_sns=verify_sns,
        sns_topics=tuple(sns_topic),
        visibility_timeout_seconds=visibility_timeout,
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
    if not settings.queue_urls:
        raise ConfigurationError("No queue is given.", hint="Give --queue-url, or set INGESTER_QUEUE_URL.")
    set_up_logging(settings.log_format)
    show_run(settings, lambda on_tick: run_queues(settings, on_tick))
