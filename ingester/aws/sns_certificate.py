"""SNS's signing certificates, downloaded: the one place where the ingester speaks HTTP without boto3.

By the system's certificate authorities (those of AWS_CA_BUNDLE where that is set, as for boto3), and through the
proxy that HTTPS_PROXY names. No redirects: the host that was pinned is the host that must answer.
"""

import os
import queue
import ssl
import threading
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request

from ingester.model.errors import CertificateUnavailableError, ConfigurationError, UnverifiedMessageError

CERTIFICATE_BYTES_MAX = 64 << 10
"""They have about 2 kB."""

_NO_SUCH_CERTIFICATE = frozenset({403, 404, 410})
_HINT = "Let this process reach the SNS host over HTTPS; HTTPS_PROXY and AWS_CA_BUNDLE are honoured."


class CertificateDownload:
    """Downloads certificates, over HTTPS only. From any thread.

    Raises ConfigurationError when AWS_CA_BUNDLE can't be read.
    """

    def __init__(self) -> None:
        bundle = os.environ.get("AWS_CA_BUNDLE") or None
        try:
            context = ssl.create_default_context(cafile=bundle)
        except OSError as error:
            raise ConfigurationError(
                f"The certificate authorities in {bundle} can't be read.", hint="Check AWS_CA_BUNDLE."
            ) from error
        # urllib's own opener would also follow redirects, and open http, ftp and files
        self._opener = OpenerDirector()
        for handler in (ProxyHandler(), HTTPSHandler(context=context)):
            self._opener.add_handler(handler)

    def __call__(self, url: str, timeout_seconds: float) -> bytes:
        """What lies at `url`, which the caller has pinned to a host of SNS's.

        Raises UnverifiedMessageError if SNS says that nothing does, and CertificateUnavailableError for everything
        else that goes wrong: no answer in time, a failing proxy, TLS that does not prove the host, too many bytes.
        """
        # In a thread, as only waiting for it can be bounded: sockets time out call by call, looking a name up never.
        results: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
        threading.Thread(
            target=lambda: results.put(self._result(url, timeout_seconds)), name="sns-certificate", daemon=True
        ).start()
        try:
            result = results.get(timeout=timeout_seconds)
        except queue.Empty:
            raise _unavailable(url, f"nothing has come within {timeout_seconds:.1f} seconds") from None
        if isinstance(result, Exception):
            raise result
        return result

    def _result(self, url: str, timeout_seconds: float) -> bytes | Exception:
        try:
            return self._download(url, timeout_seconds)
        except (UnverifiedMessageError, CertificateUnavailableError) as error:
            return error
        except Exception as error:  # of the network, of TLS, of a proxy's URL
            return _unavailable(url, _reason(error))

    def _download(self, url: str, timeout_seconds: float) -> bytes:
        answer: Any = self._opener.open(Request(url), timeout=timeout_seconds)  # noqa: S310 (opens https only)
        if answer is None:
            raise _unavailable(url, "it is not https")
        with answer:
            if answer.status in _NO_SUCH_CERTIFICATE:
                raise UnverifiedMessageError(f"SNS has no certificate at {url}: it answers {answer.status}.")
            if answer.status != 200:
                raise _unavailable(url, f"the answer is {answer.status}")
            content = bytes(answer.read(CERTIFICATE_BYTES_MAX + 1))
        if len(content) > CERTIFICATE_BYTES_MAX:
            raise _unavailable(url, f"it has over {CERTIFICATE_BYTES_MAX:,} bytes")
        return content


def _unavailable(url: str, reason: str) -> CertificateUnavailableError:
    return CertificateUnavailableError(f"{url} can't be downloaded: {reason}.", hint=_HINT)


def _reason(error: Exception) -> str:
    """What went wrong, without a proxy's URL, which may hold a password."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the host's TLS certificate is not trusted, {cause.verify_message}"
    if isinstance(cause, OSError) and not isinstance(cause, HTTPException):
        return f"{cause.strerror or cause}"[:200]
    return type(cause).__name__
