"""Clients are made from settings and the standard environment; what can't work says what to mend."""

import os
from pathlib import Path

import pytest
from boto3.session import Session
from botocore.config import Config

from ingester.aws.clients import make_client, make_session
from ingester.model.errors import ConfigurationError
from ingester.model.settings import Settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def test_the_region_is_the_argument_then_the_setting_then_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert make_client("sqs", Settings()).meta.region_name == "eu-north-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert make_client("sqs", Settings()).meta.region_name == "eu-west-1"
    assert make_client("sqs", Settings(region="eu-west-2")).meta.region_name == "eu-west-2"
    assert make_client("sqs", Settings(region="eu-west-2"), "eu-west-3").meta.region_name == "eu-west-3"


def test_the_endpoint_is_the_setting_or_the_standard_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2")
    client = make_client("s3", Settings())
    assert client.meta.endpoint_url == "http://127.0.0.1:2"
    assert client.meta.config.s3 == {"addressing_style": "path"}  # type: ignore[attr-defined]
    client = make_client("s3", Settings(endpoint_url="http://127.0.0.1:1"))
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
    assert client.meta.config.s3 == {"addressing_style": "path"}  # type: ignore[attr-defined]


def test_a_config_of_the_caller_is_merged_over_the_shared_one() -> None:
    client = make_client("sqs", Settings(region="eu-west-1"), config=Config(read_timeout=7))
    assert client.meta.config.read_timeout == 7  # type: ignore[attr-defined]
    assert client.meta.config.connect_timeout == 5  # type: ignore[attr-defined]


def test_s3_needs_no_region_and_sqs_says_how_to_give_one() -> None:
    assert make_client("s3", Settings()).meta.region_name == "us-east-1"
    with pytest.raises(ConfigurationError, match="Give --region"):
        make_client("sqs", Settings())


def test_missing_credentials_are_one_sentence_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ConfigurationError, match=r"No AWS credentials were found\. Set AWS_ACCESS_KEY_ID"):
        make_client("s3", Settings())


def test_half_of_the_credentials_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ConfigurationError, match="incomplete"):
        make_client("s3", Settings())


def test_an_unknown_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ConfigurationError, match="nobody"):
        make_client("s3", Settings())


@pytest.mark.parametrize("settings", [Settings(endpoint_url="nonsense"), Settings(region="no region")])
def test_an_endpoint_or_region_that_can_not_be_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="--endpoint-url and --region"):
        make_client("s3", settings)


def test_a_session_that_is_given_lends_its_credentials_and_where_no_setting_does_its_region(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    session = Session("mine", "secret", region_name="eu-south-1")
    client = make_client("sqs", Settings(session=session))
    assert client.meta.region_name == "eu-south-1"
    assert make_session(Settings(session=session)).get_credentials().access_key == "mine"
    assert make_client("sqs", Settings(session=session, region="eu-west-2")).meta.region_name == "eu-west-2"
    assert make_client("s3", Settings(session=session, s3_region="eu-west-3")).meta.region_name == "eu-west-3"
