"""What `--verify-sns` needs, put together: the check of signatures and the download of certificates."""

from typing import TYPE_CHECKING

from ingester.model.errors import ConfigurationError
from ingester.model.settings import Settings

if TYPE_CHECKING:
    from ingester.notifications.verifier import SnsVerifier


def make_verifier(settings: Settings) -> "SnsVerifier | None":
    """What says which messages are believed; None where all are.

    Raises ConfigurationError: the package `cryptography` is not there, or AWS_CA_BUNDLE can't be read.
    """
    if not settings.verify_sns:
        return None
    try:
        from ingester.aws.sns_certificate import CertificateDownload
        from ingester.notifications.verifier import SnsVerifier
    except ImportError as error:
        raise ConfigurationError(
            f"--verify-sns needs the package cryptography ({error}).",
            hint="Install the ingester with it: pip install 'cloudtrail-ingester[verify-sns]'.",
        ) from error
    return SnsVerifier(CertificateDownload(), settings.sns_topics)
