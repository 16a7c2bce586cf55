"""Where trials write: a place of their own under the user's output, where no reader looks, removed afterwards."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from ingester.aws.clients import make_client
from ingester.model.settings import Settings, is_s3_uri, split_s3_uri

_DELETED_AT_ONCE_MAX = 1000


class Scratch:
    """`<output>/_ingester/tune-…/<n>`: readers skip names that begin with `_`."""

    def __init__(self, settings: Settings, output: str, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._root = f"{output.rstrip('/')}/_ingester/tune-{uuid4().hex[:8]}"
        self._number = 0

    @contextmanager
    def new_place(self) -> Iterator[tuple[str, str]]:
        """An output and a state directory for one trial; both are emptied afterwards."""
        self._number += 1
        output = f"{self._root}/{self._number}"
        with tempfile.TemporaryDirectory() as state_dir:
            try:
                yield output, state_dir
            finally:
                self._remove(output)

    def _remove(self, output: str) -> None:
        if not is_s3_uri(output):
            shutil.rmtree(output, ignore_errors=True)
            for parent in (Path(output).parent, Path(output).parent.parent):
                if parent.is_dir() and not any(parent.iterdir()):
                    parent.rmdir()
            return
        try:
            self._remove_objects(*split_s3_uri(output))
        except Exception as error:  # the trial's figures are good all the same
            self._say(f"{output} could not be removed, please do it: {error}")

    def _remove_objects(self, bucket: str, prefix: str) -> None:
        client: Any = make_client("s3", self._settings)
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix + "/"):
            keys = [{"Key": found["Key"]} for found in page.get("Contents", ())]
            for start in range(0, len(keys), _DELETED_AT_ONCE_MAX):
                some = keys[start : start + _DELETED_AT_ONCE_MAX]
                failed = client.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True}).get("Errors")
                if failed:
                    raise PermissionError(f"{failed[0]['Key']}: {failed[0]['Message']}")
