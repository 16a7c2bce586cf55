"""A lake on S3: commits are published by completing their multipart uploads. Runs in the supervisor process.

What is left behind when the process dies, or an answer of S3 never comes

- right before CompleteMultipartUpload of a file: the parts lie in S3, durable, seen by no reader. The commit is
  in the ledger, with upload ids and ETags of the parts; the next start completes it.
- within it: S3 has completed the upload or it has not; nobody knows. The next start asks for completion again:
  S3 answers 200 once more, or NoSuchUpload. Then the object at the key decides: there, with the commit's id in
  its metadata and its size, it is published.
- between two files: the first is visible, the second is completed by the next start.
- right after the last: nothing is left to do; `publish` once more changes nothing.
- an error that is neither: S3 is asked whether the upload still exists. If it does, it is not completed, and
  OutputError says to try again; if not, the object decides, as above. Never a guess.

Before the ledger has the commit, dying leaves multipart uploads, which `sweep` aborts at the next start. Uploads
are told apart by the commit id in their key; those of anybody else are left alone.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

from ingester.aws.errors import FaultKind, explain
from ingester.lake.claim import CLAIM_PATH, Claim, decode_claim, encode_claim
from ingester.lake.layout import (
    COMMIT_METADATA_KEY,
    INTERNAL,
    QUARANTINED_LOG_FILES,
    TABLE,
    commit_id_of,
    quarantined_log_file_path,
    quarantined_names,
)
from ingester.lake.lock import locked
from ingester.lake.quarantine import decode_entry, encode_entry
from ingester.lake.s3 import AWS_ERRORS, is_missing, make_s3_client, s3_error, s3_location
from ingester.model.commit import Commit, DataFile
from ingester.model.crash_points import SUPERVISOR_MID_PUBLISH, crash_point
from ingester.model.errors import ConfigurationError, LakeDamagedError, LakeTakenOverError
from ingester.model.quarantine import QuarantinedLogFile
from ingester.model.settings import Settings

_CALLS_AT_ONCE = 8
"""A commit over many partitions has many files, and each call waits some tens of milliseconds for S3."""

_PROBE = f"{INTERNAL}/probe"

_BROKEN_UPLOAD = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall"}
"""S3 has the upload, and its parts are not the ones that were staged."""


class S3Lake:
    """See `ingester.lake.base.Lake`."""

    def __init__(self, settings: Settings) -> None:
        self._location = s3_location(settings)
        self._state_directory = settings.state_directory
        self._s3 = make_s3_client(settings)
        self._claim_etag: str | None = None
        self._is_claimed = False

    def check_writable(self) -> None:
        """Begins a multipart upload, aborts it, and lists uploads: what staging and sweeping need."""
        bucket, key = self._location.bucket, self._location.key(_PROBE)
        try:
            upload_id = self._s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
            self._s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
            self._s3.list_multipart_uploads(Bucket=bucket, Prefix=key, MaxUploads=1)
        except AWS_ERRORS as error:
            cause = s3_error(error, self._location.uri())
            hint = cause.hint if cause.hint or cause.passing else "Give --output a bucket that can be written."
            raise ConfigurationError(
                f"The output can't be used: {cause.args[0]}", hint=hint, passing=cause.passing
            ) from error

    def lock(self) -> AbstractContextManager[None]:
        """Locks the state directory, where the ledger lies. Whoever has another ledger is kept out by the claim."""
        return locked([self._state_directory], self._location.uri())

    def read_claim(self) -> Claim | None:
        """Gets a small object."""
        uri = self._location.uri(CLAIM_PATH)
        try:
            answer = self._s3.get_object(Bucket=self._location.bucket, Key=self._location.key(CLAIM_PATH))
            content = answer["Body"].read()
        except AWS_ERRORS as error:
            if not is_missing(error):
                raise s3_error(error, uri) from error
            self._claim_etag = None
            return None
        self._claim_etag = answer["ETag"]
        return decode_claim(content, uri)

    def write_claim(self, claim: Claim) -> None:
        """Puts the object, on the condition that nobody has since it was read."""
        condition: dict[str, Any] = {"IfMatch": self._claim_etag} if self._claim_etag else {"IfNoneMatch": "*"}
        try:
            answer = self._s3.put_object(
                Bucket=self._location.bucket,
                Key=self._location.key(CLAIM_PATH),
                Body=encode_claim(claim),
                ContentType="application/json",
                **condition,
            )
            self._claim_etag = answer["ETag"]
        except AWS_ERRORS as error:
            if explain(error).kind is not FaultKind.CHANGED:
                raise s3_error(error, self._location.uri(CLAIM_PATH)) from error
            found = self.read_claim()
            if found != claim:  # else an answer was lost, and boto3's second try met our own first one
                who = f"host {found.host} (process {found.process})" if found else "somebody"
                raise ConfigurationError(
                    f"An ingester on {who} has begun to work on {self._location.uri()} this very moment.",
                    hint="Only one may: stop either.",
                ) from error
        self._is_claimed = True

    def has_data(self) -> bool:
        """Lists one key."""
        try:
            found = self._s3.list_objects_v2(
                Bucket=self._location.bucket, Prefix=self._location.key(TABLE) + "/", MaxKeys=1
            )
        except AWS_ERRORS as error:
            raise s3_error(error, self._location.uri(TABLE)) from error
        return bool(found.get("Contents"))

    def _check_claim(self) -> None:
        """Raises LakeTakenOverError if the lake has been claimed by another since `write_claim`. One HEAD."""
        if not self._is_claimed:
            return
        try:
            head = self._s3.head_object(Bucket=self._location.bucket, Key=self._location.key(CLAIM_PATH))
            if head["ETag"] == self._claim_etag:
                return
        except AWS_ERRORS as error:
            if not is_missing(error):
                raise s3_error(error, self._location.uri(CLAIM_PATH)) from error
        raise LakeTakenOverError(
            f"{self._location.uri()} has been taken over by another ingester; "
            f"{self._location.uri(CLAIM_PATH)} says by which.",
            hint="This one has ended and published nothing more. Run only the other.",
        )

    def publish(self, commit: Commit) -> None:
        """Completes every upload, a few at a time."""
        self._check_claim()
        self._for_each(commit.data_files, lambda data_file: self._publish_file(commit.commit_id, data_file))

    def _publish_file(self, commit_id: str, data_file: DataFile) -> None:
        uri = self._location.uri(data_file.path)
        upload = self._upload(data_file)
        parts: list[Any] = [
            {"PartNumber": number, "ETag": etag} for number, etag in enumerate(data_file.part_etags, 1)
        ]
        try:
            self._s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
            crash_point(SUPERVISOR_MID_PUBLISH)
        except AWS_ERRORS as error:
            if explain(error).code in _BROKEN_UPLOAD:
                raise LakeDamagedError(
                    f"{uri} of commit {commit_id} can't be completed. {explain(error).sentence}",
                    hint="Its parts are not those that were staged. Look who else writes there.",
                ) from error
            if not is_missing(error) and self._has_upload(upload, uri):
                raise s3_error(error, uri) from error
            self._check_published(commit_id, data_file)

    def _has_upload(self, upload: dict[str, Any], uri: str) -> bool:
        try:
            self._s3.list_parts(**upload, MaxParts=1)
        except AWS_ERRORS as error:
            if is_missing(error):
                return False
            raise s3_error(error, uri) from error
        return True

    def _check_published(self, commit_id: str, data_file: DataFile) -> None:
        uri = self._location.uri(data_file.path)
        try:
            head = self._s3.head_object(Bucket=self._location.bucket, Key=self._location.key(data_file.path))
        except AWS_ERRORS as error:
            if not is_missing(error):
                raise s3_error(error, uri) from error
            raise LakeDamagedError(
                f"{uri} of commit {commit_id} is neither staged nor published: {data_file.rows} rows are gone.",
                hint="Look whether a lifecycle rule aborts multipart uploads sooner than after a day.",
            ) from error
        owner, size_bytes = head["Metadata"].get(COMMIT_METADATA_KEY), head["ContentLength"]
        if owner != commit_id or size_bytes != data_file.size_bytes:
            raise LakeDamagedError(
                f"{uri} should be of commit {commit_id} with {data_file.size_bytes} bytes, "
                f"and is of {owner or 'an unknown writer'} with {size_bytes}.",
                hint="Something else wrote there. Look into the bucket's versions.",
            )

    def discard(self, commit_id: str, data_files: Sequence[DataFile]) -> None:  # noqa: ARG002
        """Aborts the uploads; those that are gone are gone."""
        self._for_each(data_files, lambda file: self._abort(self._upload(file), self._location.uri(file.path)))

    def sweep(self, pending: Collection[str], prefix: str = "") -> int:
        """Aborts the uploads under this lake's prefix of all other commits whose ids begin so."""
        try:
            found = [*self._uploads(TABLE), *self._uploads(INTERNAL)]
        except AWS_ERRORS as error:
            raise s3_error(error, self._location.uri()) from error
        paths = [(upload, self._location.path(upload["Key"])) for upload in found]
        left_behind = [
            (upload, path)
            for upload, path in paths
            if (path == _PROBE and not prefix) or _is_left(commit_id_of(path), pending, prefix)
        ]
        self._check_claim()  # after the list, which thus holds nothing that another's workers have begun
        self._for_each(left_behind, lambda item: self._abort(item[0], self._location.uri(item[1])))
        return len(left_behind)

    def _uploads(self, directory: str) -> Iterator[dict[str, Any]]:
        pages = self._s3.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._location.bucket, Prefix=self._location.key(directory) + "/"
        )
        for page in pages:
            for upload in page.get("Uploads", ()):
                yield {"Bucket": self._location.bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}

    def _upload(self, data_file: DataFile) -> dict[str, Any]:
        return {
            "Bucket": self._location.bucket,
            "Key": self._location.key(data_file.path),
            "UploadId": data_file.upload_id,
        }

    def _abort(self, upload: dict[str, Any], uri: str) -> None:
        try:
            self._s3.abort_multipart_upload(**upload)
        except AWS_ERRORS as error:
            if not is_missing(error):
                raise s3_error(error, uri) from error

    def quarantine_log_file(self, entry: QuarantinedLogFile) -> None:
        """Writes the entry with one PUT, which is atomic."""
        path = quarantined_log_file_path(entry.log_file)
        try:
            content = encode_entry(entry, self._get(path))
            self._s3.put_object(
                Bucket=self._location.bucket,
                Key=self._location.key(path),
                Body=content,
                ContentType="application/json",
            )
        except AWS_ERRORS as error:
            raise s3_error(error, self._location.uri(path)) from error

    def list_quarantine(self) -> list[QuarantinedLogFile]:
        """Reads every entry."""
        try:
            keys = [key for key in self._quarantine_keys() if key.endswith(".json")]
            contents = {key: self._get(self._location.path(key)) for key in keys}
        except AWS_ERRORS as error:
            raise s3_error(error, self._location.uri(QUARANTINED_LOG_FILES)) from error
        entries = [
            decode_entry(content, f"s3://{self._location.bucket}/{key}")
            for key, content in contents.items()
            if content is not None
        ]
        return sorted(entries, key=lambda entry: entry.uri)

    def quarantined_names(self) -> set[bytes]:
        """Lists the keys, 1,000 a call."""
        try:
            return quarantined_names(key.rsplit("/", 1)[-1] for key in self._quarantine_keys())
        except AWS_ERRORS as error:
            raise s3_error(error, self._location.uri(QUARANTINED_LOG_FILES)) from error

    def _quarantine_keys(self) -> Iterator[str]:
        prefix = self._location.key(QUARANTINED_LOG_FILES) + "/"
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._location.bucket, Prefix=prefix)
        return (found["Key"] for page in pages for found in page.get("Contents", ()))

    def remove_quarantine(self, entry: QuarantinedLogFile) -> None:
        """Deletes the entry's object."""
        path = quarantined_log_file_path(entry.log_file)
        try:
            self._s3.delete_object(Bucket=self._location.bucket, Key=self._location.key(path))
        except AWS_ERRORS as error:
            raise s3_error(error, self._location.uri(path)) from error

    def _get(self, path: str) -> bytes | None:
        try:
            answer = self._s3.get_object(Bucket=self._location.bucket, Key=self._location.key(path))
        except AWS_ERRORS as error:
            if is_missing(error):
                return None
            raise
        return answer["Body"].read()

    def _for_each(self, items: Sequence[Any], action: Callable[[Any], None]) -> None:
        """A few at a time; all are tried, then the first error is raised."""
        if len(items) == 1:
            action(items[0])
            return
        with ThreadPoolExecutor(_CALLS_AT_ONCE, thread_name_prefix="lake") as pool:
            done = [pool.submit(action, item) for item in items]
        for future in done:
            future.result()


def _is_left(commit_id: str | None, pending: Collection[str], prefix: str) -> bool:
    return commit_id is not None and commit_id.startswith(prefix) and commit_id not in pending
