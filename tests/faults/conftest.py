"""Fixtures of the fault tests: a lake on disk and on S3, and the proxy that misbehaves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.proxy import Proxy, fault_proxy
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
def s3_lake(tmp_path: Path, moto_place: Place) -> S3Lake:
    """An empty lake on S3."""
    return S3Lake(moto_place, tmp_path / "state")


@pytest.fixture
def s3_options(moto_place: Place) -> list[str]:
    """The options that lead to the moto server."""
    return ["--endpoint-url", moto_place.server.endpoint_url, "--region", "us-east-1"]


@pytest.fixture
def proxy(moto_place: Place) -> Iterator[Proxy]:
    """A proxy in front of the moto server, without any rule yet."""
    with fault_proxy(moto_place.server.endpoint_url) as running:
        yield running


@pytest.fixture
def proxy_options(proxy: Proxy) -> list[str]:
    """The options that lead to the moto server by way of the proxy."""
    return ["--endpoint-url", proxy.endpoint_url, "--region", "us-east-1"]
