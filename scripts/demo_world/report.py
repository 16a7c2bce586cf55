"""What the demo tells at its end: the summary, the answers, what to type next."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from scripts.demo_world.lake import LakeCounts, open_lake
from scripts.demo_world.queries import QUESTIONS

_ROWS_SHOWN_MAX = 12


@dataclass(frozen=True)
class Done:
    """What went in, and how long the ingester took for it, from its start to its end."""

    messages: int
    log_files: int
    events: int
    json_bytes: int
    seconds: float

    def agrees_with(self, lake: LakeCounts) -> bool:
        """Whether the Parquet holds every event and every log file, each once."""
        return (lake.events, lake.distinct_events, lake.log_files) == (self.events, self.events, self.log_files)


def show_summary(console: Console, done: Done, lake: LakeCounts) -> None:
    """What went in, what came out, how fast, and whether it agrees."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(justify="right", style="cyan")
    table.add_column(style="dim")
    for row in _summary_rows(done, lake):
        table.add_row(*row)
    ok = done.agrees_with(lake)
    verdict = "every event is in the Parquet, once" if ok else "the Parquet differs from what was generated"
    console.print(Panel(table, title=verdict, border_style="green" if ok else "red", expand=False))


def _summary_rows(done: Done, lake: LakeCounts) -> Iterator[tuple[str, str, str]]:
    megabytes = done.json_bytes / 1e6
    yield (
        "messages",
        f"{done.messages:,}",
        "CloudTrail, S3 and EventBridge notifications, direct, through SNS and raw",
    )
    yield "log files", f"{done.log_files:,}", f"{lake.log_files:,} in the Parquet"
    yield "events", f"{done.events:,}", f"{lake.events:,} in the Parquet, {lake.distinct_events:,} distinct"
    yield "JSON", f"{megabytes:,.1f} MB", ""
    yield "time", f"{done.seconds:,.1f} s", "of `ingester run`, start and end included; moto sets the pace"
    yield "speed", f"{done.events / done.seconds:,.0f} events/s", f"{megabytes / done.seconds:,.1f} MB/s of JSON"
    yield "output files", f"{lake.data_files:,}", f"{lake.data_bytes / 1e6:,.1f} MB of Parquet"


def show_answers(console: Console, output: Path) -> None:
    """The questions of a security engineer, with their queries and answers."""
    with open_lake(output) as connection:
        for question in QUESTIONS:
            # as text by DuckDB, which gives times with a zone to Python only where pytz is installed
            answer = connection.execute(f"SELECT COLUMNS(*)::VARCHAR FROM ({question.sql})")
            names = [column[0] for column in answer.description or ()]
            rows = answer.fetchall()
            console.print(f"\n{question.text}", style="bold yellow", highlight=False)
            console.print(Syntax(question.sql, "sql", background_color="default", word_wrap=True))
            table = Table(header_style="bold cyan", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
            for name in names:
                table.add_column(name, overflow="fold")
            for row in rows[:_ROWS_SHOWN_MAX]:
                table.add_row(*("" if value is None else str(value) for value in row))
            console.print(table)
            if len(rows) > _ROWS_SHOWN_MAX:
                console.print(f"… and {len(rows) - _ROWS_SHOWN_MAX:,} more rows", style="dim")


def show_next(console: Console, output: Path, python: str) -> None:
    """Where the Parquet lies and what to type next."""
    console.print(f"\nThe Parquet lies in [bold]{output}/cloudtrail[/]. Next, ask it yourself:", highlight=False)
    query = (
        f"FROM read_parquet('{output}/cloudtrail/**/*.parquet') "
        "SELECT eventSource, eventName, count(*) AS events GROUP BY ALL ORDER BY events DESC LIMIT 10"
    )
    _command(console, f'{python} -c "import duckdb; duckdb.sql(\\"{query}\\").show()"')
    console.print("or turn log files of your own into Parquet:")
    ingester = Path(python).with_name("ingester")
    _command(console, f"{ingester} backfill DIRECTORY_OR_S3_PREFIX --output my-lake")
    _command(console, f"{ingester} run --queue-url YOUR_QUEUE_URL --output my-lake")


def _command(console: Console, line: str) -> None:
    console.print(Text(f"  {line}", style="green"), soft_wrap=True)
