"""Signed POSTs to one AWS endpoint, without the rest of boto3: over urllib3's connections.

Where to, with which credentials, through which proxy and trusting whom is what boto3 makes of the settings and the
standard AWS environment: regions of every partition, FIPS and dual stack, AWS_ENDPOINT_URL, profiles and roles.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.client import ClientMeta
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError
from botocore.httpsession import ProxyConfiguration, get_cert_path
from botocore.session import get_session
from botocore.utils import get_environ_proxies
from urllib3 import HTTPConnectionPool, PoolManager, ProxyManager, Retry, Timeout
from urllib3.connection import HTTPConnection

from ingester.aws.clients import CONNECT_TIMEOUT_SECONDS, CONNECTIONS_MAX, READ_TIMEOUT_SECONDS
from ingester.aws.sigv4 import PostSigner
from ingester.model.errors import ConfigurationError

RENEWAL_SECONDS_MIN = 30.0
"""Credentials that expired in a file or in the environment may stay so: looking for new ones costs 20 ms of CPU."""

_ONE_ATTEMPT = Retry(False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class SignedPosts:
    """One endpoint, for all threads of the process that makes it; `meta` is that of a boto3 client for it.

    `find_credentials` looks for credentials anew, when AWS says that these have expired.
    """

    def __init__(
        self,
        meta: ClientMeta,
        credentials: Credentials | None,
        find_credentials: Callable[[], Credentials | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = meta.endpoint_url if urlsplit(meta.endpoint_url).path else f"{meta.endpoint_url}/"
        """Where every request goes."""
        self.region = meta.region_name
        """The region that requests are signed for."""
        self._signer = PostSigner(self.url, meta.service_model.signing_name, self.region)
        self._user_agent = meta.config.user_agent  # type: ignore[attr-defined]
        self._pool, self._target = _connect(self.url)
        self._credentials = credentials
        self._find_credentials = find_credentials
        self._clock = clock
        self._renewal = threading.Lock()
        self._renewable_at_seconds = 0.0

    def credentials(self) -> ReadOnlyCredentials:
        """The credentials of this moment: a role's are refreshed before they expire, which may block.

        Raises BotoCoreError if there are none or they can't be refreshed.
        """
        if self._credentials is None:
            raise NoCredentialsError
        return self._credentials.get_frozen_credentials()

    def post(self, credentials: ReadOnlyCredentials, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST once and wait for the whole answer. Raises urllib3's HTTPError if none comes."""
        signed = self._signer.sign(credentials, headers, body, time.time())
        signed["User-Agent"] = self._user_agent
        answer = self._pool.urlopen(
            "POST",
            self._target,
            body=body,
            headers=signed,
            retries=_ONE_ATTEMPT,
            redirect=False,
            assert_same_host=False,  # a proxy's target names the host behind it
        )
        return Answer(answer.status, answer.headers, answer.data)

    def renew(self, expired: ReadOnlyCredentials) -> bool:
        """Look for credentials other than those that AWS calls expired; whether there are. May block.

        A file may have been written anew, a role may give others. At most every RENEWAL_SECONDS_MIN.
        """
        with self._renewal:
            if self.credentials() != expired:  # another thread was here
                return True
            if self._clock() < self._renewable_at_seconds:
                return False
            self._renewable_at_seconds = self._clock() + RENEWAL_SECONDS_MIN
            try:
                self._credentials = self._find_credentials()
            except ConfigurationError:
                return False
            return self.credentials() != expired


def _connect(url: str) -> tuple[HTTPConnectionPool, str]:
    """Connections for an endpoint, directly or through the environment's proxy; and what a request on them names."""
    options: dict[str, Any] = {
        "maxsize": CONNECTIONS_MAX,
        "timeout": Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=READ_TIMEOUT_SECONDS),
        "socket_options": [*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)],
    }
    parts = urlsplit(url)
    if parts.scheme == "https":
        options |= {"cert_reqs": "CERT_REQUIRED", "ca_certs": _trusted()}
    proxies = ProxyConfiguration(get_environ_proxies(url))
    proxy_url = proxies.proxy_url_for(url)
    if proxy_url is None:
        return PoolManager(**options).connection_from_url(url), parts.path
    manager = ProxyManager(proxy_url, proxy_headers=proxies.proxy_headers_for(proxy_url), **options)
    # through HTTPS a proxy makes a tunnel; without it, it has to be told the host
    return manager.connection_from_url(url), parts.path if parts.scheme == "https" else url


def _trusted() -> str:
    """The file of certificates that boto3 trusts here."""
    return str(
        get_session().get_config_variable("ca_bundle")
        or os.environ.get("REQUESTS_CA_BUNDLE")
        or os.environ.get("CURL_CA_BUNDLE")
        or get_cert_path(True)
    )
