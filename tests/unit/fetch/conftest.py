"""A scripted S3 and made-up credentials for it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingester.model.settings import Settings
from tests.unit.fetch.fake_s3 import FakeS3


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing of the user's AWS set-up, and credentials in a file of the test; gives the file."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "credentials"
    write_credentials(file, "AKIDFIRST")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return file


def write_credentials(file: Path, key_id: str) -> None:
    file.write_text(
        f"[default]\naws_access_key_id={key_id}\naws_secret_access_key=hush-hush\naws_session_token=token-of-{key_id}\n"
    )


@pytest.fixture
def fake_s3(credentials: Path) -> Iterator[FakeS3]:
    server = FakeS3()
    yield server
    server.close()


@pytest.fixture
def settings(fake_s3: FakeS3) -> Settings:
    return Settings(endpoint_url=fake_s3.endpoint_url)
