"""`python -m bench`: runs the sections one after another, keeps their figures, rewrites the report when asked to."""

import argparse
import sys
import time
from collections.abc import Callable

from bench import conversion, end_to_end, function, memory, ratios, results, scaling, stage_section, supervisor
from bench.conversion import Say
from bench.measure import BenchError
from bench.report import write_report
from bench.results import Result

Section = Callable[..., Result]

SECTIONS: dict[str, Section] = {
    "conversion": conversion.run_section,
    "stages": stage_section.run_section,
    "ratios": ratios.run_section,
    "scaling": scaling.run_section,
    "function": function.run_section,
    "end-to-end": end_to_end.run_section,
    "supervisor": supervisor.run_section,
    "memory": memory.run_section,
}


def main() -> None:
    """Parse, run, save."""
    parser = argparse.ArgumentParser(
        prog="./scripts/bench", description="Measures the ingester, its floor and its peers."
    )
    parser.add_argument(
        "--quick", action="store_true", help="small data, one round: under two minutes, rough figures"
    )
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="SECTION", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument(
        "--report", action="store_true", help="rewrite bench/REPORT.md, its charts and bench/figures.json"
    )
    parser.add_argument("--no-run", action="store_true", help="with --report: from the figures of earlier runs")
    arguments = parser.parse_args()
    if not arguments.no_run:
        try:
            for name in arguments.only or SECTIONS:
                _run(name, quick=arguments.quick)
        except BenchError as error:
            sys.exit(f"error: {error}")
    if arguments.report:
        write_report()


def _run(name: str, *, quick: bool) -> None:
    began_at_seconds = time.monotonic()
    say: Say = lambda line: print(f"  {line}", flush=True)  # noqa: E731
    print(f"{name} …", flush=True)
    results.save(name, SECTIONS[name](say, quick=quick), quick=quick)
    print(f"  {time.monotonic() - began_at_seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
