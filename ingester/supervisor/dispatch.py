"""Jobs to workers: who gets what, who must prepare now, and what a worker's death means for its jobs."""

from collections.abc import Sequence

from ingester.model.frames import Assign, Flush
from ingester.supervisor.assignment import assign
from ingester.supervisor.in_flight import InFlight, Job
from ingester.supervisor.isolation import Isolation
from ingester.supervisor.pool import WorkerPool
from ingester.supervisor.worker_link import Worker


class Dispatch:
    """The loop's hand on the workers. Used by the loop's thread only."""

    def __init__(self, in_flight: InFlight, pool: WorkerPool, *, keeps_affinity: bool = True) -> None:
        self._keeps_affinity = keeps_affinity
        self._in_flight = in_flight
        self._pool = pool
        self._isolation = Isolation()
        self._assigned_since_flush = False

    @property
    def blames_everything(self) -> bool:
        """Whether log file after log file is found to crash its worker: the fault must lie elsewhere."""
        return self._isolation.is_pointless

    @property
    def jobs_wanted(self) -> int:
        """How many jobs the workers want to have in hand, all together: see `ingester.worker.pace`."""
        return sum(worker.jobs_welcome - worker.jobs_done for worker in self._pool.workers.values())

    def assign(self) -> None:
        """Give waiting jobs to the workers that have room, and suspects to the one that is kept free for them."""
        if self._isolation.is_needed:
            self._try_suspects()
        waiting = self._in_flight.waiting
        if waiting:
            workers = self._pool.workers.items()
            room = {slot: worker.room for slot, worker in workers if slot != self._isolation.slot}
            assigned = assign(waiting, room, self._pool.slots, keeps_affinity=self._keeps_affinity)
            for slot, jobs in assigned.items():
                self._give(self._pool.workers[slot], jobs)

    def flush(self) -> None:
        """Let the workers prepare what they have gathered, if anything was assigned since the last time."""
        if self._assigned_since_flush:
            self._assigned_since_flush = False
            self._pool.send_all(Flush())

    def died(self, worker: Worker) -> tuple[int, list[Job]]:
        """A worker's jobs are without one: how many there were, and those that are found to crash their worker.

        A worker that dies over suspects does not speak against the others: the pool starts its successor.
        """
        if worker.slot == self._isolation.slot and self._isolation.is_trying:
            self._pool.worked()
        jobs = self._in_flight.in_hands_of(worker.slot)
        for job in jobs:
            job.worker = None
        again, guilty = self._isolation.crashed(worker.slot, jobs)
        self._in_flight.return_jobs(again)
        return len(jobs), guilty

    def drop_suspects(self) -> list[Job]:
        """Give up the suspects that no worker has, at a drain."""
        return self._isolation.drop()

    def _try_suspects(self) -> None:
        """One group at a time, in a worker that has nothing else in its hands."""
        isolation = self._isolation
        if isolation.slot is None:
            if not self._pool.workers:
                return
            isolation.slot = min(self._pool.workers)
            self._pool.send(self._pool.workers[isolation.slot], Flush())
        worker = self._pool.workers.get(isolation.slot)
        if (
            worker is None
            or worker.is_leaving
            or worker.jobs_welcome == 0
            or self._in_flight.in_hands_of(isolation.slot)
        ):
            return
        group = isolation.next_group()
        if group:
            self._give(worker, group)
            self._pool.send(worker, Flush())

    def _give(self, worker: Worker, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._in_flight.assign(job, worker.slot)
        worker.jobs_assigned += len(jobs)
        self._pool.send(worker, Assign(jobs=tuple((job.number, job.log_file) for job in jobs)))
        self._assigned_since_flush = True
