"""Fixtures of the tests that run the real command line against a moto server in another process."""

from pathlib import Path

import pytest

from tests.support.lake import DiskLake, Lake, S3Lake
from tests.support.moto import Place


@pytest.fixture(params=["disk", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, moto_place: Place) -> Lake:
    """An empty lake: each test that asks for it runs once on disk and once on S3."""
    return DiskLake(tmp_path / "lake") if request.param == "disk" else S3Lake(moto_place, tmp_path / "state")


@pytest.fixture
def disk_lake(tmp_path: Path) -> DiskLake:
    """An empty lake on disk."""
    return DiskLake(tmp_path / "lake")


@pytest.fixture
def s3_options(moto_place: Place) -> list[str]:
    """The options that lead to the moto server."""
    return ["--endpoint-url", moto_place.server.endpoint_url, "--region", "us-east-1"]
