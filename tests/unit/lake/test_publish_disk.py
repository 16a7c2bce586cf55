"""A lake in a directory: the contract of all lakes, and what only a disk can do."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from ingester.lake.open import open_lake
from ingester.model.commit import Commit
from ingester.model.errors import ConfigurationError, LakeDamagedError, OutputError
from ingester.model.settings import Settings
from tests.unit.lake.contract import LakeContract, sizes, stage


@dataclass
class DiskWorld:
    """A lake in a temporary directory."""

    settings: Settings

    @property
    def root(self) -> Path:
        """The output."""
        return Path(self.settings.output)

    def staging(self, commit: Commit) -> Path:
        """Where a commit is staged."""
        return self.root / "_ingester" / "staging" / commit.commit_id

    def visible(self) -> dict[str, int]:
        """All files but those that are staged and the lock's."""
        files = {str(path.relative_to(self.root)): path for path in self.root.rglob("*") if path.is_file()}
        return {
            name: path.stat().st_size
            for name, path in files.items()
            if not name.startswith("_ingester/staging/") and name != "_ingester/lock"
        }

    def staged(self) -> int:
        """Staging directories."""
        staging = self.root / "_ingester" / "staging"
        return len(list(staging.iterdir())) if staging.exists() else 0

    def as_directory(self) -> str:
        """The output itself, as a user gives it to DuckDB."""
        return str(self.root)

    def publish_first_file(self, commit: Commit) -> None:
        """The first rename is done."""
        path = commit.data_files[0].path
        (self.root / path).parent.mkdir(parents=True)
        (self.staging(commit) / path).rename(self.root / path)

    def overwrite(self, path: str, content: bytes) -> None:
        """Another program writes a file."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(content)


@pytest.fixture
def world(tmp_path: Path) -> DiskWorld:
    return DiskWorld(Settings(output=str(tmp_path / "lake")))


class TestDiskLake(LakeContract):
    """The contract."""


def test_after_the_renames_and_before_the_clean_up_the_staging_directory_is_removed(world: DiskWorld) -> None:
    commit = stage(world)
    world.publish_first_file(commit)
    assert world.staging(commit).is_dir()
    open_lake(world.settings).publish(commit)
    assert not world.staging(commit).exists()
    assert world.visible() == sizes(commit)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Inodes in the order in which they were synced."""
    inodes: list[int] = []
    fsync = os.fsync

    def recorded(descriptor: int) -> None:
        fsync(descriptor)
        inodes.append(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", recorded)
    return inodes


def inodes_up_from(path: Path, root: Path) -> list[int]:
    """Those of a file and of the directories that hold it, up to the root."""
    chain = [path, *path.parents]
    return [found.stat().st_ino for found in chain[: chain.index(root) + 1]]


def test_directories_made_for_a_new_lake_and_its_state_are_synced_up_to_what_was_there(
    world: DiskWorld, synced: list[int], tmp_path: Path
) -> None:
    settings = Settings(output=str(tmp_path / "a" / "lake"), state_dir=str(tmp_path / "b" / "state"))
    lake = open_lake(settings)
    lake.check_writable()
    with lake.lock():
        made = (tmp_path / "a" / "lake" / "cloudtrail", tmp_path / "b" / "state")
        assert all(set(inodes_up_from(path.parent, tmp_path)) <= set(synced) for path in made)


def test_a_staged_file_and_its_whole_path_are_synced_before_it_is_reported(
    world: DiskWorld, synced: list[int]
) -> None:
    commit = stage(world, regions=("eu-west-1", "eu-west-2"))
    for data_file in commit.data_files:
        assert set(inodes_up_from(world.staging(commit) / data_file.path, world.root)) <= set(synced)


def test_a_published_name_and_its_whole_path_are_synced_before_publish_returns(
    world: DiskWorld, synced: list[int]
) -> None:
    commit = stage(world, regions=("eu-west-1", "eu-west-2"))
    synced.clear()
    open_lake(world.settings).publish(commit)
    for data_file in commit.data_files:
        assert set(inodes_up_from((world.root / data_file.path).parent, world.root)) <= set(synced)


def test_a_staged_file_that_was_cut_short_is_never_published(world: DiskWorld) -> None:
    commit = stage(world)
    staged = world.staging(commit) / commit.data_files[0].path
    os.truncate(staged, 100)
    with pytest.raises(LakeDamagedError, match="has 100 bytes and was written with"):
        open_lake(world.settings).publish(commit)
    assert world.visible() == {}


def test_a_sweep_leaves_alone_what_is_not_of_our_making(world: DiskWorld) -> None:
    stranger = world.root / "_ingester" / "staging" / "notes"
    stranger.mkdir(parents=True)
    assert open_lake(world.settings).sweep(()) == 0
    assert stranger.is_dir()


def test_an_entry_half_written_by_a_killed_process_is_not_listed(world: DiskWorld) -> None:
    world.overwrite("_ingester/quarantine/log_files/abc.json.tmp", b"{")
    assert open_lake(world.settings).list_quarantine() == []


def test_a_publish_that_fails_on_one_file_goes_on_where_it_stopped(world: DiskWorld) -> None:
    commit = stage(world, regions=("eu-west-1", "eu-west-2"))
    in_the_way = (world.root / commit.data_files[1].path).parent
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_bytes(b"")
    lake = open_lake(world.settings)
    with pytest.raises(OutputError, match="can't be written: File exists"):
        lake.publish(commit)
    in_the_way.unlink()
    lake.publish(commit)
    assert world.visible() == sizes(commit)


def test_the_state_directory_is_locked_too(world: DiskWorld, tmp_path: Path) -> None:
    first = msgspec.structs.replace(world.settings, state_dir=str(tmp_path / "state"))
    other_output = msgspec.structs.replace(first, output=str(tmp_path / "other"))
    same_output = msgspec.structs.replace(first, state_dir=str(tmp_path / "other_state"))
    with open_lake(first).lock():
        for second in (other_output, same_output):
            with pytest.raises(ConfigurationError, match="Another ingester"):
                open_lake(second).lock().__enter__()


def test_an_output_that_is_a_file_is_a_configuration_error(world: DiskWorld) -> None:
    world.root.write_text("")
    with pytest.raises(ConfigurationError, match=r"The output .*lake can't be used\. .* Give --output a directory"):
        open_lake(world.settings).check_writable()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_without_permission_is_a_configuration_error(world: DiskWorld) -> None:
    world.root.mkdir(mode=0o500)
    with pytest.raises(ConfigurationError, match="may not be written: Permission denied"):
        open_lake(world.settings).check_writable()


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
def test_an_output_over_two_file_systems_is_a_configuration_error(world: DiskWorld) -> None:
    elsewhere = Path("/dev/shm") / f"ingester-test-{os.getpid()}"
    elsewhere.mkdir()
    try:
        world.root.mkdir()
        if elsewhere.stat().st_dev == world.root.stat().st_dev:
            pytest.skip("needs a second file system")
        (world.root / "_ingester").symlink_to(elsewhere)
        with pytest.raises(ConfigurationError, match="on different file systems"):
            open_lake(world.settings).check_writable()
    finally:
        shutil.rmtree(elsewhere)


def test_no_output_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="Give --output"):
        open_lake(Settings())


def test_a_state_directory_that_can_not_be_made_is_a_configuration_error(world: DiskWorld, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = msgspec.structs.replace(world.settings, state_dir=str(tmp_path / "file" / "state"))
    with pytest.raises(ConfigurationError, match=r"The ledger can't lie in .*state.* Give --state-dir"):
        open_lake(settings).lock().__enter__()
