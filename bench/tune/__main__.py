"""`python -m bench.tune`: parse, sample, sweep, show."""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.live import Live

from bench.measure import CommandFailedError
from bench.tune.sample import is_queue, take_sample
from bench.tune.scratch import Scratch
from bench.tune.show import command_line, draw_png, live_table, terminal_charts
from bench.tune.sweep import (
    BATCH_ROWS,
    FETCHES_AHEAD,
    Candidates,
    Choice,
    Measured,
    recommended,
    sweep,
    worker_counts,
)
from bench.tune.trial import Trials
from ingester.model.errors import IngesterError
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings, usable_cores

_FIRST_TRIAL_LOG_FILES = 200
_LOG_FILES_MIN = 8


def main() -> None:
    """The command. Exit code 2 for what the user must mend, 1 for a trial that failed."""
    arguments = _parse()
    console = Console(highlight=False)
    try:
        _tune(arguments, console)
    except IngesterError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except CommandFailedError as error:
        sys.exit(f"error: a trial failed.\n{error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./scripts/tune",
        description="Finds the workers, fetches ahead and batch rows that suit this machine and these log files. "
        "It only reads: of a queue, some messages are looked at and made visible again, none is deleted. "
        "What trials write lies under OUTPUT/_ingester/tune-… and is removed.",
    )
    parser.add_argument("source", help="a directory, s3://bucket/prefix, or the URL of a queue")
    parser.add_argument(
        "--output", required=True, help="where the Parquet is to go: a directory or s3://bucket/prefix"
    )
    parser.add_argument("--endpoint-url", help="one endpoint for S3 and SQS, for servers that are not AWS")
    parser.add_argument("--region", help="AWS region; default: the AWS environment")
    for option, what in (
        ("--workers", "numbers of workers"),
        ("--fetches-ahead", "fetches ahead (S3)"),
        ("--batch-rows", "batch rows"),
    ):
        parser.add_argument(option, type=_numbers, metavar="N,N,…", help=f"the {what} to try")
    parser.add_argument("--seconds", type=float, default=5.0, help="about how long a trial takes with one worker (5)")
    parser.add_argument("--chart", type=Path, default=Path("tune.png"), help="where the chart goes (tune.png)")
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted({int(number) for number in text.split(",")}))


def _tune(arguments: argparse.Namespace, console: Console) -> None:
    settings = Settings(output=arguments.output, endpoint_url=arguments.endpoint_url, region=arguments.region)
    say = console.print
    log_files = take_sample(arguments.source, settings, say)
    scratch = Scratch(settings, arguments.output, say)
    wanted = _enough(log_files, settings, scratch, arguments.seconds)
    if wanted > len(log_files):
        say(f"There are only {len(log_files):,} log files; {wanted:,} would do. Trials are short, figures rough.")
    log_files = log_files[:wanted]
    say(f"{len(log_files):,} log files in each trial.\n")
    candidates = Candidates(
        arguments.workers or worker_counts(usable_cores()),
        # Files on disk are not fetched ahead at all.
        (arguments.fetches_ahead or FETCHES_AHEAD) if log_files[0].bucket else (Choice.fetches_ahead,),
        arguments.batch_rows or BATCH_ROWS,
    )
    trial_runs = Trials(settings, scratch, log_files)
    trials: list[tuple[str, Measured]] = []
    with Live(console=console, refresh_per_second=8) as live:

        def try_(choice: Choice) -> Measured:
            running = (
                f"{choice.workers} workers, {choice.fetches_ahead} fetches ahead, {choice.batch_rows} batch rows"
            )
            live.update(live_table(trials, running))
            return trial_runs.run(choice)

        for trial in sweep(candidates, try_):
            trials.append(trial)
        live.update(live_table(trials, ""))
    best = recommended(trials)
    console.print(terminal_charts(trials))
    draw_png(trials, arguments.chart)
    say(f"Drawn in {arguments.chart}.\n\nRecommended, {best.json_bytes / 1e6:,.0f} MB of JSON a second here:")
    source = arguments.source
    command = command_line(source, settings, arguments.output, best.choice, is_queue=is_queue(source))
    console.print(f"  {command}", style="bold cyan", soft_wrap=True)


def _enough(log_files: list[LogFile], settings: Settings, scratch: Scratch, seconds: float) -> int:
    """How many log files keep one worker busy for so long, told by a first trial with some of them."""
    some = log_files[:_FIRST_TRIAL_LOG_FILES]
    measured = Trials(settings, scratch, some).run(Choice(workers=1))
    return max(_LOG_FILES_MIN, int(measured.log_files * seconds))


if __name__ == "__main__":
    main()
