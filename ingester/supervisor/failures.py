"""What becomes of a log file that could not be ingested: tried again, given back with its message, quarantined."""

import heapq
import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

from ingester.model.frames import Failed
from ingester.model.hooks import Decision
from ingester.model.quarantine import QuarantinedLogFile
from ingester.supervisor.commit import Committer
from ingester.supervisor.counts import Counts
from ingester.supervisor.health import Health
from ingester.supervisor.hooks import HookThread
from ingester.supervisor.in_flight import InFlight, Job, Ticket
from ingester.supervisor.outage import Outages, retry_seconds
from ingester.supervisor.told import context_of, error_of

_log = logging.getLogger("ingester.log_file")

_random = random.SystemRandom()
_OF_CONTENT: frozenset[str] = frozenset({"bad_log_file", "function"})
"""Failures that another attempt hardly mends; those of the network are not among them."""

WITH_HANDLER = -2
"""In place of a worker slot: the user's exception handler decides about the job."""


class Failures:
    """Decides about each failed job. Used by the loop's thread only.

    With a queue a counted failure goes back with its message: SQS counts the receives, so the count survives a
    crash. Without one it is tried again here.
    """

    def __init__(
        self,
        in_flight: InFlight,
        committer: Committer,
        counts: Counts,
        max_attempts: Callable[[Ticket], int],
        *,
        has_queue: bool,
        hooks: HookThread | None = None,
        delete_upon_failure: bool = False,
    ) -> None:
        self._hooks = hooks
        self._skipped_at_once = _OF_CONTENT if delete_upon_failure else frozenset()
        self._skipped: set[int] = set()
        self._in_flight = in_flight
        self._committer = committer
        self._counts = counts
        self._outages = Outages(counts, Health())
        self._max_attempts = max_attempts
        self._has_queue = has_queue
        self._delayed: list[tuple[float, int]] = []
        self._quarantined: dict[tuple[str, str | None], int] = {}
        self.quarantining = 0
        """Quarantine entries on their way to the disk or S3."""

    @property
    def next_retry_seconds(self) -> float | None:
        """When the next delayed job is due, on the loop's clock."""
        return self._delayed[0][0] if self._delayed else None

    def failed(self, job: Job, failure: Failed, now_seconds: float, *, draining: bool) -> list[Ticket]:
        """The tickets that are settled by a failed attempt; with an exception handler, later, by its decision."""
        self._counts.failures[failure.kind] += 1
        if draining:
            self._tell(job, failure)
            return self._in_flight.failed(job)
        most = 0
        if self._outages.is_to_blame(job, failure, now_seconds):
            job.delays += 1
        else:
            job.attempts = self._attempts(job)
            most = min(self._max_attempts(waiter.ticket) for waiter in job.waiters)
            _log.warning(
                "%s: %s Attempt %d of %d.", job.log_file.uri, failure.reason, job.attempts, most,
                extra={"log_file": job.log_file.uri, "attempt": job.attempts, "kind": failure.kind},
            )  # fmt: skip
        if self._hooks is None:
            return self._decided(job, failure, most, None, now_seconds)
        job.worker = WITH_HANDLER
        return self._hooks.ask(
            error_of(job, failure, self._hooks.causes),
            context_of(job, failure, most),
            lambda decision: self._decided(job, failure, most, decision, time.monotonic()),
        )

    def _decided(
        self, job: Job, failure: Failed, most: int, decision: Decision | None, now_seconds: float
    ) -> list[Ticket]:
        if job.number not in self._in_flight.jobs:
            return []  # given up at the end of the grace time
        if decision is Decision.STOP:
            return self._in_flight.failed(job)
        if decision is Decision.QUARANTINE or (decision is None and failure.kind in self._skipped_at_once):
            self._quarantine(job, failure.reason, skip=True)
            return []
        if not most:
            self._retry_later(job, job.delays, now_seconds)
            return []
        if job.attempts >= most:
            self._quarantine(job, failure.reason)
            return []
        if self._has_queue:
            return self._in_flight.failed(job)
        self._retry_later(job, job.attempts, now_seconds)
        return []

    def _tell(self, job: Job, failure: Failed) -> None:
        if self._hooks is not None:
            self._hooks.ask(error_of(job, failure, self._hooks.causes), context_of(job, failure, 0), lambda _: [])

    def drop_undecided(self) -> list[Ticket]:
        """Wait for the exception handler no longer, at the end of the grace time; the tickets settled by it."""
        jobs = [job for job in self._in_flight.jobs.values() if job.worker == WITH_HANDLER]
        return [ticket for job in jobs for ticket in self._in_flight.failed(job)]

    def crashed(self, job: Job, how: str) -> None:
        """A log file crashes the worker that decodes it, alone and again: quarantine it."""
        self._counts.failures["crash"] += 1
        job.attempts = max(job.crashes, self._attempts(job))
        self._quarantine(job, f"The worker process that decodes it {how}, again and again.")

    def quarantined(self, job_number: int, entry: QuarantinedLogFile) -> list[Ticket]:
        """The entry is durable: the tickets that are settled by it.

        A message that SQS delivers again after it brings its log file here again: that is one quarantined log file.
        """
        self.quarantining -= 1
        quarantined = self._counts.quarantined
        place = self._quarantined.setdefault((entry.uri, entry.etag), len(quarantined))
        quarantined[place : place + 1] = [entry]
        job = self._in_flight.jobs[job_number]
        if job_number in self._skipped:
            self._skipped.remove(job_number)
            return self._in_flight.skipped(job)
        return self._in_flight.failed(job)

    def retry_due(self, now_seconds: float) -> None:
        """Let the delayed jobs whose time has come wait for a worker again."""
        self._outages.look(now_seconds)
        while self._delayed and self._delayed[0][0] <= now_seconds:
            job = self._in_flight.jobs.get(heapq.heappop(self._delayed)[1])
            if job is not None:
                self._in_flight.waiting.append(job)

    def drop_delayed(self) -> list[Ticket]:
        """Give up the delayed jobs, at a drain; the tickets that are settled by it."""
        numbers = [number for _, number in self._delayed]
        self._delayed.clear()
        jobs = [self._in_flight.jobs[number] for number in numbers if number in self._in_flight.jobs]
        return [ticket for job in jobs for ticket in self._in_flight.failed(job)]

    def _attempts(self, job: Job) -> int:
        receives = [waiter.ticket.message.receive_count for waiter in job.waiters if waiter.ticket.message]
        return max([job.attempts + 1, *receives])

    def _retry_later(self, job: Job, times: int, now_seconds: float) -> None:
        job.worker = None
        heapq.heappush(self._delayed, (now_seconds + retry_seconds(times, _random.random), job.number))

    def _quarantine(self, job: Job, reason: str, *, skip: bool = False) -> None:
        """`skip`: it then counts as done, and its message may be deleted."""
        job.worker = None
        if skip:
            self._skipped.add(job.number)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        entry = QuarantinedLogFile(
            uri=job.log_file.uri,
            etag=job.log_file.etag,
            reason=reason,
            attempts=job.attempts,
            first_seen=now,
            last_seen=now,
        )
        self.quarantining += 1
        self._committer.quarantine(job.number, entry)
