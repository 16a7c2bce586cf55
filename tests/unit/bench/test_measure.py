"""Measuring a command: its whole process tree counts."""

import sys

import pytest

from bench.measure import CommandFailedError, run

_BURN = "import time\nwhile time.process_time() < 0.3: pass\n"


def test_cpu_time_of_a_grandchild_counts_even_if_its_parent_does_not_wait_for_it() -> None:
    starts_another = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {_BURN!r}])"

    usage, _ = run([sys.executable, "-c", starts_another])

    assert usage.cpu_seconds >= 0.3


def test_peak_memory_is_that_of_the_largest_process() -> None:
    large = "b = bytearray(100_000_000)"
    starts_another = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {large!r}], check=True)"

    usage, _ = run([sys.executable, "-c", starts_another])

    assert 100_000_000 < usage.peak_rss_bytes < 160_000_000


def test_what_it_prints_is_given_back() -> None:
    _, output = run([sys.executable, "-c", "print('so it goes')"])

    assert output == "so it goes\n"


def test_a_command_that_fails_is_not_measured() -> None:
    with pytest.raises(CommandFailedError, match=r"exit code 3\nlast words"):
        run([sys.executable, "-c", "print('last words'); raise SystemExit(3)"])
