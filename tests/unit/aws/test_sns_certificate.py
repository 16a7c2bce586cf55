"""The download of SNS's certificates: over TLS that proves the host, in bounded time and size, and nothing else."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingester.aws.sns_certificate import CERTIFICATE_BYTES_MAX, CertificateDownload
from ingester.model.errors import CertificateUnavailableError, ConfigurationError, UnverifiedMessageError
from tests.support.sns import CERTIFICATE_PATH, CERTIFICATE_URL, SnsHost, answering, certificate, sns_host


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "AWS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def host(tmp_path: Path, environment: pytest.MonkeyPatch) -> Iterator[SnsHost]:
    """SNS's host, which this process reaches through a proxy."""
    with sns_host(tmp_path) as some:
        for name, value in some.environ.items():
            environment.setenv(name, value)
        yield some


def test_the_certificate_comes_over_tls_from_the_pinned_host(host: SnsHost) -> None:
    pem = certificate()
    host.answer = answering(pem)

    assert CertificateDownload()(CERTIFICATE_URL, 5.0) == pem
    assert host.asked == [CERTIFICATE_PATH]


def test_aws_ca_bundle_says_whom_to_trust_as_for_boto3(host: SnsHost, environment: pytest.MonkeyPatch) -> None:
    environment.delenv("SSL_CERT_FILE")
    environment.setenv("AWS_CA_BUNDLE", str(host.authority_file))

    assert CertificateDownload()(CERTIFICATE_URL, 5.0)


def test_a_bundle_that_can_t_be_read_is_a_matter_of_configuration(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_CA_BUNDLE", "/nowhere.pem")

    with pytest.raises(ConfigurationError, match="AWS_CA_BUNDLE"):
        CertificateDownload()


def test_a_host_that_the_system_s_authorities_do_not_know_is_not_believed(
    host: SnsHost, environment: pytest.MonkeyPatch
) -> None:
    environment.delenv("SSL_CERT_FILE")

    with pytest.raises(CertificateUnavailableError, match="TLS certificate is not trusted"):
        CertificateDownload()(CERTIFICATE_URL, 5.0)
    assert host.asked == []


def test_nor_is_a_host_with_another_s_certificate(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    with sns_host(tmp_path, name="sns.eu-west-1.amazonaws.com") as host:
        for name, value in host.environ.items():
            environment.setenv(name, value)

        with pytest.raises(CertificateUnavailableError, match="TLS certificate is not trusted"):
            CertificateDownload()(CERTIFICATE_URL, 5.0)
    assert host.asked == []


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "410 Gone"])
def test_a_certificate_that_sns_does_not_have_is_none(host: SnsHost, status: str) -> None:
    host.answer = answering(certificate(), status)

    with pytest.raises(UnverifiedMessageError, match=f"SNS has no certificate .* {status[:3]}"):
        CertificateDownload()(CERTIFICATE_URL, 5.0)


@pytest.mark.parametrize("status", ["302 Found", "500 Oh", "503 Slow Down", "429 Slow Down", "204 No Content"])
def test_any_other_answer_passes_by_and_no_redirect_is_followed(host: SnsHost, status: str) -> None:
    host.answer = answering(certificate(), status, f"Location: {CERTIFICATE_URL}2")

    with pytest.raises(CertificateUnavailableError, match=f"the answer is {status[:3]}.*HTTPS_PROXY"):
        CertificateDownload()(CERTIFICATE_URL, 5.0)
    assert len(host.asked) == 1


def test_more_than_a_certificate_can_have_is_not_read(host: SnsHost) -> None:
    host.answer = answering(b"-" * (CERTIFICATE_BYTES_MAX + 1))

    with pytest.raises(CertificateUnavailableError, match="over 65,536 bytes"):
        CertificateDownload()(CERTIFICATE_URL, 5.0)


def test_a_host_that_answers_drop_by_drop_is_not_waited_for(host: SnsHost) -> None:
    """It never ends by itself, and each drop is well within the time that a socket's own limit grants."""
    is_over = threading.Event()

    def drip(connection: object) -> None:
        while not is_over.wait(0.05):
            connection.sendall(b"H")  # type: ignore[attr-defined]

    host.answer = drip

    with pytest.raises(CertificateUnavailableError, match=re.escape("nothing has come within 0.5 seconds")):
        CertificateDownload()(CERTIFICATE_URL, 0.5)

    is_over.set()


def test_a_proxy_that_does_not_connect_is_named_without_its_password(
    host: SnsHost, environment: pytest.MonkeyPatch
) -> None:
    host.is_away = True
    environment.setenv("HTTPS_PROXY", host.url.replace("http://", "http://joe:hunter2@"))

    with pytest.raises(CertificateUnavailableError, match="503") as raised:
        CertificateDownload()(CERTIFICATE_URL, 5.0)

    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("proxy", ["http://joe:hunter2@127.0.0.1:port", "http://joe:hunter2@", "://hunter2", "x"])
def test_a_proxy_that_is_none_is_told_without_its_password(environment: pytest.MonkeyPatch, proxy: str) -> None:
    environment.setenv("HTTPS_PROXY", proxy)

    with pytest.raises(CertificateUnavailableError) as raised:
        CertificateDownload()(CERTIFICATE_URL, 2.0)

    assert "hunter2" not in str(raised.value)


def test_a_host_that_nobody_is_at_is_told(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    with pytest.raises(CertificateUnavailableError, match="refused"):
        CertificateDownload()(CERTIFICATE_URL, 5.0)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a.pem", "file:///etc/passwd", "ftp://127.0.0.1/a.pem"])
def test_nothing_but_https_is_opened(environment: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(CertificateUnavailableError, match="is not https"):
        CertificateDownload()(url, 5.0)
