"""The lake's side of S3: its client, where it lies, and its errors. Every process; the only user of boto3 here
is made on first use, in the process that uses it."""

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ingester.aws.clients import make_client
from ingester.aws.errors import FaultKind, explain
from ingester.lake.layout import object_key
from ingester.model.errors import OutputError
from ingester.model.settings import Settings, split_s3_uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

READ_TIMEOUT_SECONDS = 120
"""Completing a large multipart upload can take minutes (CompleteMultipartUpload, API reference)."""

AWS_ERRORS = (ClientError, BotoCoreError)


class S3Location(NamedTuple):
    """A bucket, and the prefix of a lake's root in it, without slashes at its ends."""

    bucket: str
    prefix: str

    def key(self, path: str) -> str:
        """The key of a path of the lake."""
        return object_key(self.prefix, path)

    def path(self, key: str) -> str:
        """The path in the lake of a key under the prefix."""
        return key[len(self.prefix) + 1 :] if self.prefix else key

    def uri(self, path: str = "") -> str:
        """`s3://bucket/key`, for messages."""
        return "/".join(part for part in (f"s3://{self.bucket}", self.prefix, path) if part)


def s3_location(settings: Settings) -> S3Location:
    """Where the output lies. Raises ConfigurationError if it is no S3 location."""
    bucket, prefix = split_s3_uri(settings.output)
    return S3Location(bucket, prefix.strip("/"))


@lru_cache(maxsize=1)
def make_s3_client(settings: Settings) -> "S3Client":
    """The client of this process for the output; thread safe. Raises ConfigurationError.

    No checksums beyond what S3 demands: a part that has one must show it again when the upload is completed, by
    another process (boto3 adds CRC32 to every part by default since 1.36).
    """
    config = Config(
        read_timeout=READ_TIMEOUT_SECONDS,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return make_client("s3", settings, config=config)


def s3_error(error: BaseException, uri: str) -> OutputError:
    """What an error of boto3 on `uri` means, and what to do."""
    fault = explain(error)
    hint = fault.hint
    if fault.kind is FaultKind.DENIED:
        hint = f"Allow {PERMISSIONS} on the output."
    if fault.code == "NoSuchBucket":
        hint = "Create the bucket, or give --output one that exists."
    return OutputError(f"{uri} can't be written. {fault.sentence}", hint=hint, passing=fault.is_away)


def is_missing(error: BaseException) -> bool:
    """Whether S3 says that the object or the multipart upload does not exist."""
    return explain(error).code in ("NoSuchUpload", "NoSuchKey", "404", "NotFound")


PERMISSIONS = (
    "s3:PutObject, s3:GetObject, s3:DeleteObject, s3:AbortMultipartUpload, s3:ListMultipartUploadParts "
    "on its objects, s3:ListBucket and s3:ListBucketMultipartUploads on its bucket"
)
