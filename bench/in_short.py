"""The top of the report: each goal, and what was measured of it."""

from collections.abc import Iterator

from bench.conversion import OURS
from bench.results import Result, load
from bench.supervisor import MESSAGES_A_SECOND

Row = tuple[str, str, str]
"""What, the goal, and what was measured."""


def rows() -> Iterator[Row]:
    """As far as there are results."""
    sections = {
        "conversion": _conversion,
        "function": _function,
        "end-to-end": _end_to_end,
        "supervisor": _supervisor,
    }
    for section, tell in sections.items():
        document = load(section)
        if document is not None:
            yield from tell(document["result"])


def _conversion(result: Result) -> Iterator[Row]:
    startup_seconds = result["startup"]["cpu_seconds"]
    for name, goal_rate, goal_times in (("busy", "200 MB", "12"), ("tiny", "4,000 log files", "4.5")):
        profile = result["profiles"].get(name)
        if profile is None:
            continue
        ours = profile["contenders"][OURS]["cpu_seconds"]
        amount = profile["json_bytes"] / 1e6 if name == "busy" else profile["log_files"]
        unit = goal_rate.split(maxsplit=1)[1]
        what = f"log files of {profile['events_per_log_file']:,} events"
        yield (
            f"{what} to Parquet, a CPU second",
            goal_rate,
            f"{amount / ours:,.0f} {unit}, {amount / (ours - startup_seconds):,.0f} without start-up",
        )
        duckdb = profile["contenders"]["duckdb"]["cpu_seconds"]
        yield f"{what}: CPU of DuckDB, ours = 1", goal_times, _with_and_without(duckdb, ours, startup_seconds)
        if name == "busy":
            floor = profile["floor_cpu_seconds"]
            yield f"{what}: of the floor's speed", "0.33", _with_and_without(floor, ours, startup_seconds, digits=2)


def _with_and_without(theirs: float, ours: float, startup_seconds: float, digits: int = 1) -> str:
    return f"{theirs / ours:.{digits}f}, {theirs / (ours - startup_seconds):.{digits}f} without start-up"


def _function(result: Result) -> Iterator[Row]:
    most = max(result["runs"], key=lambda run: run["workers"])
    what = f"typed events a second to a function that counts them, {most['workers']} workers"
    yield what, "300,000", f"{most['events_a_second']:,.0f}"


def _end_to_end(result: Result) -> Iterator[Row]:
    tiny = [run["cpu_seconds_a_log_file"] for run in result["runs"] if not run["megabytes_a_second"]]
    yield "tiny log files from S3 to Parquet, a CPU second", "2,000", f"{1 / max(tiny):,.0f} to {1 / min(tiny):,.0f}"


def _supervisor(result: Result) -> Iterator[Row]:
    told, boto3 = result["paced"], result["paced, boto3"]
    own, calls, boto3_calls = (
        one * MESSAGES_A_SECOND / 1e6 for one in (told["own_us"], told["calls_us"], boto3["calls_us"])
    )
    what = f"of a core at {MESSAGES_A_SECOND:,} messages a second"
    yield f"the supervisor's own code, {what}", "5 %", f"{own:.0%}"
    yield (
        f"the same with its calls to SQS (boto3's calls alone: {boto3_calls:.0%})",
        "40 %, better 20 %",
        f"{own + calls:.0%}",
    )
