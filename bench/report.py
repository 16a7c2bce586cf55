"""The report: `bench/REPORT.md` and its charts, written from the figures that runs have left."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import charts, in_short
from bench.conversion import OURS
from bench.ratios import write_figures
from bench.results import Result, load
from bench.supervisor import MESSAGES_A_SECOND

REPORT = Path(__file__).resolve().parent / "REPORT.md"

_CONTENDERS = {
    OURS: "ingester, one worker",
    "polars": "Polars (no free-form columns)",
    "ijson": "ijson → dicts → from_pylist",
    "orjson": "orjson → from_pylist",
    "duckdb": "DuckDB read_json",
}
_FLOOR = "the floor"
_WAY = ("gunzip", "split", "typed decode", "columns", "partition, sort, stage")
"""The stages that every event of an ordinary log file goes through, in order."""


def write_report() -> None:
    """Rewrite the report, its charts, and the figures of the regression guard, as far as there are results."""
    ratios = load("ratios")
    if ratios is not None and not ratios["quick"]:  # a quick run is too rough for others to be held to it
        write_figures(ratios["result"]["ratios"])
    REPORT.write_text(report())


def report() -> str:
    """The page; its charts are drawn."""
    parts = [_head()]
    for section, write in (
        ("conversion", _conversion), ("stages", _stages), ("scaling", _scaling), ("function", _function),
        ("end-to-end", _end_to_end), ("supervisor", _supervisor), ("memory", _memory),
    ):  # fmt: skip
        document = load(section)
        if document is not None:
            parts.append("\n".join(write(document["result"])))
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table, numbers to the right."""
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def number(value: float) -> str:
    """Three digits are all that a measurement gives."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _head() -> str:
    documents = [document for name in _SECTIONS if (document := load(name)) is not None]
    machine = documents[-1]["machine"] if documents else {}
    quick = any(document["quick"] for document in documents)
    return "\n\n".join([
        "# How fast it is, and what that rests on",
        "Written by `./scripts/bench --report`. A CPU second is one of the whole process tree, user and system; MB "
        "are 10⁶ bytes of JSON; log files are generated (`scripts/demo_world`), gzip level 6. Compare the ratios: "
        "they hold on other machines, the figures do not.",
        *(["**Rough figures, from a quick run.**"] if quick else []),
        table(("machine", ""), machine.items()),
        "## In short",
        table(("what", "goal", "measured"), in_short.rows()),
    ])  # fmt: skip


_SECTIONS = ("conversion", "stages", "ratios", "scaling", "function", "end-to-end", "supervisor", "memory")


def _conversion(result: Result) -> Iterator[str]:
    yield "## Whole conversions, against peers and the floor\n"
    yield (
        "From process start to exit, the same log files, one thread each, every row compared before its time counts. "
        "*The floor* is what the C underneath takes and nothing else: gunzip with isal, one full simdjson parse, "
        "writing the ready Arrow table as the same Parquet. Start-up (imports, supervisor, worker, ledger) is "
        f"{result['startup']['cpu_seconds']:.2f} CPU seconds of each of our runs, and is in the figures.\n"
    )
    for name, profile in result["profiles"].items():
        yield from _contest(name, profile, result["startup"]["cpu_seconds"])


def _contest(name: str, profile: Result, startup_seconds: float) -> Iterator[str]:
    megabytes = profile["json_bytes"] / 1e6
    cpu_seconds = {label: profile["contenders"][key]["cpu_seconds"] for key, label in _CONTENDERS.items()}
    ours = cpu_seconds[_CONTENDERS[OURS]]
    steady = "ingester, without start-up"
    cpu_seconds = {steady: ours - startup_seconds, **cpu_seconds, _FLOOR: profile["floor_cpu_seconds"]}
    yield (
        f"### {name}: {profile['log_files']:,} log files of {profile['events_per_log_file']:,} events, "
        f"{megabytes:,.0f} MB\n"
    )
    peaks = {label: profile["contenders"][key]["peak_rss_bytes"] for key, label in _CONTENDERS.items()}
    rows = [
        (
            label,
            number(megabytes / seconds),
            number(profile["log_files"] / seconds),
            number(profile["events"] / seconds / 1000),
            f"{ours / seconds:.2f}",
            number(peaks[label] / 1e6) if label in peaks else "",
        )
        for label, seconds in sorted(cpu_seconds.items(), key=lambda item: item[1])
    ]
    yield table(("per CPU second", "MB", "log files", "1,000 events", "speed, ours = 1", "peak MB"), rows)
    yield (
        f"\nDuckDB takes {cpu_seconds[_CONTENDERS['duckdb']] / ours:.1f} times our CPU. We run at "
        f"{cpu_seconds[_FLOOR] / ours:.2f} of the floor's speed, "
        f"{cpu_seconds[_FLOOR] / (ours - startup_seconds):.2f} without start-up.\n"
    )
    charts.bars(
        f"conversion-{name}",
        f"{name}: log files of {profile['events_per_log_file']:,} events",
        {label: megabytes / seconds for label, seconds in cpu_seconds.items()},
        "MB of JSON per CPU second",
        ours=(_CONTENDERS[OURS], steady),
        floor=_FLOOR,
    )
    yield f"![{name}](charts/conversion-{name}.png)\n"


def _stages(result: Result) -> Iterator[str]:
    yield "## Stages\n"
    yield "CPU time in one process, the least of some rounds (pytest-benchmark): µs an event (MB of JSON a second).\n"
    names = list(next(iter(result.values()))["cpu_seconds"])
    rows = []
    for stage in names:
        cells = [stage]
        for profile in result.values():
            seconds = profile["cpu_seconds"][stage]
            cells.append(f"{seconds / profile['events'] * 1e6:.2f} ({number(profile['json_bytes'] / 1e6 / seconds)})")
        rows.append(cells)
    yield table(("µs an event (MB/s)", *result), rows)
    charts.stacked(
        "stages",
        "Where the CPU goes, µs an event",
        {
            name: {stage: profile["cpu_seconds"][stage] / profile["events"] * 1e6 for stage in _WAY}
            for name, profile in result.items()
        },
        "µs an event",
    )
    yield "\n![stages](charts/stages.png)"


def _scaling(result: Result) -> Iterator[str]:
    yield "## Workers\n"
    yield "By number of workers, start-up taken off. Efficiency: the speed-up over the number of workers.\n"
    series = {}
    for name, profile in result.items():
        seconds = {run["workers"]: run["seconds"] - run["startup_seconds"] for run in profile["runs"]}
        rows = []
        for run in profile["runs"]:
            took = seconds[run["workers"]]
            speed_up = seconds[1] / took
            rows.append((
                run["workers"], number(profile["events"] / took / 1000),
                number(profile["json_bytes"] / 1e6 / took), number(profile["log_files"] / took),
                f"{speed_up:.2f}", f"{speed_up / run['workers']:.0%}",
            ))  # fmt: skip
        yield f"### {name}\n"
        yield table(("workers", "1,000 events/s", "MB/s", "log files/s", "speed-up", "efficiency"), rows) + "\n"
        series[name] = [(workers, seconds[1] / took) for workers, took in seconds.items()]
    workers = [x for x, _ in next(iter(series.values()))]
    charts.lines(
        "scaling", "Speed-up by workers", series, ("workers", "times one worker"), ideal=[(x, x) for x in workers]
    )
    yield "![scaling](charts/scaling.png)"


def _function(result: Result) -> Iterator[str]:
    yield "## The library: events to a function\n"
    yield (
        f"Log files of {result['events_per_log_file']:,} events in a directory, to `ingester.processors.count:Count` "
        "in worker processes: typed events, counted by source and name. Start-up taken off.\n"
    )
    rows = [
        (run["workers"], number(run["events_a_second"] / 1000), f"{run['cpu_us_an_event']:.2f}")
        for run in result["runs"]
    ]
    yield table(("workers", "1,000 events/s", "CPU µs an event"), rows)
    yield "\n### What declarative filters cost\n"
    yield "CPU time more than without, all events kept, which is the worst: a filter that drops events saves work.\n"
    filters = result["filters"]["cpu_seconds"]
    names = [name for name in next(iter(filters.values())) if name != "none"]
    yield table(
        ("to", *names),
        [(way, *(f"{taken[name] / taken['none'] - 1:+.1%}" for name in names)) for way, taken in filters.items()],
    )


def _end_to_end(result: Result) -> Iterator[str]:
    yield "## From S3 and SQS: how many fetches ahead hide the latency\n"
    yield (
        "`ingester run` with one worker against the fakes of `bench/fakes`, which answer in 15 µs and then wait as "
        "long as told before the first byte. CPU is that of supervisor and worker, GETs and calls to SQS included: "
        "the goal is 2,000 tiny log files a CPU second, 500 µs each.\n"
    )
    tiny = [run for run in result["runs"] if not run["megabytes_a_second"]]
    large = [run for run in result["runs"] if run["megabytes_a_second"]]
    for runs, name, what in ((tiny, "latency", "tiny log files"), (large, "bandwidth", "log files of 4,000 events")):
        if not runs:
            continue
        yield f"### {what}\n"
        yield table(
            ("latency ms", "fetches ahead", "log files/s", "CPU µs a log file", "GETs at once, most", "fake's CPU"),
            [
                (
                    run["latency_ms"], run["fetches_ahead"], number(run["log_files_a_second"]),
                    number(run["cpu_seconds_a_log_file"] * 1e6), run["gets_at_once_max"] or "",
                    f"{run['fake_cpu_share']:.0%}",
                )
                for run in runs
            ],
        ) + "\n"  # fmt: skip
        series: dict[str, list[tuple[float, float]]] = {}
        for run in runs:
            points = series.setdefault(f"{run['latency_ms']} ms", [])
            points.append((run["fetches_ahead"], run["log_files_a_second"]))
        charts.lines(
            f"fetches-{name}", f"{what}: log files a second, one worker", series,
            ("fetches ahead", "log files/s"), powers_of_two=True,
        )  # fmt: skip
        yield f"![fetches ahead](charts/fetches-{name}.png)\n"


def _supervisor(result: Result) -> Iterator[str]:
    yield "## The supervisor\n"
    yield (
        f"CPU for each message, and what that is of a core at {MESSAGES_A_SECOND:,} messages a second: the goal is "
        "5 % for the supervisor's own code, and 20 % with its calls to SQS. *boto3*: the same with boto3's client.\n"
    )
    rows = []
    for name, told in result.items():
        shares = [f"{told[part] * MESSAGES_A_SECOND / 1e6:.0%}" for part in ("own_us", "calls_us")]
        rows.append((
            name, number(told["messages_a_second"]), number(told["own_us"]), shares[0],
            number(told["calls_us"]), shares[1], f"{told['received_a_call']:.1f}",
        ))  # fmt: skip
    yield table(
        ("", "messages/s", "own code µs", "of a core", "SQS calls µs", "of a core", "messages a receive"), rows
    )
    calls = {name for told in result.values() for name in told["call_us"]}
    yield "\n" + table(
        ("CPU µs a call", *result),
        [(name, *(number(told["call_us"].get(name, 0)) for told in result.values())) for name in sorted(calls)],
    )


def _memory(result: Result) -> Iterator[str]:
    yield "## Memory\n"
    yield "Peak of the worker, in MB.\n"
    peaks = {name: told["peak_rss_bytes"] / 1e6 for name, told in result.items()}
    yield table(("log files", "peak MB"), [(name, number(peak)) for name, peak in peaks.items()])
    charts.bars("memory", "Peak memory of a worker", peaks, "MB", ours=tuple(peaks))
    yield "\n![memory](charts/memory.png)"
