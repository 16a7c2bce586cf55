"""`./scripts/tune`, the real program: it recommends, costs the source nothing and leaves nothing behind."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.measure import PROJECT_ROOT
from scripts.demo_world.log_files import GeneratedLogFile, World
from scripts.demo_world.notifications import StoredObject, cloudtrail_message, sns_envelope
from tests.support.moto import Place


@dataclass(frozen=True)
class Tuned:
    """What the program gave."""

    exit_code: int
    output: str
    errors: str


def tune(source: str | Path, output: str | Path, folder: Path, *more: str) -> Tuned:
    """Runs it with few and short trials."""
    command = [sys.executable, "-m", "bench.tune", str(source), "--output", str(output), "--seconds", "0.05"]
    command += ["--workers", "1,2", "--fetches-ahead", "8", "--batch-rows", "512"]
    done = subprocess.run(
        [*command, "--chart", str(folder / "tune.png"), *more], cwd=PROJECT_ROOT, capture_output=True, text=True
    )
    return Tuned(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def log_files() -> list[GeneratedLogFile]:
    """Some log files of an organisation."""
    return list(World(account_count=3, region_count=2, day_count=1).log_files(400))


def test_a_directory_is_tuned_for_and_nothing_is_left_behind(
    tmp_path: Path, log_files: list[GeneratedLogFile]
) -> None:
    source, output = tmp_path / "source", tmp_path / "lake"
    for one in log_files:
        path = source / one.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.body)

    tuned = tune(source, output, tmp_path)

    assert tuned.exit_code == 0, tuned.errors
    assert f"ingester backfill {source} --output {output} --workers" in tuned.output
    assert (tmp_path / "tune.png").read_bytes().startswith(b"\x89PNG")
    assert not list(output.rglob("*.parquet"))
    assert not list(output.rglob("tune-*"))


def test_a_live_queue_keeps_every_message_visible_and_an_output_on_s3_is_left_as_it_was(
    tmp_path: Path, moto_place: Place, log_files: list[GeneratedLogFile]
) -> None:
    moto_place.put((one.key, one.body) for one in log_files)
    queue = moto_place.queue(visibility_timeout_seconds=600, max_receive_count=5)
    stored = [StoredObject(moto_place.bucket, one.key, "", len(one.body)) for one in log_files[:30]]
    queue.send(*(sns_envelope(cloudtrail_message([one])) for one in stored))
    output = f"s3://{moto_place.bucket}/lake"

    tuned = tune(queue.url, output, tmp_path, "--endpoint-url", moto_place.server.endpoint_url)

    assert tuned.exit_code == 0, tuned.errors
    assert "30 messages looked at and given back; none deleted" in tuned.output
    assert f"ingester run --queue-url {queue.url}" in tuned.output
    assert queue.counts() == (30, 0, 0)
    assert queue.dead_letters() == []
    listed = moto_place.s3.list_objects_v2(Bucket=moto_place.bucket)
    assert {found["Key"] for found in listed["Contents"]} == {one.key for one in log_files}


def test_a_queue_that_moves_messages_away_after_a_receive_is_not_touched(tmp_path: Path, moto_place: Place) -> None:
    queue = moto_place.queue(max_receive_count=1)
    queue.send("anything")

    tuned = tune(queue.url, tmp_path / "lake", tmp_path, "--endpoint-url", moto_place.server.endpoint_url)

    assert tuned.exit_code == 2
    assert "moves a message away after 1 receives" in tuned.errors
    assert queue.counts() == (1, 0, 0)


def test_a_source_without_log_files_is_an_error_of_one_sentence(tmp_path: Path) -> None:
    tuned = tune(tmp_path, tmp_path / "lake", tmp_path)

    assert tuned.exit_code == 2
    assert tuned.errors.startswith("error: There are no log files in")
    assert "Traceback" not in tuned.errors
