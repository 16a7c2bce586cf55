"""What every lake promises: one suite, run over a directory and over S3."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import duckdb
import msgspec
import pytest

from ingester.lake.open import open_lake
from ingester.lake.stage import Stage
from ingester.model.commit import Commit
from ingester.model.errors import ConfigurationError, LakeDamagedError
from ingester.model.quarantine import QuarantinedLogFile
from ingester.model.settings import Settings
from tests.unit.lake.rows import batch, commit_of, committed_log_file, new_commit_id, row, usual_batch

ENTRY = QuarantinedLogFile(
    uri="s3://trail/AWSLogs/a b.json.gz",
    etag="e1",
    reason="not gzip",
    attempts=5,
    first_seen="2024-03-13T08:00:00+00:00",
    last_seen="2024-03-13T08:00:00+00:00",
)
PROJECT_ROOT = Path(__file__).resolve().parents[3]


class LakeWorld(Protocol):
    """An empty lake for one test, and what can be seen of it from outside."""

    settings: Settings

    def visible(self) -> dict[str, int]:
        """What a reader of the output finds, staging directories aside: path and size in bytes."""

    def staged(self) -> int:
        """How many staging directories, or multipart uploads, there are."""

    def as_directory(self) -> str:
        """A directory with all that is visible."""

    def publish_first_file(self, commit: Commit) -> None:
        """Leave the state behind that a kill does right after the first data file was published."""

    def overwrite(self, path: str, content: bytes) -> None:
        """Put something else at a path."""


class LakeContract:
    """Subclasses have a fixture `world`."""

    def test_staged_rows_are_seen_by_no_reader_until_they_are_published(self, world: LakeWorld) -> None:
        lake = open_lake(world.settings)
        lake.check_writable()
        commit = stage(world, regions=("eu-west-1", "eu-west-2"))
        assert world.visible() == {}
        lake.publish(commit)
        assert world.visible() == sizes(commit)
        assert world.staged() == 0

    def test_duckdb_reads_published_rows_with_their_partitions_and_nothing_staged(self, world: LakeWorld) -> None:
        lake = open_lake(world.settings)
        lake.publish(stage(world, regions=("eu-west-1", "a/b é=%")))
        stage(world, regions=("eu-west-1",))
        pattern = f"{world.as_directory()}/cloudtrail/**/*.parquet"
        found = duckdb.sql(
            "select date::varchar, region, count(*), count(distinct eventID) "
            f"from read_parquet('{pattern}', hive_partitioning=true) group by all order by 2"
        ).fetchall()
        assert found == [("2024-03-13", "a/b é=%", 10, 10), ("2024-03-13", "eu-west-1", 10, 10)]

    def test_publishing_again_changes_nothing(self, world: LakeWorld) -> None:
        commit = stage(world)
        open_lake(world.settings).publish(commit)
        before = world.visible()
        open_lake(world.settings).publish(commit)
        assert world.visible() == before == sizes(commit)

    def test_a_publish_that_died_between_two_files_is_finished_by_the_next(self, world: LakeWorld) -> None:
        commit = stage(world, regions=("eu-west-1", "eu-west-2", "eu-west-3"))
        world.publish_first_file(commit)
        open_lake(world.settings).publish(commit)
        assert world.visible() == sizes(commit)

    def test_a_sweep_between_commit_and_publish_leaves_a_pending_commit_alone(self, world: LakeWorld) -> None:
        lake = open_lake(world.settings)
        published, pending, garbage = stage(world), stage(world), stage(world)
        lake.publish(published)
        assert lake.sweep({pending.commit_id}) == 1
        assert lake.sweep({pending.commit_id}) == 0
        lake.publish(pending)
        assert world.visible() == {**sizes(published), **sizes(pending)}
        with pytest.raises(LakeDamagedError):
            lake.publish(garbage)

    def test_a_sweep_of_one_worker_leaves_what_the_others_stage(self, world: LakeWorld) -> None:
        lake = open_lake(world.settings)
        dead, other = stage(world), stage(world)
        assert lake.sweep((), dead.commit_id[:16]) == 1
        assert lake.sweep((), dead.commit_id[:16]) == 0
        lake.publish(other)
        assert world.visible() == sizes(other)

    def test_a_file_neither_staged_nor_published_is_damage_that_names_it(self, world: LakeWorld) -> None:
        lake = open_lake(world.settings)
        commit = stage(world)
        lake.discard(commit.commit_id, commit.data_files)
        with pytest.raises(LakeDamagedError, match=f"{commit.data_files[0].path}.* neither staged nor published: 10"):
            lake.publish(commit)

    def test_another_file_in_its_place_is_damage(self, world: LakeWorld) -> None:
        lake = open_lake(world.settings)
        commit = stage(world)
        lake.discard(commit.commit_id, commit.data_files)
        world.overwrite(commit.data_files[0].path, b"somebody else's")
        with pytest.raises(LakeDamagedError, match=commit.data_files[0].path):
            lake.publish(commit)

    def test_discard_removes_one_commit_only_and_may_be_repeated(self, world: LakeWorld) -> None:
        lake = open_lake(world.settings)
        rejected, other = stage(world), stage(world)
        lake.discard(rejected.commit_id, rejected.data_files)
        lake.discard(rejected.commit_id, rejected.data_files)
        assert world.staged() == 1
        lake.publish(other)
        assert world.visible() == sizes(other)

    def test_a_stage_that_is_discarded_leaves_nothing(self, world: LakeWorld) -> None:
        written = Stage(world.settings, new_commit_id())
        written.write(usual_batch())
        written.quarantine_record("s3://trail/a.json.gz", 0, "not an object", b"1")
        written.finish([])
        assert world.staged() > 0
        written.discard()
        assert world.staged() == 0

    def test_quarantined_records_are_published_with_their_commit(self, world: LakeWorld) -> None:
        written = Stage(world.settings, new_commit_id())
        written.quarantine_record("s3://trail/a.json.gz", 0, "not an object", b"1")
        commit = commit_of(written.commit_id, written.finish([]))
        assert world.visible() == {}
        open_lake(world.settings).publish(commit)
        assert list(world.visible()) == [f"_ingester/quarantine/records/{commit.commit_id}.jsonl"]

    def test_a_quarantined_log_file_is_listed_until_it_is_removed(self, world: LakeWorld) -> None:
        lake = open_lake(world.settings)
        other = msgspec.structs.replace(ENTRY, uri="file:///a%20b.json.gz", etag=None)
        assert lake.list_quarantine() == []
        lake.quarantine_log_file(ENTRY)
        lake.quarantine_log_file(other)
        assert open_lake(world.settings).list_quarantine() == [other, ENTRY]
        lake.remove_quarantine(ENTRY)
        lake.remove_quarantine(ENTRY)
        assert lake.list_quarantine() == [other]

    def test_a_log_file_quarantined_again_keeps_when_it_was_first_seen(self, world: LakeWorld) -> None:
        lake = open_lake(world.settings)
        lake.quarantine_log_file(ENTRY)
        again = "2024-03-14T00:00:00+00:00"
        lake.quarantine_log_file(
            msgspec.structs.replace(ENTRY, reason="cut short", first_seen=again, last_seen=again)
        )
        (found,) = lake.list_quarantine()
        assert (found.reason, found.first_seen, found.last_seen) == ("cut short", ENTRY.first_seen, again)

    def test_an_entry_from_before_the_etag_was_known_is_removed_too(self, world: LakeWorld) -> None:
        lake = open_lake(world.settings)
        lake.quarantine_log_file(msgspec.structs.replace(ENTRY, etag=None))
        lake.remove_quarantine(ENTRY)
        assert lake.list_quarantine() == []

    def test_an_unreadable_entry_is_damage_that_names_it(self, world: LakeWorld) -> None:
        world.overwrite("_ingester/quarantine/log_files/abc.json", b"{")
        with pytest.raises(LakeDamagedError, match=r"abc\.json is no quarantine entry"):
            open_lake(world.settings).list_quarantine()

    def test_a_second_supervisor_is_kept_out_and_told_by_whom(self, world: LakeWorld) -> None:
        with open_lake(world.settings).lock():
            with pytest.raises(ConfigurationError, match=rf"process {os.getpid()}\)") as refused:
                open_lake(world.settings).lock().__enter__()
            assert world.settings.output.rstrip("/") in str(refused.value)
        with open_lake(world.settings).lock():
            pass

    def test_a_killed_supervisor_leaves_no_lock_behind(self, world: LakeWorld) -> None:
        code = (
            "import msgspec, sys\n"
            "from ingester.lake.open import open_lake\n"
            "from ingester.model.settings import Settings\n"
            "with open_lake(msgspec.json.decode(sys.argv[1], type=Settings)).lock():\n"
            "    print('locked', flush=True); sys.stdin.read()"
        )
        command = [sys.executable, "-c", code, msgspec.json.encode(world.settings).decode()]
        with subprocess.Popen(
            command, cwd=PROJECT_ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "locked\n"
            with pytest.raises(ConfigurationError, match=rf"process {holder.pid}\)"):
                open_lake(world.settings).lock().__enter__()
            holder.send_signal(signal.SIGKILL)
            holder.wait()
            with open_lake(world.settings).lock():
                pass

    def test_checking_leaves_nothing_visible(self, world: LakeWorld) -> None:
        open_lake(world.settings).check_writable()
        open_lake(world.settings).check_writable()
        assert world.visible() == {}
        assert world.staged() == 0


def stage(world: LakeWorld, regions: tuple[str, ...] = ("eu-west-1",)) -> Commit:
    """A commit that a worker has staged: ten rows a region, one data file a region."""
    settings = msgspec.structs.replace(world.settings, partition_by=("date", "region"))
    written = Stage(settings, new_commit_id())
    written.write(batch([row(number, awsRegion=region) for number in range(10) for region in regions]))
    data_files = written.finish([committed_log_file()])
    assert len(data_files) == len(regions)
    return commit_of(written.commit_id, data_files)


def sizes(commit: Commit) -> dict[str, int]:
    """What a reader must see of a commit."""
    return {data_file.path: data_file.size_bytes for data_file in commit.data_files}
