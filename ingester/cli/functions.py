"""The options for what is done with events besides, or instead of, writing Parquet: filters and functions."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ingester.model.errors import ConfigurationError
from ingester.model.settings import Settings

_PANEL = "Filters and functions"

Include = Annotated[
    list[str],
    typer.Option(
        envvar="INGESTER_INCLUDE",
        metavar="FIELD=PATTERN",
        help=(
            "Take only events whose field fits, such as eventSource=iam.amazonaws.com, with * ? [ ] as in a shell; "
            "repeatable: patterns on one field are alternatives, every field that is named must fit."
        ),
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
Exclude = Annotated[
    list[str],
    typer.Option(
        envvar="INGESTER_EXCLUDE",
        metavar="FIELD=PATTERN",
        help="Leave out events whose field fits, such as eventCategory=Data; repeatable.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
Processor = Annotated[
    str | None,
    typer.Option(
        envvar="INGESTER_PROCESSOR",
        metavar="MODULE:FUNCTION",
        help="Give the events to this function, package.module:name or file.py:name; --output is then optional.",
        rich_help_panel=_PANEL,
    ),
]
EventFilter = Annotated[
    str | None,
    typer.Option(
        envvar="INGESTER_EVENT_FILTER",
        metavar="MODULE:FUNCTION",
        help="Take only events for which this function returns true.",
        rich_help_panel=_PANEL,
    ),
]
SourceFilter = Annotated[
    str | None,
    typer.Option(
        envvar="INGESTER_SOURCE_FILTER",
        metavar="MODULE:FUNCTION",
        help="Take only messages, or listed log files, for which this function returns true; delete the others.",
        rich_help_panel=_PANEL,
    ),
]


def check_functions(settings: Settings) -> None:
    """Let functions that are named be found in the current directory too, after everything that is installed.

    Raises ConfigurationError if events would go nowhere.
    """
    if not settings.output and settings.processor is None:
        raise ConfigurationError(
            "No output is given.", hint="Give --output a directory or s3://bucket/prefix, or give a --processor."
        )
    here = str(Path.cwd())
    if (settings.processor or settings.event_filter or settings.source_filter) and here not in sys.path:
        sys.path.append(here)
