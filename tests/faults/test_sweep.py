"""Each call to SQS, S3, the file system and the ledger fails in turn: the Nth one, once, and all from it on.

After each run with a fault a clean one follows, and the oracle decides. How many calls there are, a run without a
fault counts. CI tries a few places, spread over all; FAULTS_SWEEP=all tries every one.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from scripts.demo_world.log_files import GeneratedLogFile
from tests.faults.injection import injecting
from tests.faults.oracle import assert_oracle
from tests.faults.proxy import Fault, no_answer, reset
from tests.faults.proxy import fault_proxy as start_proxy
from tests.support.cli import ingester
from tests.support.lake import DiskLake, S3Lake
from tests.support.moto import Place
from tests.support.trail import expected_records, message_bodies, small_world, store

PLACES_IN_CI = 6
EMPTYING = ["--until-empty", "--workers", "1", "--region", "us-east-1"]


def _some(last: int) -> list[int]:
    """1 to `last`, or a few of them, evenly spread."""
    if os.environ.get("FAULTS_SWEEP") == "all" or last <= PLACES_IN_CI:
        return list(range(1, last + 1))
    return sorted({1 + number * (last - 1) // (PLACES_IN_CI - 1) for number in range(PLACES_IN_CI)})


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for-good"])
def test_any_call_to_the_file_system_or_the_ledger_may_fail(tmp_path: Path, for_good: bool) -> None:
    """Fails when `Committer._insist` takes every error for done, and when `roll_forward` publishes nothing."""
    log_files = small_world(60)
    for log_file in log_files:
        path = tmp_path / "source" / log_file.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(log_file.body)
    counted = tmp_path / "counted"
    first = _backfill(tmp_path, tmp_path / "lake-0", injecting(root=tmp_path / "lake-0", counter=counted, ledger=1))
    assert first == 0
    calls = counted.stat().st_size
    assert calls > 20

    for nth in _some(calls):
        lake, counter = DiskLake(tmp_path / f"lake-{nth}"), tmp_path / f"counter-{nth}"
        more = {"for_good": 1} if for_good else {}
        faults = injecting(root=lake.root, counter=counter, nth=nth, ledger=1, **more)
        _backfill(tmp_path, lake.root, faults, seconds_max=4 if for_good else 30)
        assert _backfill(tmp_path, lake.root, {}) == 0
        met = counter.with_name(counter.name + ".met")
        assert lake.places() == _expected(tmp_path, log_files), (nth, met.read_text() if met.exists() else "")
        assert lake.leftovers() == []


@pytest.mark.parametrize("fault", [reset, no_answer], ids=["reset", "unanswered"])
def test_any_call_to_sqs_or_s3_may_fail(moto_place: Place, tmp_path: Path, fault: Fault) -> None:
    """Fails when `publish_s3._publish_file` takes an error of CompleteMultipartUpload for a damaged lake, without
    asking."""
    log_files = small_world(60)
    bodies = message_bodies(store(moto_place, log_files))
    nth, calls = 1, 2
    places = [1]
    while places:
        nth = places.pop(0)
        queue = moto_place.queue(visibility_timeout_seconds=10)
        queue.send(*bodies)
        lake = S3Lake(moto_place, tmp_path / f"state-{nth}", prefix=f"lake-{nth}")
        service = ["run", "--queue-url", queue.url, *lake.arguments, *EMPTYING, "--visibility-timeout", "10"]
        with start_proxy(moto_place.server.endpoint_url) as proxy:
            # three in a row: the clients try each call three times by themselves
            proxy.inject("*", fault, skip=nth, times=3)
            ingester(*service, "--endpoint-url", proxy.endpoint_url)
            if nth == 1:
                calls = len(proxy.calls)
                places = _some(calls)[1:]
        ended = ingester(*service, "--endpoint-url", moto_place.server.endpoint_url)
        assert_oracle(lake, moto_place, log_files, queue, ended=ended)


def _backfill(tmp_path: Path, lake: Path, environ: dict[str, str], *, seconds_max: int = 30) -> int:
    """The exit code; -1 for a run that insists until it is killed."""
    import subprocess

    arguments = ["backfill", tmp_path / "source", "--output", lake, "--workers", "1"]
    try:
        return ingester(*arguments, environ=environ, timeout_seconds=seconds_max).exit_code
    except subprocess.TimeoutExpired:
        return -1


def _expected(tmp_path: Path, log_files: list[GeneratedLogFile]) -> Counter[tuple[str, int]]:
    of_disk = [
        GeneratedLogFile(str(tmp_path / "source" / one.key), one.body, one.events, one.json_bytes)
        for one in log_files
    ]
    return Counter(expected_records("", of_disk).keys())
