"""The lock that keeps a second supervisor out of a lake and its ledger. Runs in the supervisor process.

`flock` belongs to the open file: the kernel lets go of it when the process dies, however it dies. The file stays
behind, and means nothing by itself.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ingester.lake.disk import disk_error, make_directory
from ingester.model.errors import ConfigurationError

LOCK_NAME = "lock"


@contextmanager
def locked(directories: list[Path], output: str) -> Iterator[None]:
    """Hold the lock file in each directory; they are made where missing.

    Raises ConfigurationError naming the process that holds one, or the directory where none can be written.
    """
    with ExitStack() as stack:
        for directory in directories:
            stack.enter_context(_locked_one(directory / LOCK_NAME, output))
        yield


@contextmanager
def _locked_one(path: Path, output: str) -> Iterator[None]:
    try:
        make_directory(path.parent)
        file = path.open("a+")
    except OSError as error:
        raise ConfigurationError(
            f"The ledger can't lie in {path.parent}. {disk_error(error, path).args[0]}",
            hint="Give --state-dir, or --output, a directory that can be written.",
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise ConfigurationError(
                f"Another ingester (process {holder}) works on {output}: it holds {path}.",
                hint="Wait until it has ended or stop it, or give another --output.",
            ) from error
        except OSError as error:
            raise disk_error(error, path) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
