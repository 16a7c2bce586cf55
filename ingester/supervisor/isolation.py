"""Which log file crashes its worker? Finds it by giving the suspects away in ever smaller groups. Pure.

A worker dies with hundreds of log files in its hands, and at most one of them is to blame. After a second crash
the unfinished ones are suspects: they are taken out of the common work and given, a group at a time, to a worker
that has nothing else. A group that comes through is acquitted; one that crashes its worker again is divided. A
log file that crashes its worker all alone, twice, is the one. A thousand suspects take four divisions.
"""

from collections import deque
from collections.abc import Iterable

from ingester.supervisor.in_flight import Job

CRASHES_BEFORE_SUSPECT = 2
CRASHES_ALONE_MAX = 2
GUILTY_IN_ROW_MAX = 20
"""So many log files in a row that crash their worker alone: it is not the log files."""
_PARTS = 8


class Isolation:
    """The groups of suspects, and the one that is being tried in a worker slot of its own."""

    def __init__(self) -> None:
        self._groups: deque[list[Job]] = deque()
        self._tried: list[Job] = []
        self._crashes_alone: dict[int, int] = {}
        self._guilty_in_row = 0
        self.slot: int | None = None
        """The slot that is kept free for suspects; None while there are none."""

    @property
    def is_pointless(self) -> bool:
        """Whether log file after log file is found to crash its worker: the fault must lie elsewhere."""
        return self._guilty_in_row >= GUILTY_IN_ROW_MAX

    @property
    def is_trying(self) -> bool:
        """Whether the worker in `slot` has suspects."""
        return bool(self._tried)

    @property
    def is_needed(self) -> bool:
        """Whether suspects wait or are being tried."""
        return bool(self._groups or self._tried)

    def crashed(self, slot: int, unfinished: Iterable[Job]) -> tuple[list[Job], list[Job]]:
        """What a crash in `slot` means for the jobs it left unfinished: those to do again with the others, and
        those that are found to crash their worker. The rest is kept here as suspects."""
        jobs = sorted(unfinished, key=lambda job: job.number)
        for job in jobs:
            job.crashes += 1
        if slot == self.slot and self._tried:
            self._tried = []
            guilty = self._divide(jobs)
            if not self._groups:
                self.slot = None
            return [], guilty
        suspects = [job for job in jobs if job.crashes >= CRASHES_BEFORE_SUSPECT]
        self._add_groups(suspects)
        return [job for job in jobs if job.crashes < CRASHES_BEFORE_SUSPECT], []

    def next_group(self) -> list[Job]:
        """The group to give to the empty worker in `slot` now; none when all are through, and the slot is free."""
        if self._tried:
            self._guilty_in_row = 0
        self._tried = self._groups.popleft() if self._groups else []
        if not self._tried:
            self.slot = None
        return self._tried

    def drop(self) -> list[Job]:
        """Give up the suspects that no worker has, at a drain."""
        jobs = [job for group in self._groups for job in group]
        self._groups.clear()
        return jobs

    def _divide(self, jobs: list[Job]) -> list[Job]:
        if len(jobs) > 1:
            self._add_groups(jobs)
            return []
        for job in jobs:
            crashes = self._crashes_alone[job.number] = self._crashes_alone.get(job.number, 0) + 1
            if crashes >= CRASHES_ALONE_MAX:
                del self._crashes_alone[job.number]
                self._guilty_in_row += 1
                return [job]
            self._groups.appendleft([job])
        return []

    def _add_groups(self, jobs: list[Job]) -> None:
        size = max(1, -(-len(jobs) // _PARTS))
        self._groups.extend(jobs[start : start + size] for start in range(0, len(jobs), size))
