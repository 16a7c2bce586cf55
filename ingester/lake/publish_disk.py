"""A lake in a directory: commits are published by renaming their files into place. Runs in the supervisor process.

What is left behind when the process, or the machine, dies

- right before a file's rename: the file lies durable under `_ingester/staging/<commit id>/`, no reader sees it.
  The commit is in the ledger, and the next start publishes it.
- between the renames of two files: the first is visible, the second is staged; the next start renames the
  second. A reader in between sees a part of the commit, as it would between any two commits: never half a file
  and no row twice.
- after the renames, before the directories are synced: after a loss of power each name is in one of the two
  places, as the file system takes back renames whole. The next start finds each file in one or the other.
- after that, before the staging directory is removed: an empty tree is left, removed by the next `publish` of
  this commit or by `sweep`.
- right after it: nothing is left to do; `publish` once more finds every file in place with its size.

Before the ledger has the commit, dying leaves a staging directory, which `sweep` removes at the next start.
"""

import os
import shutil
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from ingester.lake.claim import CLAIM_PATH, Claim, decode_claim, encode_claim
from ingester.lake.disk import directories_up_to, disk_error, make_directory, sync_directory, write_durably
from ingester.lake.layout import (
    INTERNAL,
    QUARANTINED_LOG_FILES,
    STAGING,
    TABLE,
    checked,
    is_commit_id,
    quarantined_log_file_path,
    quarantined_names,
)
from ingester.lake.lock import locked
from ingester.lake.quarantine import decode_entry, encode_entry
from ingester.model.commit import Commit, DataFile
from ingester.model.crash_points import SUPERVISOR_MID_PUBLISH, crash_point
from ingester.model.errors import ConfigurationError, LakeDamagedError, OutputError
from ingester.model.quarantine import QuarantinedLogFile
from ingester.model.settings import Settings

_PROBE_NAME = "probe"


class DiskLake:
    """See `ingester.lake.base.Lake`."""

    def __init__(self, settings: Settings) -> None:
        self._root = Path(settings.output)
        self._state_directory = settings.state_directory

    def check_writable(self) -> None:
        """Writes and syncs a probe in the staging directory, and makes the table's directory."""
        staging, table = self._root / STAGING, self._root / TABLE
        probe = staging / _PROBE_NAME
        try:
            make_directory(staging)
            make_directory(table)
            write_durably(probe, b"", self._root)
            probe.unlink()
            if not os.access(table, os.W_OK | os.X_OK):
                raise PermissionError(13, "Permission denied", str(table))
            one_file_system = staging.stat().st_dev == table.stat().st_dev
        except OSError as error:
            cause = disk_error(error, Path(error.filename) if error.filename else probe)
            raise ConfigurationError(
                f"The output {self._root} can't be used. {cause.args[0]}",
                hint=cause.hint or "Give --output a directory that can be written.",
            ) from error
        if not one_file_system:
            raise ConfigurationError(
                f"{staging} and {table} are on different file systems, so data files can't appear all at once.",
                hint=f"Keep {INTERNAL} and {TABLE} of the output on one file system.",
            )

    def lock(self) -> AbstractContextManager[None]:
        """Locks the output, and the state directory if it is elsewhere: each can belong to one supervisor only."""
        own = self._root / INTERNAL
        elsewhere = self._state_directory.absolute() != own.absolute()
        return locked([own, self._state_directory] if elsewhere else [own], str(self._root))

    def read_claim(self) -> Claim | None:
        """Reads a small file."""
        path = self._root / CLAIM_PATH
        try:
            return decode_claim(path.read_bytes(), str(path)) if path.exists() else None
        except OSError as error:
            raise disk_error(error, path) from error

    def write_claim(self, claim: Claim) -> None:
        """Writes it beside its final name, then renames it. The lock keeps others from doing so."""
        path = self._root / CLAIM_PATH
        try:
            write_durably(path, encode_claim(claim), self._root)
        except OSError as error:
            raise disk_error(error, path) from error

    def has_data(self) -> bool:
        """Looks for the first file in the table's directory."""
        return any(names for _, _, names in os.walk(self._root / TABLE))

    def publish(self, commit: Commit) -> None:
        """Renames every staged file into place, then syncs the directories."""
        published = [self._publish_file(commit.commit_id, data_file) for data_file in commit.data_files]
        try:
            for directory in directories_up_to(self._root, published):
                sync_directory(directory)
        except OSError as error:
            raise disk_error(error, self._root) from error
        self._remove_staged(commit.commit_id)

    def _publish_file(self, commit_id: str, data_file: DataFile) -> Path:
        staged, published = self._staged(commit_id) / checked(data_file.path), self._root / checked(data_file.path)
        try:
            if _has_size(staged, commit_id, data_file):
                self._check_inside(published)
                published.parent.mkdir(parents=True, exist_ok=True)
                staged.rename(published)
                crash_point(SUPERVISOR_MID_PUBLISH)
            elif not _has_size(published, commit_id, data_file):
                raise LakeDamagedError(
                    f"{published} of commit {commit_id} is neither staged nor published: "
                    f"{data_file.rows} rows are gone.",
                    hint="Restore the file from a backup.",
                )
        except OSError as error:
            raise disk_error(error, published) from error
        return published

    def _check_inside(self, published: Path) -> None:
        """Raises OutputError if a link below the table, or below the quarantine, leads out of it.

        `cloudtrail` and `_ingester` themselves may be links: that is the operator's choice.
        """
        top = self._root / published.relative_to(self._root).parts[0]
        if not published.parent.resolve().is_relative_to(top.resolve()):
            raise OutputError(
                f"{published.parent} is behind a link that leads out of {top}.", hint="Remove the link from the lake."
            )

    def discard(self, commit_id: str, data_files: Sequence[DataFile]) -> None:  # noqa: ARG002
        """Removes the commit's staging directory, with whatever it holds."""
        self._remove_staged(commit_id)

    def sweep(self, pending: Collection[str], prefix: str = "") -> int:
        """Removes the staging directories of all other commits whose ids begin so."""
        try:
            names = [path.name for path in (self._root / STAGING).iterdir()]
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise disk_error(error, self._root / STAGING) from error
        left_behind = [
            name for name in names if is_commit_id(name) and name.startswith(prefix) and name not in pending
        ]
        for commit_id in left_behind:
            self._remove_staged(commit_id)
        return len(left_behind)

    def quarantine_log_file(self, entry: QuarantinedLogFile) -> None:
        """Writes the entry beside its final name, then renames it."""
        path = self._root / quarantined_log_file_path(entry.log_file)
        try:
            earlier = path.read_bytes() if path.exists() else None
            write_durably(path, encode_entry(entry, earlier), self._root)
        except OSError as error:
            raise disk_error(error, path) from error

    def list_quarantine(self) -> list[QuarantinedLogFile]:
        """Reads every entry."""
        directory = self._root / QUARANTINED_LOG_FILES
        try:
            entries = [decode_entry(path.read_bytes(), str(path)) for path in directory.glob("*.json")]
        except OSError as error:
            raise disk_error(error, directory) from error
        return sorted(entries, key=lambda entry: entry.uri)

    def quarantined_names(self) -> set[bytes]:
        """Reads the names in one directory."""
        directory = self._root / QUARANTINED_LOG_FILES
        try:
            return quarantined_names(path.name for path in directory.glob("*.json"))
        except OSError as error:
            raise disk_error(error, directory) from error

    def remove_quarantine(self, entry: QuarantinedLogFile) -> None:
        """Removes the entry's file."""
        self._remove([self._root / quarantined_log_file_path(entry.log_file)])

    def _remove(self, paths: Iterable[Path]) -> None:
        for path in paths:
            try:
                with suppress(FileNotFoundError):
                    path.unlink()
                    sync_directory(path.parent)
            except OSError as error:
                raise disk_error(error, path) from error

    def _staged(self, commit_id: str) -> Path:
        if not is_commit_id(commit_id):
            raise ValueError(f"{commit_id!r} is no commit id")
        return self._root / STAGING / commit_id

    def _remove_staged(self, commit_id: str) -> None:
        staged = self._staged(commit_id)
        try:
            with suppress(FileNotFoundError):
                shutil.rmtree(staged)
        except OSError as error:
            raise disk_error(error, staged) from error


def _has_size(path: Path, commit_id: str, data_file: DataFile) -> bool:
    """Whether the file is there. Raises LakeDamagedError if it is, with another size than it was staged with."""
    try:
        size_bytes = path.stat().st_size
    except FileNotFoundError:
        return False
    if size_bytes != data_file.size_bytes:
        raise LakeDamagedError(
            f"{path} of commit {commit_id} has {size_bytes} bytes and was written with {data_file.size_bytes}.",
            hint="Restore the file from a backup.",
        )
    return True
