"""Workers that live and are of no use any more: fallen silent, or grown too large. Both are replaced.

A worker's beats come from its processing loop, so silence means that the work itself stands still. A silent worker
first gets SIGABRT, for the stacks of its threads on standard error, then SIGKILL. Its socket is closed there and
then: one that could not be killed, or wakes up, speaks to nobody, and only the supervisor commits.

One that is too large after a checkpoint, when it holds no rows, is told to drain, and its slot gets a new one: no
log file starts over.
"""

import logging
from collections.abc import Iterable

from ingester.model.frames import Beat, Drain, Prepared, ToSupervisor
from ingester.model.settings import Settings
from ingester.supervisor.pool import Died, WorkerPool
from ingester.supervisor.worker_link import Worker

_log = logging.getLogger("ingester.supervisor")

ABORT_SECONDS = 2.0
"""How long a worker may take to write its stacks and die of SIGABRT. A stopped one never does."""
_START_SECONDS = 60.0
"""How long a worker may take to its first word, even if less silence is allowed: a busy machine imports slowly."""
_PAUSE_SECONDS_MAX = 5.0
"""When the loop itself stood still for longer, silence says nothing about the workers: it begins anew."""


class Oversight:
    """Watches the worker processes of a pool, on the loop's clock. Used by the loop's thread only."""

    def __init__(self, pool: WorkerPool, settings: Settings) -> None:
        self._pool = pool
        # a user's function may take any time, and no beat comes meanwhile
        has_functions = settings.processor is not None or settings.event_filter is not None
        self._silence_seconds = float("inf") if has_functions else settings.worker_silence_seconds
        self._head_start_seconds = max(0.0, _START_SECONDS - self._silence_seconds)
        self._memory_bytes = settings.worker_memory_bytes
        self._looked_at_seconds = 0.0
        self._heard_at: dict[int, float] = {}
        self._aborted_at: dict[int, float] = {}
        self._checkpointed: set[int] = set()

    def heard(self, worker: Worker, frame: ToSupervisor, now_seconds: float) -> None:
        """Note that a worker has spoken; one that is too large after a checkpoint is told to go."""
        self._heard_at[worker.generation] = now_seconds
        if isinstance(frame, Prepared):
            self._checkpointed.add(worker.generation)
        elif isinstance(frame, Beat) and worker.generation in self._checkpointed:
            self._checkpointed.remove(worker.generation)
            if worker.is_process and frame.rss_bytes > self._memory_bytes and not worker.is_leaving:
                worker.is_leaving = True
                _log.info(
                    "worker %d (pid %d) holds %d MB after a checkpoint and is replaced",
                    worker.slot, worker.pid, frame.rss_bytes // 1_000_000,
                )  # fmt: skip
                self._pool.send(worker, Drain())

    def look(self, now_seconds: float) -> list[Died]:
        """Abort the workers that have been silent for too long; those given up, which did not die of it."""
        workers = [worker for worker in self._pool.workers.values() if worker.is_process]
        if now_seconds - self._looked_at_seconds > _PAUSE_SECONDS_MAX:
            self._heard_at = {number: max(at, now_seconds) for number, at in self._heard_at.items()}
        self._looked_at_seconds = now_seconds
        self._forget_all_but(workers, now_seconds)
        return [self._pool.give_up(worker) for worker in workers if self._is_lost(worker, now_seconds)]

    def _is_lost(self, worker: Worker, now_seconds: float) -> bool:
        aborted_at_seconds = self._aborted_at.get(worker.generation)
        if aborted_at_seconds is not None:
            return now_seconds - aborted_at_seconds >= ABORT_SECONDS
        silent_seconds = now_seconds - self._heard_at[worker.generation]
        if silent_seconds >= self._silence_seconds:
            _log.error(
                "worker %d (pid %d) has been silent for %.0f s and is replaced; the stacks of its threads follow",
                worker.slot, worker.pid, silent_seconds,
            )  # fmt: skip
            self._aborted_at[worker.generation] = now_seconds
            worker.abort()
        return False

    def _forget_all_but(self, workers: Iterable[Worker], now_seconds: float) -> None:
        live = {worker.generation for worker in workers}
        begins_seconds = now_seconds + self._head_start_seconds
        self._heard_at = {number: self._heard_at.get(number, begins_seconds) for number in live}
        self._aborted_at = {number: at for number, at in self._aborted_at.items() if number in live}
        self._checkpointed &= live
