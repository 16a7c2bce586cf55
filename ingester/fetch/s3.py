"""Log files on S3. In the worker process; thread safe, for a few fetching threads."""

import re
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.store import S3Store

from ingester.aws.clients import CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS, make_client, make_session
from ingester.aws.errors import FaultKind
from ingester.fetch.base import Fetched, MakeRoom, no_waiting
from ingester.fetch.s3_errors import CallFailedError, fetch_error
from ingester.fetch.s3_get import BOTO_ERRORS, get_with_boto3, get_with_obstore
from ingester.fetch.s3_keys import obstore_can_say
from ingester.model.errors import ConfigurationError, FetchError
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RETRIES_MAX = 2
"""Retries of one GET and of a body that breaks off. A log file that fails all the same comes back much later, by
visibility: better than a fetching thread that waits."""

_BACKOFF_FIRST = timedelta(milliseconds=100)
_BACKOFF_MAX = timedelta(seconds=2)
_LONGEST_BODY = timedelta(hours=6)
"""Deadline of a whole request. A large body is read at the pace of decoding, so only stalls are limited, by
READ_TIMEOUT_SECONDS."""

_CREDENTIALS_TTL = timedelta(minutes=10)
"""obstore asks for credentials again five minutes before they end (object_store's TokenCache), so every five; with
the provider's default of 30 it would go on with a role's credentials after botocore has renewed them."""

_DNS_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_PLAIN_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")


@dataclass(frozen=True, slots=True)
class _Access:
    """How one bucket is reached."""

    store: S3Store | None  # None where only boto3 knows the way: access point ARNs
    client: "S3Client"


class S3Source:
    """Opens log files on S3, of any bucket. One store a bucket, and one boto3 client a region, kept.

    A bucket in another region is found out on the first answer that says so, and remembered. Credentials that have
    expired are looked up anew (the profile's file, the container, the instance) and tried once more.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._regions: dict[str, str] = {}
        self._forget_access()

    def open(self, log_file: LogFile, make_room: MakeRoom = no_waiting) -> Fetched:
        """GET the log file, if it still has the ETag that was announced.

        Raises FetchError: it is gone, denied, changed, throttled (`throttled` is set), or could not be had.
        """
        mended: set[FaultKind] = set()
        while True:
            access = self._access(log_file)
            try:
                if access.store is not None and obstore_can_say(log_file.key):
                    return get_with_obstore(access.store, log_file, make_room)
                return get_with_boto3(access.client, log_file, make_room)
            except CallFailedError as failed:
                kind = failed.fault.kind
                if kind in mended or not self._mend(kind, log_file.bucket, access):
                    raise fetch_error(failed.fault, log_file) from failed.__cause__
                mended.add(kind)

    def _mend(self, kind: FaultKind, bucket: str, access: _Access) -> bool:
        """Do what makes another attempt worth while; whether there is such a thing."""
        if kind is FaultKind.WRONG_REGION:
            region = _find_region(access.client, bucket)
            if region is None:
                return False
            with self._lock:
                self._regions[bucket] = region
                self._buckets.pop(bucket, None)
            return True
        if kind is FaultKind.EXPIRED:
            with self._lock:
                if self._buckets.get(bucket) is access:  # else another thread has done it
                    self._forget_access()
            return True
        return False

    def _forget_access(self) -> None:
        self._buckets: dict[str, _Access] = {}
        self._clients: dict[str | None, S3Client] = {}
        self._credentials: Boto3CredentialProvider | None = None

    def _access(self, log_file: LogFile) -> _Access:
        access = self._buckets.get(log_file.bucket)
        if access is None:
            with self._lock:
                access = self._buckets.get(log_file.bucket)
                if access is None:
                    try:
                        access = self._make_access(log_file.bucket)
                    except ConfigurationError as error:
                        raise FetchError(f"{log_file.uri} can't be fetched: {error}", passing=True) from error
                    self._buckets[log_file.bucket] = access
        return access

    def _make_access(self, bucket: str) -> _Access:
        region = self._regions.get(bucket)
        client = self._clients.get(region)
        if client is None:
            client = self._clients[region] = make_client("s3", self._settings, region)
        if not _PLAIN_BUCKET.fullmatch(bucket):
            return _Access(None, client)
        if self._credentials is None:
            self._credentials = Boto3CredentialProvider(make_session(self._settings), ttl=_CREDENTIALS_TTL)
        store = _make_store(
            bucket, bucket_url(client.meta.endpoint_url, bucket), client.meta.region_name, self._credentials
        )
        return _Access(store, client)


def bucket_url(endpoint_url: str, bucket: str) -> str:
    """Where requests for `bucket` go: its own host name on AWS where it can have one, else a path."""
    parts = urlsplit(endpoint_url)
    host = parts.netloc
    if ".amazonaws.com" in host and "vpce" not in host and _DNS_BUCKET.fullmatch(bucket):
        return f"{parts.scheme}://{bucket}.{host}"
    return f"{endpoint_url.rstrip('/')}/{bucket}"


def _make_store(bucket: str, url: str, region: str, credentials: Boto3CredentialProvider) -> S3Store:
    """Everything is said outright: obstore would else take it from the environment (AWS_ENDPOINT_URL_S3,
    AWS_SKIP_SIGNATURE, …), in its own way."""
    return S3Store(
        bucket,
        endpoint=url,
        aws_endpoint_url_s3=url,
        virtual_hosted_style_request=True,  # obstore's word for: the endpoint names the bucket already
        region=region,
        skip_signature=False,
        credential_provider=credentials,
        client_options={
            "allow_http": url.startswith("http://"),
            "connect_timeout": timedelta(seconds=CONNECT_TIMEOUT_SECONDS),
            "read_timeout": timedelta(seconds=READ_TIMEOUT_SECONDS),
            "timeout": _LONGEST_BODY,
        },
        retry_config={
            "max_retries": RETRIES_MAX,
            "retry_timeout": _LONGEST_BODY,
            "backoff": {"init_backoff": _BACKOFF_FIRST, "max_backoff": _BACKOFF_MAX, "base": 2},
        },
    )


def _find_region(client: "S3Client", bucket: str) -> str | None:
    """The region of a bucket; S3 tells it in a header, also when it denies the rest."""
    try:
        headers = client.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
    except ClientError as error:
        headers = error.response["ResponseMetadata"]["HTTPHeaders"]
    except BOTO_ERRORS:
        return None
    return headers.get("x-amz-bucket-region")
