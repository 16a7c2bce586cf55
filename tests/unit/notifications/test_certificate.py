"""A certificate tells whether a signature is its own, if it is one of SNS's at all."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ingester.model.errors import UnverifiedMessageError
from ingester.notifications.certificate import SigningCertificate
from ingester.notifications.signed import SignedNotification, signed_notification
from tests.support.sns import CERTIFICATE_URL, certificate, rsa_key, signed_envelope

NOW = datetime.now(UTC)


def signed(**changes: Any) -> SignedNotification:
    return signed_notification(json.dumps(signed_envelope("m", **changes)))


def of(pem: bytes) -> SigningCertificate:
    return SigningCertificate(pem, CERTIFICATE_URL)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", ["", "Amazon S3 Notification"])
def test_a_signature_of_either_version_verifies(version: str, subject: str) -> None:
    of(certificate()).check(signed(version=version, Subject=subject), NOW)


def test_a_signature_by_another_key_is_wrong() -> None:
    with pytest.raises(UnverifiedMessageError, match="signature is wrong"):
        of(certificate()).check(signed(key=rsa_key("somebody's")), NOW)


def test_a_signature_is_not_taken_for_one_of_the_other_version() -> None:
    envelope = signed_envelope("m", version="1") | {"SignatureVersion": "2"}

    with pytest.raises(UnverifiedMessageError, match="signature is wrong"):
        of(certificate()).check(signed_notification(json.dumps(envelope)), NOW)


@pytest.mark.parametrize("days", [-2, 31])
def test_a_certificate_that_is_not_valid_now_proves_nothing(days: int) -> None:
    with pytest.raises(UnverifiedMessageError, match=r"valid from .* to .* only.*clock"):
        of(certificate()).check(signed(), NOW + timedelta(days=days))


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (b"", "no certificate"),
        (b"<html>Sign in to the guest network</html>", "no certificate"),
        (certificate()[:300], "no certificate"),
        (certificate(name="s3.amazonaws.com"), "not made out to SNS"),
        (certificate(key=rsa_key("short", 1024)), "no RSA key of 2048 bits"),
        (certificate(key=ec.generate_private_key(ec.SECP256R1())), "no RSA key"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_certificate_of_sns_s_is_refused(pem: bytes, reason: str) -> None:
    with pytest.raises(UnverifiedMessageError, match=reason):
        of(pem)
