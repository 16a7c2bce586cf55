"""A lake of a test, on disk or on S3, looked at from outside: as a reader of Parquet sees it."""

import os
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.moto import Place
from tests.support.trail import RecordPlace


class Lake(ABC):
    """An output of the ingester. `arguments` are the options that name it."""

    @property
    @abstractmethod
    def arguments(self) -> list[str]:
        """`--output`, and `--state-dir` where it is needed."""

    @abstractmethod
    def names(self) -> list[str]:
        """Everything that a reader can see below the root, sorted: paths with `/`."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The bytes of one of `names`."""

    @abstractmethod
    def leftovers(self) -> list[str]:
        """What was staged and is neither published nor removed."""

    def data_files(self) -> list[str]:
        """The names of the data files. Fails if anything else lies among them."""
        names = [name for name in self.names() if name.startswith("cloudtrail/")]
        assert [name for name in names if not name.endswith(".parquet")] == []
        return names

    def table(self, columns: list[str] | None = None) -> pa.Table:
        """All rows."""
        files = [pq.read_table(pa.BufferReader(self.read(name)), columns=columns) for name in self.data_files()]
        return pa.concat_tables(files)

    def places(self) -> Counter[RecordPlace]:
        """How often each (logFile, recordIndex) is there."""
        if not self.data_files():
            return Counter()
        table = self.table(["logFile", "recordIndex"])
        return Counter(zip(table["logFile"].to_pylist(), table["recordIndex"].to_pylist(), strict=True))

    def quarantine(self) -> dict[str, str]:
        """The quarantined log files and records, by name."""
        return {name: self.read(name).decode() for name in self.names() if name.startswith("_ingester/quarantine/")}


@dataclass(frozen=True)
class DiskLake(Lake):
    """A lake in a directory."""

    root: Path

    @property
    def arguments(self) -> list[str]:
        """`--output`."""
        return ["--output", str(self.root)]

    def names(self) -> list[str]:
        """All files."""
        # not rglob, which fails when a directory goes while it looks
        folders = ((Path(folder), names) for folder, _, names in os.walk(self.root))
        return sorted(
            (folder / name).relative_to(self.root).as_posix() for folder, names in folders for name in names
        )

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        return (self.root / name).read_bytes()

    def leftovers(self) -> list[str]:
        """Files below `_ingester/staging`."""
        return [name for name in self.names() if name.startswith("_ingester/staging/")]


@dataclass(frozen=True)
class S3Lake(Lake):
    """A lake below a prefix of the test's bucket, with its ledger in a directory."""

    place: Place
    state_dir: Path
    prefix: str = "lake"

    @property
    def arguments(self) -> list[str]:
        """`--output` and `--state-dir`."""
        return ["--output", f"s3://{self.place.bucket}/{self.prefix}", "--state-dir", str(self.state_dir)]

    def names(self) -> list[str]:
        """All objects below the prefix."""
        pages = self.place.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.place.bucket, Prefix=f"{self.prefix}/"
        )
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return sorted(key.removeprefix(f"{self.prefix}/") for key in keys)

    def read(self, name: str) -> bytes:
        """The bytes of an object."""
        answer = self.place.s3.get_object(Bucket=self.place.bucket, Key=f"{self.prefix}/{name}")
        return bytes(answer["Body"].read())

    def leftovers(self) -> list[str]:
        """Multipart uploads that are neither completed nor aborted."""
        uploads = self.place.s3.list_multipart_uploads(Bucket=self.place.bucket).get("Uploads", [])
        return [upload["Key"] for upload in uploads]
