"""A lake and a ledger in a temporary directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingester.lake.publish_disk import DiskLake
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.settings import Settings


@pytest.fixture
def lake(tmp_path: Path) -> DiskLake:
    """An empty lake in `tmp_path`."""
    some = DiskLake(Settings(output=str(tmp_path)))
    some.check_writable()
    return some


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    """An empty ledger in `tmp_path`."""
    some = SqliteLedger(tmp_path / "_ingester/ledger.sqlite")
    yield some
    some.close()
