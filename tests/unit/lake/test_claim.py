"""A lake belongs to one ledger, and says so; whoever comes with another is refused and told what to do."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from ingester.lake.claim import CLAIM_PATH, Claim, claim_by_force, claim_lake, is_of
from ingester.lake.open import open_lake
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.errors import ConfigurationError, LakeDamagedError
from ingester.model.settings import Settings
from tests.unit.lake.rows import commit_of, new_commit_id


class Host:
    """A state directory and the ledger in it, for the lake of the test."""

    def __init__(self, root: Path, name: str) -> None:
        self.directory = root / name
        self.settings = Settings(output=str(root / "lake"), state_dir=str(self.directory))
        self.ledger = SqliteLedger(self.directory / "ledger.sqlite")

    def start(self) -> None:
        """What a run does first."""
        claim_lake(open_lake(self.settings), self.ledger, self.settings)

    def commit(self) -> None:
        """Something is in."""
        self.ledger.commit(commit_of(new_commit_id(), ()))


@pytest.fixture
def host(tmp_path: Path) -> Callable[[str], Host]:
    return lambda name: Host(tmp_path, name)


def claim_in(root: Path) -> Claim:
    return msgspec.json.decode((root / "lake" / CLAIM_PATH).read_bytes(), type=Claim)


def test_a_claim_says_to_people_who_works_there_and_is_new_at_each_start(
    host: Callable[[str], Host], tmp_path: Path
) -> None:
    first = host("first")
    first.start()
    claim = claim_in(tmp_path)
    first.start()

    assert (claim.host, claim.process) == (socket.gethostname(), os.getpid())
    assert claim.state_directory == str(tmp_path / "first")
    assert claim_in(tmp_path).claim_id != claim.claim_id


def test_another_ledger_is_refused_however_empty_both_are(host: Callable[[str], Host], tmp_path: Path) -> None:
    host("first").start()

    with pytest.raises(ConfigurationError, match="belongs to another ledger") as refused:
        host("second").start()

    for word in (socket.gethostname(), f"process {os.getpid()}", str(tmp_path / "first"), "--rebuild-ledger"):
        assert word in str(refused.value)
    host("first").start()


def test_an_older_copy_of_the_ledger_is_refused(host: Callable[[str], Host], tmp_path: Path) -> None:
    first = host("first")
    first.start()
    first.ledger.close()
    shutil.copytree(tmp_path / "first", tmp_path / "copy")
    host("first").start()

    with pytest.raises(ConfigurationError, match="not an older copy"):
        host("copy").start()


@pytest.mark.parametrize("had_data", [True, False])
def test_a_ledger_is_not_taken_to_another_lake(host: Callable[[str], Host], tmp_path: Path, had_data: bool) -> None:
    first = host("first")
    first.start()
    first.commit()
    (tmp_path / "lake").rename(tmp_path / "away")
    if had_data:
        (tmp_path / "lake/cloudtrail").mkdir(parents=True)
        (tmp_path / "lake/cloudtrail/some.parquet").touch()

    with pytest.raises(ConfigurationError, match="belongs to another lake"):
        first.start()


def test_an_empty_ledger_does_not_claim_data_files_that_nobody_has_claimed(
    host: Callable[[str], Host], tmp_path: Path
) -> None:
    (tmp_path / "lake/cloudtrail/date=2024-03-13").mkdir(parents=True)
    host("first").start()
    (tmp_path / "lake" / CLAIM_PATH).unlink()
    (tmp_path / "lake/cloudtrail/date=2024-03-13/some.parquet").touch()

    with pytest.raises(ConfigurationError, match=r"data files in .* is empty"):
        host("second").start()


def test_a_lake_and_a_ledger_from_before_there_were_claims_find_each_other(host: Callable[[str], Host]) -> None:
    first = host("first")
    first.commit()

    first.start()

    assert is_of(open_lake(first.settings), first.ledger, first.settings)


def test_a_start_that_died_before_the_lake_knew_of_it_is_repeated(
    host: Callable[[str], Host], tmp_path: Path
) -> None:
    first = host("first")
    first.start()
    first.commit()
    claimed = (tmp_path / "lake" / CLAIM_PATH).read_bytes()
    first.start()
    (tmp_path / "lake" / CLAIM_PATH).write_bytes(claimed)

    first.start()


def test_a_first_start_that_died_before_the_lake_knew_of_it_claims_nothing(
    host: Callable[[str], Host], tmp_path: Path
) -> None:
    host("first").start()
    (tmp_path / "lake" / CLAIM_PATH).unlink()

    host("second").start()


def test_a_claim_by_force_shuts_out_the_former_and_everybody_until_it_is_noted(host: Callable[[str], Host]) -> None:
    first, second = host("first"), host("second")
    first.start()

    claim = claim_by_force(open_lake(second.settings), second.settings)

    for one in (first, second):
        with pytest.raises(ConfigurationError, match="another ledger"):
            one.start()
    second.ledger.note_claims([claim.claim_id])
    second.start()


def test_a_claim_that_can_not_be_read_is_named(host: Callable[[str], Host], tmp_path: Path) -> None:
    host("first").start()
    (tmp_path / "lake" / CLAIM_PATH).write_bytes(b"{")

    with pytest.raises(LakeDamagedError, match=r"claim\.json does not say"):
        host("first").start()
