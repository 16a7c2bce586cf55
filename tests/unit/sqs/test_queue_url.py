"""What a queue URL says by itself."""

import pytest

from ingester.model.errors import ConfigurationError
from ingester.sqs.queue_url import check_queue_url, region_of_queue_url


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("sqs.eu-west-1.amazonaws.com", "eu-west-1"),
        ("sqs.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("sqs-fips.us-east-2.amazonaws.com", "us-east-2"),
        ("sqs.ap-south-1.api.aws", "ap-south-1"),
        ("vpce-0a1b-2c3d.sqs.eu-central-1.vpce.amazonaws.com", "eu-central-1"),
        ("eu-west-2.queue.amazonaws.com", "eu-west-2"),
        ("queue.amazonaws.com", "us-east-1"),
        ("127.0.0.1:5000", None),
        ("localhost", None),
        ("sqs.example.com", None),
        ("sqs.eu-west-1.amazonaws.com.evil.example", None),
        ("notsqs.eu-west-1.amazonaws.com", None),
        ("sqs.us-east-1.localhost.localstack.cloud:4566", None),
    ],
)
def test_the_region_is_read_from_hosts_of_aws_only(host: str, region: str | None) -> None:
    assert region_of_queue_url(f"https://{host}/123456789012/trail") == region


@pytest.mark.parametrize(
    "url",
    [
        "https://sqs.eu-west-1.amazonaws.com/123456789012/trail",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/trail.fifo",
        "http://127.0.0.1:5000/123456789012/trail",
        "http://[::1]:9324/queue/trail",
    ],
)
def test_a_queue_url_is_accepted(url: str) -> None:
    check_queue_url(url)


@pytest.mark.parametrize(
    "url",
    ["", "trail", "sqs.eu-west-1.amazonaws.com/1/trail", "ftp://host/1/trail", "https:///1/trail", "https://host",
     "https://host/", "https://host/1/trail?x=1", "https://host/1/tr ail", "https://host/1/trail\n", "http://[/1/t"],
)  # fmt: skip
def test_what_is_no_queue_url_is_told_with_an_example(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"is no queue URL\. .*https://sqs\.<region>"):
        check_queue_url(url)


def test_an_arn_is_answered_with_its_url() -> None:
    with pytest.raises(ConfigurationError, match=r"https://sqs\.eu-west-1\.amazonaws\.com/123456789012/trail"):
        check_queue_url("arn:aws:sqs:eu-west-1:123456789012:trail")


@pytest.mark.parametrize("url", ["https://me:secret@host/1/trail", "me:secret@host/1/trail"])
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        check_queue_url(url)
    assert "secret" not in str(raised.value)
