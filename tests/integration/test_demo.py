"""The demo, small: it ends with 0 only when the Parquet holds what was generated, and leaves nothing running."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb

from tests.support.cli import is_running, processes
from tests.support.waiting import wait_until

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DEMO = [sys.executable, "-m", "scripts.demo_world.demo"]


def test_the_demo_ingests_all_and_shows_what_to_find(tmp_path: Path) -> None:
    demo = _start(tmp_path, "--events", "5000", "--output", "lake", "--workers", "2")

    output, _ = demo.communicate(timeout=120)

    assert demo.returncode == 0, output
    assert "every event is in the Parquet, once" in output
    for found in ("192.0.2.66", "192.0.2.201", "CreateAccessKey", "StopLogging", "DeleteTrail"):
        assert found in output
    [(rows,)] = duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/lake/cloudtrail/**/*.parquet'").fetchall()
    assert rows == 5_000


def test_an_interrupted_demo_ends_all_that_it_started_and_removes_its_output(tmp_path: Path) -> None:
    demo = _start(tmp_path, "--events", "20000", "--output", "lake", "--workers", "2")
    children = wait_until(lambda: _descendants(demo.pid, at_least=4), timeout_seconds=60, what="its processes")

    demo.send_signal(signal.SIGINT)
    output, _ = demo.communicate(timeout=60)

    assert demo.returncode == 130, output
    assert not any(map(is_running, children))
    assert not (tmp_path / "lake").exists()


def test_the_demo_refuses_to_write_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")

    demo = _start(tmp_path, "--output", ".")
    output, _ = demo.communicate(timeout=60)

    assert demo.returncode == 2
    assert "Give --output a new one" in output
    assert (tmp_path / "precious").read_text() == "mine"


def _start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT), "COLUMNS": "200"}
    return subprocess.Popen(
        [*DEMO, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _descendants(pid: int, at_least: int) -> list[int] | None:
    """Processes started below one: moto, the ingester and its workers; None while there are fewer."""
    found = {pid}
    for child, parent, _ in processes():
        if parent in found:
            found.add(child)
    return sorted(found - {pid}) if len(found) > at_least else None
