"""Where a stage writes: files that are durable once finished, and seen by no reader. Runs in worker processes."""

from typing import Protocol

from ingester.model.commit import DataFile, DataFileKind
from ingester.model.settings import Settings


class SinkFile(Protocol):
    """One file being written, in one go. What pyarrow asks of a Python file, and what a commit needs to know.

    All but `data_file` raise OutputError. After the sink's `discard`, writes are taken and forgotten, since a
    Parquet writer that is thrown away writes its footer nevertheless.
    """

    path: str
    size_bytes: int
    closed: bool

    def write(self, data: bytes) -> int:
        """Append; how many bytes were taken: all."""

    def flush(self) -> None:
        """Nothing: pyarrow calls it, and what counts is `Sink.finish`."""

    def close(self) -> None:
        """No more bytes will come."""

    def data_file(self, rows: int, kind: DataFileKind) -> DataFile:
        """What the ledger has to know about this file. Only after `Sink.finish`."""


class Sink(Protocol):
    """All files of one commit. Used by one thread."""

    buffered_bytes: int
    """Bytes that wait in memory for more to come."""

    def create(self, path: str) -> SinkFile:
        """A new file that will be published as `path`, relative to the output's root. Raises OutputError."""

    def finish(self) -> None:
        """Make all files, every one closed, durable. Raises OutputError."""

    def discard(self) -> None:
        """Remove all files. Never raises: what can't be removed now is left for the supervisor's sweep."""


def open_sink(settings: Settings, commit_id: str) -> Sink:
    """The sink of the output. Nothing is written yet. Raises ConfigurationError."""
    if settings.output_is_s3:
        from ingester.lake.sink_s3 import S3Sink  # boto3 takes 0.2 s to import, for an output on S3 only

        return S3Sink(settings, commit_id)
    from ingester.lake.sink_disk import DiskSink

    return DiskSink(settings, commit_id)
