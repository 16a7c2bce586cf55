"""Staging on S3: multipart uploads to the final keys, not yet completed. Runs in worker processes.

Nothing is visible, and parts are durable once S3 has answered. Parts go up in a few threads while the next rows
are decoded: an upload waits for the network and costs no CPU meanwhile.
"""

import logging
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ingester.lake.layout import COMMIT_METADATA_KEY
from ingester.lake.s3 import AWS_ERRORS, make_s3_client, s3_error, s3_location
from ingester.model.commit import DataFile, DataFileKind
from ingester.model.errors import OutputError
from ingester.model.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_log = logging.getLogger("ingester.lake")

PART_BYTES = 8 << 20
"""S3 takes parts of 5 MB to 5 GB and at most 10,000 of them, the last one of any size (multipart upload limits)."""

_UPLOADS_AT_ONCE = 4
_PARTS_IN_FLIGHT_MAX = 6
"""At most 48 MB wait for S3; then the writer waits too."""


class _Uploads:
    """The calls of one commit to S3, a few at once, in threads."""

    def __init__(self, settings: Settings, commit_id: str) -> None:
        self.location = s3_location(settings)
        self._s3: S3Client = make_s3_client(settings)
        self._commit_id = commit_id
        self._pool = ThreadPoolExecutor(_UPLOADS_AT_ONCE, thread_name_prefix="upload")
        self._in_flight: deque[Future[Any]] = deque()

    def begin(self, path: str) -> "Future[str]":
        """Create the multipart upload; its id."""
        return self._pool.submit(self._begin, path)

    def _begin(self, path: str) -> str:
        try:
            answer = self._s3.create_multipart_upload(
                Bucket=self.location.bucket,
                Key=self.location.key(path),
                Metadata={COMMIT_METADATA_KEY: self._commit_id},
                ContentType="application/vnd.apache.parquet" if path.endswith(".parquet") else "application/jsonl",
            )
        except AWS_ERRORS as error:
            raise s3_error(error, self.location.uri(path)) from error
        return answer["UploadId"]

    def send(self, path: str, upload_id: "Future[str]", number: int, part: bytes) -> "Future[str]":
        """Upload a part; its ETag. Waits while too many parts are on their way, and raises what the oldest met."""
        while len(self._in_flight) >= _PARTS_IN_FLIGHT_MAX:
            self._in_flight.popleft().result()
        future = self._pool.submit(self._send, path, upload_id, number, part)
        self._in_flight.append(future)
        return future

    def _send(self, path: str, upload_id: "Future[str]", number: int, part: bytes) -> str:
        # no deadlock: the pool takes tasks in order, so whatever creates this upload has a thread already
        try:
            answer = self._s3.upload_part(
                Bucket=self.location.bucket,
                Key=self.location.key(path),
                UploadId=upload_id.result(),
                PartNumber=number,
                Body=part,
            )
        except AWS_ERRORS as error:
            raise s3_error(error, self.location.uri(path)) from error
        return answer["ETag"]

    def abort(self, path: str, upload_id: "Future[str]") -> None:
        """Abort an upload. Raises OutputError."""
        try:
            self._s3.abort_multipart_upload(
                Bucket=self.location.bucket, Key=self.location.key(path), UploadId=upload_id.result()
            )
        except AWS_ERRORS as error:
            raise s3_error(error, self.location.uri(path)) from error

    def close(self, *, cancel: bool) -> None:
        """Wait for the calls under way; `cancel`: those that have not begun never will."""
        self._pool.shutdown(wait=True, cancel_futures=cancel)


class S3File:
    """See `ingester.lake.sink.SinkFile`."""

    def __init__(self, path: str, sink: "S3Sink", uploads: _Uploads) -> None:
        self.path = path
        self.size_bytes = 0
        self.closed = False
        self._sink = sink
        self._uploads = uploads
        self._tail = bytearray()
        self._discarded = False
        self._upload_id = uploads.begin(path)
        self._etags: list[Future[str]] = []

    def write(self, data: bytes) -> int:
        """Append; a part is sent when it is full."""
        if self._discarded:
            return len(data)
        self._tail += data
        self.size_bytes += len(data)
        self._sink.buffered_bytes += len(data)
        while len(self._tail) >= PART_BYTES:
            self._send(PART_BYTES)
        return len(data)

    def _send(self, size_bytes: int) -> None:
        part = bytes(memoryview(self._tail)[:size_bytes])
        del self._tail[:size_bytes]
        self._sink.buffered_bytes -= size_bytes
        self._etags.append(self._uploads.send(self.path, self._upload_id, len(self._etags) + 1, part))

    def flush(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Send the last part."""
        if self.closed:
            return
        self.closed = True
        if self._tail or not self._etags:
            self._send(len(self._tail))

    def wait(self) -> None:
        """Until S3 has all parts. Raises OutputError."""
        for etag in self._etags:
            etag.result()

    def discard(self) -> None:
        """Abort the upload, once its calls are over."""
        self._discarded = self.closed = True
        self._tail.clear()
        if self._upload_id.cancelled():
            return
        try:
            self._uploads.abort(self.path, self._upload_id)
        except OutputError as error:
            uri = self._uploads.location.uri(self.path)
            _log.warning("The multipart upload to %s is left for the sweep of the next start. %s", uri, error)

    def data_file(self, rows: int, kind: DataFileKind) -> DataFile:
        """Size and rows, and what completes the upload."""
        return DataFile(
            path=self.path,
            rows=rows,
            size_bytes=self.size_bytes,
            kind=kind,
            upload_id=self._upload_id.result(),
            part_etags=tuple(etag.result() for etag in self._etags),
        )


class S3Sink:
    """See `ingester.lake.sink.Sink`."""

    def __init__(self, settings: Settings, commit_id: str) -> None:
        self.buffered_bytes = 0
        self._uploads = _Uploads(settings, commit_id)
        self._files: list[S3File] = []

    def create(self, path: str) -> S3File:
        """A multipart upload to the final key."""
        file = S3File(path, self, self._uploads)
        self._files.append(file)
        return file

    def finish(self) -> None:
        """Wait until S3 has every part."""
        for file in self._files:
            file.wait()
        self._uploads.close(cancel=False)

    def discard(self) -> None:
        """Abort all uploads. Those whose begin was never answered are left for the sweep."""
        self._uploads.close(cancel=True)
        for file in self._files:
            file.discard()
