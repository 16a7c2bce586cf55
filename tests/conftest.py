"""Fixtures for all tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.demo_world.moto_server import CREDENTIALS, MotoServer
from scripts.demo_world.moto_server import moto_server as start_moto_server
from tests.support.moto import Place

PROJECT_ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def _made_up_credentials() -> Iterator[None]:
    """Puts made-up credentials into this process's environment, and nothing of the user's AWS set-up."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        nowhere = os.devnull
        monkeypatch.setenv("AWS_CONFIG_FILE", nowhere)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", nowhere)
        for name, value in CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def moto_server(_made_up_credentials: None) -> Iterator[MotoServer]:
    """The session's moto server, in a process of its own; credentials for it are in the environment.

    Give `moto_server.endpoint_url` to the product. `moto_place` has buckets and queues that no other test sees.
    """
    with start_moto_server() as server:
        yield server


@pytest.fixture
def moto_place(moto_server: MotoServer) -> Place:
    """A bucket and queues with unique names for one test."""
    return Place(moto_server)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real log files beside the project; the test is skipped where there is none."""
    folder = PROJECT_ROOT.parent / "shared" / "samples"
    if not folder.is_dir():
        pytest.skip("no ../shared/samples here")
    return folder
