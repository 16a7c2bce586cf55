"""`ingester`: the commands, and how errors end them.

Exit codes: 0 complete, 1 something was quarantined or a run had to stop, 2 usage or configuration, 130 interrupted.
"""

import os
import sys

import typer

from ingester.cli.backfill import backfill
from ingester.cli.quarantine import quarantine
from ingester.cli.run import run
from ingester.cli.verify import verify
from ingester.model.errors import ConfigurationError, IngesterError
from ingester.model.setting_names import in_options

app = typer.Typer(
    name="ingester",
    help="CloudTrail log files from a busy SQS queue to partitioned Parquet, exactly once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run)
app.command()(backfill)
app.command()(verify)
app.add_typer(quarantine)


def main() -> None:
    """The console script. Ends the process: threads that wait in a long poll must not hold it up."""
    code = _main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _main() -> int:
    try:
        app(prog_name="ingester")
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 2 if exit_.code else 0
    except IngesterError as error:
        print(f"error: {in_options(str(error))}", file=sys.stderr)  # noqa: T201
        return 2 if isinstance(error, ConfigurationError) else 1
    except KeyboardInterrupt:
        return 130
    return 0
