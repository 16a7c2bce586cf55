"""SNS's signing certificate → a key that tells whether a signature is SNS's. Pure. Needs `cryptography`.

That the certificate is SNS's is proven by where it came from: a pinned host of AWS's, through TLS (`signed`,
`ingester.aws.sns_certificate`). Here it is held against what it must be all the same: made out to SNS, valid
today, with an RSA key.
"""

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509.oid import NameOID

from ingester.model.errors import UnverifiedMessageError
from ingester.notifications.signed import SignedNotification, is_certificate_name

_KEY_BITS_MIN = 2048


class SigningCertificate:
    """A certificate of SNS's. Raises UnverifiedMessageError when made from something else."""

    def __init__(self, pem: bytes, url: str) -> None:
        self._url = url
        try:
            certificate = x509.load_pem_x509_certificate(pem)
            key = certificate.public_key()
            names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            self._from = certificate.not_valid_before_utc
            self._until = certificate.not_valid_after_utc
        except (ValueError, UnsupportedAlgorithm) as error:
            raise UnverifiedMessageError(f"What lies at {url} is no certificate.") from error
        if not any(is_certificate_name(str(name.value)) for name in names):
            raise UnverifiedMessageError(f"The certificate at {url} is not made out to SNS.")
        if not isinstance(key, RSAPublicKey) or key.key_size < _KEY_BITS_MIN:
            raise UnverifiedMessageError(f"The certificate at {url} has no RSA key of {_KEY_BITS_MIN} bits or more.")
        self._key = key

    def check(self, signed: SignedNotification, now: datetime) -> None:
        """Raises UnverifiedMessageError unless the signature is this certificate's, and it is valid `now` (UTC)."""
        if not self._from <= now <= self._until:
            raise UnverifiedMessageError(
                f"The certificate at {self._url} is valid from {self._from:%Y-%m-%d} to {self._until:%Y-%m-%d} only.",
                hint="Check this machine's clock.",
            )
        # SHA-1 is what SNS signs with unless the topic asks for version 2
        algorithm = SHA256() if signed.hash_name == "SHA256" else SHA1()  # noqa: S303 (SNS chooses)
        try:
            self._key.verify(signed.signature, signed.text, PKCS1v15(), algorithm)
        except InvalidSignature:
            raise UnverifiedMessageError(
                "Its SNS signature is wrong: it was changed, or SNS has not sent it.",
                hint="Look at who may send messages to the queue.",
            ) from None
        except UnsupportedAlgorithm as error:
            raise UnverifiedMessageError(
                f"Its SNS signature can't be verified here: this system does not allow {signed.hash_name}.",
                hint="Set the topic's SignatureVersion to 2.",
            ) from error
