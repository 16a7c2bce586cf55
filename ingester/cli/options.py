"""The options that commands share, each once: name, environment variable, help."""

import re
from enum import StrEnum
from typing import Annotated

import typer

from ingester.model.errors import ConfigurationError
from ingester.model.settings import PartitionKey, Settings, is_s3_uri
from ingester.model.shown import without_secrets

DEFAULTS = Settings()
"""Where an option's default comes from: the same as the library's."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")

_INPUT = "Input"
_OUTPUT = "Output"
_TUNING = "Tuning"


def a_place(text: str | None) -> str | None:
    """A directory or an S3 location. An empty text, which an unset shell variable makes, and a URI of another kind
    would be the name of a directory that nobody meant. Raises ConfigurationError."""
    if text is not None and (not text.strip() or (_SCHEME.match(text) and not is_s3_uri(text))):
        raise ConfigurationError(
            f"“{without_secrets(text)}” is no place for files.",
            hint="Write a directory, or s3://bucket/prefix where S3 is meant.",
        )
    return text


class LogFormatOption(StrEnum):
    """How log lines are written to standard error."""

    TEXT = "text"
    JSON = "json"


Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        envvar="INGESTER_OUTPUT",
        callback=a_place,
        help="Where the Parquet goes: a directory or s3://bucket/prefix. Required without --processor.",
        show_default=False,
        rich_help_panel=_OUTPUT,
    ),
]
StateDir = Annotated[
    str | None,
    typer.Option(
        envvar="INGESTER_STATE_DIR",
        callback=a_place,
        help="Where the ledger lies. Default: OUTPUT/_ingester; required with an output on S3.",
        rich_help_panel=_OUTPUT,
    ),
]
PartitionBy = Annotated[
    str,
    typer.Option(
        envvar="INGESTER_PARTITION_BY",
        help="Any of date, hour, account, region, in order, separated by commas.",
        rich_help_panel=_OUTPUT,
    ),
]
FlushInterval = Annotated[
    float,
    typer.Option(
        envvar="INGESTER_FLUSH_INTERVAL",
        help="Seconds after which gathered rows are written at the latest.",
        rich_help_panel=_OUTPUT,
    ),
]
TargetFileSize = Annotated[
    str,
    typer.Option(
        envvar="INGESTER_TARGET_FILE_SIZE",
        help="Size at which a data file is closed and the next begun, such as 128MB.",
        rich_help_panel=_OUTPUT,
    ),
]
EndpointUrl = Annotated[
    str | None,
    typer.Option(
        envvar="INGESTER_ENDPOINT_URL",
        help="One endpoint for S3 and SQS, for servers that are not AWS. Default: the AWS environment.",
        rich_help_panel=_INPUT,
    ),
]
Region = Annotated[
    str | None,
    typer.Option(envvar="INGESTER_REGION", help="AWS region. Default: the AWS environment.", rich_help_panel=_INPUT),
]
Workers = Annotated[
    int | None,
    typer.Option(
        envvar="INGESTER_WORKERS",
        min=1,
        help="Worker processes. Default: usable cores.",
        show_default=False,
        rich_help_panel=_TUNING,
    ),
]
BatchRows = Annotated[
    int,
    typer.Option(envvar="INGESTER_BATCH_ROWS", help="Events turned into columns together.", rich_help_panel=_TUNING),
]
FetchesAhead = Annotated[
    int,
    typer.Option(
        envvar="INGESTER_FETCHES_AHEAD",
        help="Log files that a worker fetches at once, ahead of decoding.",
        rich_help_panel=_TUNING,
    ),
]
MaxAttempts = Annotated[
    int,
    typer.Option(
        envvar="INGESTER_MAX_ATTEMPTS",
        help="How often a log file that can't be read is tried before it is quarantined.",
        rich_help_panel=_TUNING,
    ),
]
Grace = Annotated[
    float,
    typer.Option(
        envvar="INGESTER_GRACE",
        help="Seconds that a drain after SIGTERM or SIGINT may take before unfinished work is given back.",
        rich_help_panel=_TUNING,
    ),
]
WorkerSilence = Annotated[
    float,
    typer.Option(
        envvar="INGESTER_WORKER_SILENCE",
        help="Seconds that a worker may give no sign of life before it is replaced.",
        rich_help_panel=_TUNING,
    ),
]
WorkerMemory = Annotated[
    str,
    typer.Option(
        envvar="INGESTER_WORKER_MEMORY",
        help="A worker that holds more after a commit is replaced.",
        rich_help_panel=_TUNING,
    ),
]
LogFormat = Annotated[
    LogFormatOption, typer.Option(envvar="INGESTER_LOG_FORMAT", help="Log lines on standard error.")
]


def partition_keys(text: str) -> tuple[PartitionKey, ...]:
    """`date,account` as keys; Settings checks that they exist."""
    return tuple(key.strip() for key in text.split(",") if key.strip())  # type: ignore[misc]
