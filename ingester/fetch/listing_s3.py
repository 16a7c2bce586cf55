"""Log files under an S3 prefix, in the order of their keys. boto3 only: it runs in the supervisor process."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ingester.aws.clients import make_client
from ingester.aws.errors import FaultKind, explain
from ingester.fetch.listing_names import Skipped
from ingester.model.errors import ConfigurationError
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings, split_s3_uri

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

ATTEMPTS_MAX = 8
"""Attempts of one page, with backoff: a listing of millions should not end by a minute of SlowDown."""


class S3Listing(Skipped):
    """The log files whose keys begin with the prefix. See `ingester.fetch.listing`.

    A page of 1,000 keys is held at a time. The first is asked for at once, to tell a wrong source before anything
    else begins.
    """

    def __init__(self, source: str, settings: Settings) -> None:
        """Raises ConfigurationError: no such bucket, nothing under the prefix, denied, no credentials."""
        super().__init__()
        self._source = source
        self._bucket, self._prefix = split_s3_uri(source)
        retries = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS_MAX})
        self._client = make_client("s3", settings, config=retries)
        self._first_page = self._page(None)
        if not self._first_page.get("Contents"):
            raise ConfigurationError(f"Nothing lies under {source}.", hint="Check bucket and prefix.")

    def __iter__(self) -> Iterator[LogFile]:
        """The log files. Raises ConfigurationError if a page can't be had."""
        page = self._first_page
        begin = self._prefix.rfind("/") + 1
        while True:
            for found in page.get("Contents", ()):
                key = found["Key"]
                if self.is_log_file(key[begin:]):
                    yield LogFile(self._bucket, key, found["ETag"].strip('"'), None, found["Size"])
            token = page.get("NextContinuationToken")
            if token is None:
                return
            page = self._page(token)

    def _page(self, token: str | None) -> "ListObjectsV2OutputTypeDef":
        try:
            if token is None:
                return self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix)
            return self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, ContinuationToken=token)
        except (ClientError, BotoCoreError) as error:
            fault = explain(error)
            hint = fault.hint
            if fault.kind is FaultKind.DENIED:
                hint = f"Allow s3:ListBucket on arn:aws:s3:::{self._bucket}."
            elif fault.kind is FaultKind.MISSING:
                hint = "Check the bucket's name, and the endpoint if you set one."
            raise ConfigurationError(
                f"{self._source} can't be listed: {fault.sentence}", hint=hint, passing=fault.is_away
            ) from error
