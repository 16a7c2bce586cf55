"""The Python of the README and of docs/library.md, run as it stands: real processes, a real queue, no patches."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.demo_world.moto_server import CREDENTIALS
from tests.support.library import Trail, key_of, record
from tests.support.moto import Place
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ARN = "arn:aws:iam::123456789012:user/alice"


def programs(page: str) -> list[str]:
    return _PROGRAM.findall((ROOT / page).read_text())


README = programs("README.md")
LIBRARY = programs("docs/library.md")

EXPECTED = {
    "README 0": ["2024-03-13 08:33:30+00:00 Event0 " + ARN, "Event1"],
    "library 0": ["[('Event1', 1)]"],
    "library 1": ["sent 00000000", "sent 00000001"],
    "library 2": ["1 events of s3://", "LogInfo(", "1 events, 1 filtered"],
    "library 3": ["2 events"],
    "library 4": ["2024-03-13 08:33:30+00:00", "my-bucket", "{'brandNew': 1}", "s3://", '"eventID":"00000001"'],
}
"""What each program prints, among other things."""
PROGRAMS = {f"README {n}": text for n, text in enumerate(README)} | {f"library {n}": t for n, t in enumerate(LIBRARY)}


def test_every_program_is_expected_to_print_something() -> None:
    assert PROGRAMS.keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_runs_as_it_stands(moto_place: Place, tmp_path: Path, name: str) -> None:
    trail = Trail(moto_place, moto_place.queue())
    who = {"userIdentity": {"arn": ARN}, "recipientAccountId": "123456789012"}
    first = record(0, **who, readOnly=True, requestParameters={"bucketName": "my-bucket"})
    key = key_of("a")
    some = [first, record(1, **who, errorCode="AccessDenied", brandNew=1)]
    if name == "library 3":
        trail.put(key, some)
        trail.queue.send(json.dumps({"bucket": moto_place.bucket, "keys": [key]}))
    else:
        trail.deliver(key, some)

    returncode, output, errors = run(trail, tmp_path, PROGRAMS[name])

    assert returncode in (0, -signal.SIGINT), errors
    assert "Error" not in errors
    assert [text for text in EXPECTED[name] if text not in output] == []
    assert trail.queue.is_empty()


def run(trail: Trail, directory: Path, program: str) -> tuple[int, str, str]:
    """A program in a process of its own; one that has no end of its own is ended as at a terminal."""
    file = directory / "program.py"
    file.write_text(program)
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    aws = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, **CREDENTIALS}
    process = subprocess.Popen(
        [sys.executable, "-u", str(file)],
        cwd=directory,
        env=others
        | aws
        | {
            "AWS_ENDPOINT_URL": trail.place.server.endpoint_url,
            "QUEUE_URL": trail.queue.url,
            "PYTHONPATH": str(ROOT),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: process.poll() is not None or trail.queue.is_empty(), timeout_seconds=60, what="the end")
        if "until_empty" not in program:
            os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return process.returncode, output, errors


BAD = """
from ingester import CloudTrailEvent, ErrorContext, IngesterError, ProcessingExecutor, Settings

def process(events: list[str]) -> None: ...
def handler(error: IngesterError) -> None: ...

ProcessingExecutor(process, Settings(queue_url=7), exception_handler=handler)
def arn(event: CloudTrailEvent) -> str:
    return event.user_identity.arn
"""


def test_strict_mypy_passes_for_users_and_finds_their_mistakes(tmp_path: Path) -> None:
    for number, program in enumerate(LIBRARY):
        (tmp_path / f"program_{number}.py").write_text(program)
    bad = tmp_path / "bad.py"
    bad.write_text(BAD)
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={ROOT / '.mypy_cache'}", "."],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line for line in ran.stdout.splitlines() if ": error:" in line]
    assert {line.split(":")[0] for line in found} == {"bad.py"}, ran.stdout
    assert {int(line.split(":")[1]) for line in found} == {7, 9}, ran.stdout
    assert len(found) >= 4
