"""Crash points: nothing unless armed, then exactly there, and only once over all processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

PROGRAM = """
from ingester.model.crash_points import CrashPointError, crash_point
for number in range(3):
    crash_point("other")
    try:
        crash_point("here", f"subject {number}")
    except CrashPointError:
        print("raised", end=" ")
    print(number, end=" ", flush=True)
"""


def run(**environ: str) -> tuple[str, int]:
    """What a process printed that comes by three times, and its status."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ | environ, capture_output=True, text=True, check=False
    )
    return done.stdout.strip(), done.returncode


def test_an_unarmed_point_does_nothing() -> None:
    assert run() == ("0 1 2", 0)
    assert run(INGESTER_CRASH_POINT="elsewhere") == ("0 1 2", 0)


def test_an_armed_point_kills_the_nth_time_that_the_process_comes_by() -> None:
    assert run(INGESTER_CRASH_POINT="here") == ("", -signal.SIGKILL)
    assert run(INGESTER_CRASH_POINT="here:2") == ("0", -signal.SIGKILL)


def test_a_point_can_raise_and_be_for_one_subject() -> None:
    assert run(INGESTER_CRASH_POINT="here:raise", INGESTER_CRASH_POINT_ONLY="2") == ("0 1 raised 2", 0)


def test_a_point_with_a_file_fires_in_one_process_only(tmp_path: Path) -> None:
    fired = str(tmp_path / "fired")
    armed = {"INGESTER_CRASH_POINT": "here:2", "INGESTER_CRASH_POINT_FILE": fired}

    assert run(**armed)[1] == -signal.SIGKILL
    assert run(**armed) == ("0 1 2", 0)
