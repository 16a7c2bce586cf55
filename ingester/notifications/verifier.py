"""Which messages are believed with `--verify-sns`: those that SNS signed, of the topics that are expected.

Certificates are downloaded by `fetch` and kept: SNS has one a region for months. Safe from any thread.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import TypeVar

from ingester.model.errors import CertificateUnavailableError, Doubt, UnverifiedMessageError
from ingester.model.message import Message
from ingester.notifications.certificate import SigningCertificate
from ingester.notifications.signed import signed_notification

FETCHING_SECONDS_MAX = 5.0
"""How long one check of some messages may wait for certificates, all in all: until then nobody extends the messages'
visibility, which lasts ten seconds or more."""

CERTIFICATES_MAX = 64
"""More than AWS has regions: whoever names ever more certificates must not fill the memory."""

_TRY_AGAIN_SECONDS = 2.0
"""How long the answer holds that a certificate can't be had: the other messages of a batch need not ask again."""
_ASK_AGAIN_SECONDS = 300.0
"""The same where SNS says that there is no such certificate."""

Fetch = Callable[[str, float], bytes]
"""The PEM at a URL, within so many seconds. Raises UnverifiedMessageError if there is none, and
CertificateUnavailableError if it can't be had now."""


class SnsVerifier:
    """Checks messages. `topics`: the ARNs that are expected; empty for any."""

    def __init__(
        self,
        fetch: Fetch,
        topics: Collection[str] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._fetch = fetch
        self._topics = frozenset(topics)
        self._clock = clock
        self._now = now
        self._certificates: dict[str, SigningCertificate] = {}
        self._missing: dict[str, tuple[float, Doubt]] = {}
        self._fetching = threading.Lock()

    def doubts(self, messages: Iterable[Message]) -> dict[str, Doubt]:
        """Why messages are not believed, by receipt handle; those that are have no entry.

        Waits for SNS, for some seconds at most, where a certificate is not known yet.
        """
        give_up_seconds = self._clock() + FETCHING_SECONDS_MAX
        found: dict[str, Doubt] = {}
        for message in messages:
            try:
                self._check(message.body, give_up_seconds)
            except (UnverifiedMessageError, CertificateUnavailableError) as error:
                found[message.receipt_handle] = error
        return found

    def _check(self, body: str, give_up_seconds: float) -> None:
        signed = signed_notification(body)
        if self._topics and signed.topic_arn not in self._topics:
            raise UnverifiedMessageError(
                f"It is of another topic than expected: {ascii(signed.topic_arn)[:200]}.",
                hint="Name every topic whose messages the queue shall take with --sns-topic.",
            )
        self._certificate(signed.certificate_url, give_up_seconds).check(signed, self._now())

    def _certificate(self, url: str, give_up_seconds: float) -> SigningCertificate:
        known = self._certificates.get(url)
        if known is not None:
            return known
        with self._fetching:
            known = self._certificates.get(url)
            if known is not None:
                return known
            now_seconds = self._clock()
            missing = self._missing.get(url)
            if missing is not None and now_seconds < missing[0]:
                # a new one each time: an error that is raised again keeps what it has gone through
                raise type(missing[1])(missing[1].args[0], hint=missing[1].hint)
            if now_seconds >= give_up_seconds:
                raise CertificateUnavailableError("SNS's certificates take too long to come.")
            return self._fetched(url, give_up_seconds - now_seconds)

    def _fetched(self, url: str, seconds: float) -> SigningCertificate:
        try:
            certificate = SigningCertificate(self._fetch(url, seconds), url)
        except (UnverifiedMessageError, CertificateUnavailableError) as error:
            is_passing = isinstance(error, CertificateUnavailableError)
            holds_seconds = _TRY_AGAIN_SECONDS if is_passing else _ASK_AGAIN_SECONDS
            _keep(self._missing, url, (self._clock() + holds_seconds, error))
            raise
        self._missing.pop(url, None)
        _keep(self._certificates, url, certificate)
        return certificate


T = TypeVar("T")


def _keep(by_url: dict[str, T], url: str, value: T) -> None:
    """Note a value; of too many the oldest goes."""
    by_url.pop(url, None)
    if len(by_url) >= CERTIFICATES_MAX:
        del by_url[next(iter(by_url))]
    by_url[url] = value
