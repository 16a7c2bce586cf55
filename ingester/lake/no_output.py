"""In the place of a lake, for a run without an output: nothing to publish, a quarantine where there is a place."""

import logging
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import msgspec

from ingester.lake.base import Lake
from ingester.lake.claim import Claim
from ingester.lake.disk import disk_error, write_durably
from ingester.lake.layout import STAGING
from ingester.lake.publish_disk import DiskLake
from ingester.model.commit import Commit, DataFile
from ingester.model.errors import ConfigurationError
from ingester.model.quarantine import QuarantinedLogFile
from ingester.model.settings import Settings

_log = logging.getLogger("ingester.log_file")


def open_without_output(settings: Settings) -> Lake:
    """What keeps the quarantine: under `<state_dir>/_ingester`, or, without a state directory, only the log."""
    return NoLake() if settings.state_dir is None else StateLake(settings)


class StateLake(DiskLake):
    """A lake in the state directory that has no table, only a quarantine."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(msgspec.structs.replace(settings, output=settings.state_dir or ""))
        self._directory = Path(settings.state_dir or "")

    def check_writable(self) -> None:
        """Writes and syncs a probe."""
        probe = self._directory / STAGING / "probe"
        try:
            write_durably(probe, b"", self._directory)
            probe.unlink()
        except OSError as error:
            cause = disk_error(error, probe)
            raise ConfigurationError(
                f"The state directory {self._directory} can't be used. {cause.args[0]}",
                hint=cause.hint or "Give state_dir a directory that can be written.",
            ) from error


class NoLake:
    """See `ingester.lake.base.Lake`: keeps nothing."""

    def check_writable(self) -> None:
        """Nothing is written."""

    def lock(self) -> AbstractContextManager[None]:
        """Nothing to keep others out of."""
        return nullcontext()

    def read_claim(self) -> Claim | None:
        """Nobody has a claim on nothing."""
        return None

    def write_claim(self, claim: Claim) -> None:
        """Nothing to claim."""

    def has_data(self) -> bool:
        """Nothing is kept."""
        return False

    def publish(self, commit: Commit) -> None:
        """Nothing was staged."""

    def discard(self, commit_id: str, data_files: Sequence[DataFile]) -> None:
        """Nothing was staged."""

    def sweep(self, pending: Collection[str], prefix: str = "") -> int:  # noqa: ARG002
        """Nothing was staged."""
        return 0

    def quarantine_log_file(self, entry: QuarantinedLogFile) -> None:
        """The log is all there is; a state directory would keep it."""
        _log.error("%s is given up after %d attempts: %s", entry.uri, entry.attempts, entry.reason)

    def list_quarantine(self) -> list[QuarantinedLogFile]:
        """Nothing was kept."""
        return []

    def quarantined_names(self) -> set[bytes]:
        """Nothing was kept."""
        return set()

    def remove_quarantine(self, entry: QuarantinedLogFile) -> None:
        """Nothing was kept."""
