"""The summary of a run, its live display, and the exit code that follows."""

import io
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from rich.console import Console

from ingester.cli.display import show_run
from ingester.cli.progress import Progress
from ingester.cli.summary import print_summary
from ingester.model.quarantine import QuarantinedLogFile
from ingester.model.settings import Settings
from ingester.supervisor.counts import Counts
from ingester.supervisor.run import RunResult


def bad(number: int = 1) -> QuarantinedLogFile:
    return QuarantinedLogFile(
        f"s3://trails/[red]{number}.json.gz", "e", "It is not gzip.", 5, "2024-03-13", "2024-03-13"
    )


def counts_of_a_run() -> Counts:
    return Counts(
        started_at_seconds=time.monotonic() - 10,
        messages=1300,
        messages_deleted=1299,
        messages_given_back=1,
        notifications=Counter({"s3_event": 1200, "unknown": 100}),
        log_files_found=1300,
        log_files=1234,
        already_committed=5,
        digests_skipped=6,
        others_skipped=7,
        events=5_678_900,
        json_bytes=7_000_000_000,
        undated_rows=8,
        data_files=9,
        data_bytes=600_000_000,
        commits=10,
        rolled_forward=2,
        failures=Counter({"fetch": 3, "throttled": 4}),
        workers_died=1,
        stale_receipts=11,
    )


def printed(counts: Counts, output: str = "/lake") -> str:
    console = Console(file=io.StringIO(), width=200, highlight=False)
    print_summary(console, counts, Settings(output=output))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_every_count_of_a_run_is_in_its_summary() -> None:
    summary = printed(counts_of_a_run())

    for words in (
        "1,300 1,299 deleted, 1 given back, 1,200 s3_event, 100 unknown",
        "1,234 5 already in, 6 digests skipped, 7 others skipped",
        "5,678,900 8 without a usable eventTime",
        "7,000.0 MB",
        "events/s",
        "600.0 MB in 10 commits",
        "2 commits of a former run published",
        "1 workers replaced",
        "7 attempts failed",
        "11 stale receipt handles",
    ):
        assert words in " ".join(summary.split()), words


def test_a_run_with_nothing_has_a_summary_too() -> None:
    summary = printed(Counts())

    assert "log files" in summary
    assert "duckdb" not in summary


@pytest.mark.parametrize(
    ("output", "glob"),
    [
        ("/lake/", "/lake/cloudtrail/**/*.parquet"),
        ("lake", "lake/cloudtrail/**/*.parquet"),
        ("s3://lake/x/", "s3://lake/x/cloudtrail/**/*.parquet"),
    ],
)
def test_the_summary_ends_with_a_query_to_type_next(output: str, glob: str) -> None:
    last_line = printed(counts_of_a_run(), output).rstrip().splitlines()[-1]

    assert last_line.strip().startswith(r'python -c "import duckdb; print(duckdb.sql(\"SELECT eventName, count(*)')
    assert f"read_parquet('{glob}')" in last_line


def test_what_is_quarantined_is_listed_with_its_reason_as_it_is_written() -> None:
    counts = counts_of_a_run()
    counts.quarantined = [bad()]
    counts.quarantined_records = 3
    summary = printed(counts)

    assert "/lake/_ingester/quarantine/" in summary
    assert "s3://trails/[red]1.json.gz" in summary
    assert "It is not gzip." in summary
    assert "3 records, with their bytes" in summary


def test_a_long_list_of_quarantined_log_files_is_cut_and_says_so() -> None:
    counts = counts_of_a_run()
    counts.quarantined = [bad(number) for number in range(25)]

    assert "and 5 more log files" in printed(counts)


def ended(is_backfill: bool, interrupted: bool = False, **counts: object) -> int:
    run: Callable[[object], RunResult] = lambda _: RunResult(Counts(**counts), interrupted)  # type: ignore[arg-type] # noqa: E731
    try:
        show_run(Settings(output="/lake"), run, is_backfill=is_backfill)
    except typer.Exit as exit_:
        return exit_.exit_code
    return 0


@pytest.mark.parametrize(
    ("is_backfill", "interrupted", "counts", "code"),
    [
        (True, False, {}, 0),
        (True, False, {"quarantined": [bad()]}, 1),
        (True, False, {"quarantined_records": 1}, 1),
        (True, True, {}, 130),
        (False, False, {}, 0),
        (False, True, {}, 0),
        (False, False, {"quarantined": [bad()]}, 0),
    ],
)
@pytest.mark.usefixtures("capsys")
def test_the_exit_code_tells_whether_a_backfill_is_complete(
    is_backfill: bool, interrupted: bool, counts: dict[str, object], code: int
) -> None:
    assert ended(is_backfill, interrupted, **counts) == code


def test_the_display_takes_any_counts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with Progress() as progress:
        progress.tick(Counts())
        progress.tick(counts_of_a_run())

    assert capsys.readouterr().out == ""
