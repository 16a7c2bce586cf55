"""What becomes of a log file that could not be ingested: tried again, given back with its message, quarantined."""

import heapq
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime

from ingester.model.frames import Failed
from ingester.model.quarantine import QuarantinedLogFile
from ingester.supervisor.commit import Committer
from ingester.supervisor.counts import Counts
from ingester.supervisor.health import Health
from ingester.supervisor.in_flight import InFlight, Job, Ticket
from ingester.supervisor.outage import Outages, retry_seconds

_log = logging.getLogger("ingester.log_file")

_random = random.SystemRandom()


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
    ) -> None:
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
        """The tickets that are settled by a failed attempt."""
        self._counts.failures[failure.kind] += 1
        if draining:
            return self._in_flight.failed(job)
        if self._outages.is_to_blame(job, failure, now_seconds):
            job.delays += 1
            self._retry_later(job, job.delays, now_seconds)
            return []
        job.attempts = self._attempts(job)
        most = min(self._max_attempts(waiter.ticket) for waiter in job.waiters)
        _log.warning(
            "%s: %s Attempt %d of %d.", job.log_file.uri, failure.reason, job.attempts, most,
            extra={"log_file": job.log_file.uri, "attempt": job.attempts, "kind": failure.kind},
        )  # fmt: skip
        if job.attempts >= most:
            self._quarantine(job, failure.reason)
            return []
        if self._has_queue:
            return self._in_flight.failed(job)
        self._retry_later(job, job.attempts, now_seconds)
        return []

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
        return self._in_flight.failed(self._in_flight.jobs[job_number])

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

    def _quarantine(self, job: Job, reason: str) -> None:
        job.worker = None
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
