"""The report, written from figures that were made up: it says what they say and names no machine."""

import getpass
import socket
from pathlib import Path
from typing import Any

import pytest

from bench import charts, results
from bench.conversion import OURS, PEERS
from bench.report import number, report


def usage(cpu_seconds: float) -> dict[str, float]:
    return {"seconds": cpu_seconds, "cpu_seconds": cpu_seconds, "system_seconds": 0.1, "peak_rss_bytes": 2e8}


CONVERSION: dict[str, Any] = {
    "startup": usage(0.5),
    "profiles": {
        "busy": {
            "events_per_log_file": 4000,
            "log_files": 100,
            "events": 400_000,
            "json_bytes": 600_000_000,
            "gzip_bytes": 60_000_000,
            "floor_cpu_seconds": 1.0,
            "contenders": {OURS: usage(2.5)} | {peer: usage(30.0) for peer in PEERS},
            "compared": {},
        }
    },
}


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results and charts of this test alone."""
    monkeypatch.setattr(results, "FOLDER", tmp_path / "results")
    monkeypatch.setattr(charts, "FOLDER", tmp_path / "charts")
    return tmp_path


def test_figures_are_per_cpu_second_and_as_ratios(folders: Path) -> None:
    results.save("conversion", CONVERSION, quick=False)

    page = report()

    assert "| ingester, one worker | 240 | 40 | 160 | 1.00 | 200 |" in page
    assert "| ingester, without start-up | 300 |" in page
    assert "| the floor | 600 |" in page
    assert "DuckDB takes 12.0 times our CPU. We run at 0.40 of the floor's speed, 0.50 without start-up." in page
    assert (folders / "charts" / "conversion-busy.png").read_bytes().startswith(b"\x89PNG")


def test_what_counts_comes_first_with_its_goal(folders: Path) -> None:
    results.save("conversion", CONVERSION, quick=False)
    results.save("function", {"events_per_log_file": 4000, "runs": [
        {"workers": 1, "events_a_second": 2e5, "cpu_us_an_event": 5.0},
        {"workers": 2, "events_a_second": 3.5e5, "cpu_us_an_event": 5.0},
    ], "filters": {"cpu_seconds": {"Parquet": {"none": 1.0, "one": 1.02}}}}, quick=False)  # fmt: skip

    page = report()

    assert "| log files of 4,000 events to Parquet, a CPU second | 200 MB | 240 MB, 300 without start-up |" in page
    assert "| log files of 4,000 events: CPU of DuckDB, ours = 1 | 12 | 12.0, 15.0 without start-up |" in page
    assert "| typed events a second to a function that counts them, 2 workers | 300,000 | 350,000 |" in page
    assert page.index("## In short") < page.index("## Whole conversions")


def test_a_quick_run_is_called_rough(folders: Path) -> None:
    results.save("conversion", CONVERSION, quick=True)

    assert "Rough figures" in report()


def test_the_machine_is_described_but_not_named(folders: Path) -> None:
    results.save("conversion", CONVERSION, quick=False)

    page = report()

    assert "| cores |" in page
    assert socket.gethostname() not in page
    assert str(Path.home()) not in page
    assert f"/{getpass.getuser()}/" not in page


def test_sections_that_were_never_run_are_left_out(folders: Path) -> None:
    results.save("memory", {"tiny": {"peak_rss_bytes": 150e6, "seconds": 1, "cpu_seconds": 1}}, quick=False)

    page = report()

    assert "## Memory" in page
    assert "| tiny | 150 |" in page
    assert "## Stages" not in page


def test_what_functions_and_filters_cost_is_told(folders: Path) -> None:
    run = {"workers": 2, "events_a_second": 412_345.6, "cpu_us_an_event": 4.8}
    filters = {
        "events": 1,
        "cpu_seconds": {"Parquet": {"none": 1.0, "one": 1.03}, "function": {"none": 2.0, "one": 2.0}},
    }
    results.save("function", {"events_per_log_file": 4000, "runs": [run], "filters": filters}, quick=False)

    page = report()

    assert "| 2 | 412 | 4.80 |" in page
    assert "| Parquet | +3.0% |" in page
    assert "| function | +0.0% |" in page


@pytest.mark.parametrize(
    ("value", "shown"), [(12345.6, "12,346"), (99.96, "100"), (1.234, "1.23"), (0.0123, "0.0123")]
)
def test_numbers_are_shown_with_three_digits(value: float, shown: str) -> None:
    assert number(value) == shown
