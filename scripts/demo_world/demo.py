"""The demo: two days of an organisation's log files in a moto server, `ingester run` on its queue, and questions."""

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scripts.demo_world import lake, report
from scripts.demo_world.feed import Feeder, announcements
from scripts.demo_world.ingest import DemoError, ingest
from scripts.demo_world.log_files import GeneratedLogFile, World
from scripts.demo_world.moto_server import moto_server
from scripts.demo_world.notifications import StoredObject
from scripts.demo_world.place import Place, set_up, store

_EVENTS_MIN = 1_000
_DEFAULT_OUTPUT = Path("demo-output")


@dataclass(frozen=True)
class Options:
    """What the user chose. `workers` None: the ingester's default."""

    events: int
    output: Path
    workers: int | None
    seed: int


def main() -> int:
    """Runs the demo. 0 only if every generated event is in the Parquet exactly once; 1, 2 and 130 otherwise."""
    # clean up on SIGTERM as on Ctrl-C, so that nothing is left running
    signal.signal(signal.SIGTERM, _raise_keyboard_interrupt)
    console = Console()
    try:
        return _demo(_options(), console)
    except KeyboardInterrupt:
        console.print("Stopped. What the demo had started is ended, and its output removed.")
        return 130
    except DemoError as error:
        console.print(f"error: {error}", style="red", highlight=False, markup=False)
        return 2


def _raise_keyboard_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="./scripts/demo", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="events to generate (default: 200000)")
    parser.add_argument(
        "--output", type=Path, default=_DEFAULT_OUTPUT, help="where the Parquet goes (default: %(default)s)"
    )
    parser.add_argument("--workers", type=int, help="worker processes (default: usable cores)")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other events (default: 1)")
    given = parser.parse_args()
    if given.events < _EVENTS_MIN:
        parser.error(f"--events must be {_EVENTS_MIN} or more")
    return Options(given.events, given.output, given.workers, given.seed)


def _demo(options: Options, console: Console) -> int:
    with _output_directory(options.output) as output, moto_server() as server, _progress(console) as progress:
        place = set_up(server)
        objects, log_files = _store(place, options, progress)
        feeder = Feeder(place, list(announcements(place.bucket, objects)))
        arguments = ["--output", str(output)]
        if options.workers is not None:
            arguments += ["--workers", str(options.workers)]
        seconds = ingest(place, feeder, arguments, progress)
    done = report.Done(
        messages=feeder.total,
        log_files=len(log_files),
        events=sum(log_file.events for log_file in log_files),
        json_bytes=sum(log_file.json_bytes for log_file in log_files),
        seconds=seconds,
    )
    counts = lake.count(output)
    report.show_summary(console, done, counts)
    if not done.agrees_with(counts):
        return 1
    report.show_answers(console, output)
    report.show_next(console, output, os.path.relpath(sys.executable))
    return 0


@contextmanager
def _output_directory(output: Path) -> Iterator[Path]:
    """An empty output directory, removed again if the demo does not get to its end.

    What an earlier demo left in the default place is removed, nothing else ever is.
    """
    if output == _DEFAULT_OUTPUT:
        shutil.rmtree(output, ignore_errors=True)
    elif output.exists() and not (output.is_dir() and not any(output.iterdir())):
        raise DemoError(f"{output} is there already and not an empty directory. Give --output a new one.")
    output.mkdir(parents=True, exist_ok=True)
    try:
        yield output
    except BaseException:
        shutil.rmtree(output, ignore_errors=True)
        raise


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description:24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        yield progress


def _store(place: Place, options: Options, progress: Progress) -> tuple[list[StoredObject], list[GeneratedLogFile]]:
    """Generates log files into the bucket. The log files that it gives are without their bodies, for counting."""
    task = progress.add_task("Writing log files to S3", total=options.events, unit="events")
    log_files: list[GeneratedLogFile] = []

    def count(log_file: GeneratedLogFile) -> None:
        log_files.append(GeneratedLogFile(log_file.key, b"", log_file.events, log_file.json_bytes))
        progress.advance(task, log_file.events)

    objects = list(store(place, World(seed=options.seed).log_files(options.events), count))
    return objects, log_files


if __name__ == "__main__":
    sys.exit(main())
