"""The files of a lake on S3. See `ingester.lake.lake_files`."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ingester.lake.lake_files import SET_ASIDE, LakeFile
from ingester.lake.layout import INTERNAL, TABLE, commit_id_of
from ingester.lake.s3 import AWS_ERRORS, is_missing, make_s3_client, s3_error, s3_location
from ingester.model.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3LakeFiles:
    """See `ingester.lake.lake_files.LakeFiles`."""

    def __init__(self, settings: Settings) -> None:
        self._location = s3_location(settings)
        self._s3: S3Client = make_s3_client(settings)

    def exists(self) -> bool:
        """Whether any object of ours lies under the prefix."""
        return any(next(self.list(directory), None) for directory in (TABLE, INTERNAL))

    def list(self, directory: str) -> Iterator[LakeFile]:
        """Lists the keys, 1,000 a call."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._location.bucket, Prefix=self._location.key(directory) + "/"
        )
        try:
            for page in pages:
                for found in page.get("Contents", ()):
                    yield LakeFile(self._location.path(found["Key"]), found["Size"])
        except AWS_ERRORS as error:
            raise s3_error(error, self._location.uri(directory)) from error

    def open(self, path: str) -> pa.NativeFile:
        """Reads ranges of the object."""
        uri = self._location.uri(path)
        try:
            head = self._s3.head_object(Bucket=self._location.bucket, Key=self._location.key(path))
        except AWS_ERRORS as error:
            if is_missing(error):
                raise FileNotFoundError(uri) from error
            raise s3_error(error, uri) from error
        handle: Any = _Ranges(self._s3, self._location.bucket, self._location.key(path), uri, head["ContentLength"])
        return pa.PythonFile(handle, mode="r")

    def staged(self) -> Iterator[tuple[str, str]]:
        """Multipart uploads of ours that are neither completed nor aborted."""
        for directory in (TABLE, INTERNAL):
            pages = self._s3.get_paginator("list_multipart_uploads").paginate(
                Bucket=self._location.bucket, Prefix=self._location.key(directory) + "/"
            )
            try:
                for page in pages:
                    for upload in page.get("Uploads", ()):
                        path = self._location.path(upload["Key"])
                        commit_id = commit_id_of(path)
                        if commit_id is not None:
                            yield commit_id, f"the multipart upload to {self._location.uri(path)}"
            except AWS_ERRORS as error:
                raise s3_error(error, self._location.uri(directory)) from error

    def set_aside(self, path: str) -> str:
        """Copies the object and deletes it at its old key."""
        bucket, target = self._location.bucket, f"{SET_ASIDE}/{path}"
        source = {"Bucket": bucket, "Key": self._location.key(path)}
        try:
            self._s3.copy(CopySource=source, Bucket=bucket, Key=self._location.key(target))  # type: ignore[arg-type]
            self._s3.delete_object(Bucket=bucket, Key=source["Key"])
        except AWS_ERRORS as error:
            if not is_missing(error):
                raise s3_error(error, self._location.uri(path)) from error
        return self._location.uri(target)

    def where(self, path: str) -> str:
        """The URI."""
        return self._location.uri(path)


class _Ranges(io.RawIOBase):
    """An object as a file that is read at random. OutputError when S3 does not give it."""

    def __init__(self, s3: "S3Client", bucket: str, key: str, uri: str, size_bytes: int) -> None:
        self._s3, self._bucket, self._key, self._uri = s3, bucket, key, uri
        self._size_bytes = size_bytes
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}[whence]
        self._position = start + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        begin = self._position
        end = self._size_bytes if size < 0 else min(self._size_bytes, begin + size)
        if begin >= end:
            return b""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=self._key, Range=f"bytes={begin}-{end - 1}")
            content = answer["Body"].read()
        except AWS_ERRORS as error:
            raise s3_error(error, self._uri) from error
        self._position += len(content)
        return content
