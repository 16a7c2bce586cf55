"""Everything in hand: which messages wait for which log files, and what has become of each. Pure bookkeeping.

A log file's life here: waiting → assigned → committing → done, or failed. It is one job at a time, however many
messages announce it: the others wait for the same job. A message is settled when each of its log files is done
or failed; all done means that it may be deleted, any failed means that it goes back to the queue.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from ingester.model.log_file import LogFile
from ingester.model.message import Message
from ingester.model.source import Source


@dataclass(slots=True, eq=False)
class Ticket:
    """A message in hand, or a listed log file (`message` is None), until it is settled.

    `source`, for the user's hooks, if there are any; `filtered` where its filter did not want it. The counts are of
    the log files that are done.
    """

    message: Message | None
    unsettled: int = 0
    failed: bool = False
    source: Source | None = None
    filtered: bool = False
    events: int = 0
    events_filtered: int = 0
    records_quarantined: int = 0


@dataclass(slots=True, eq=False)
class Waiter:
    """One announcement of a log file: whose, and which ETag it wants (None: any)."""

    ticket: Ticket
    log_file: LogFile


@dataclass(slots=True, eq=False)
class Job:
    """One log file to ingest. `worker`: the slot that has it, None while it waits. `attempts`: failures so far;
    `delays`: those that say nothing about the log file, and count for the backoff only."""

    number: int
    log_file: LogFile
    place: bytes
    waiters: list[Waiter] = field(default_factory=list)
    worker: int | None = None
    attempts: int = 0
    delays: int = 0
    crashes: int = 0


@dataclass(slots=True)
class InFlight:
    """Jobs by number and by place, messages by id, and the jobs that wait for a worker, in order."""

    jobs: dict[int, Job] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    waiting: deque[Job] = field(default_factory=deque)
    _by_place: dict[bytes, list[Job]] = field(default_factory=dict)
    _next_number: int = 1

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in hand."""
        return not self.jobs and not self.tickets

    def ticket_for(self, message: Message) -> tuple[Ticket, bool]:
        """The ticket of a message, and whether it is new.

        A message that is in hand already came again because its visibility ran out: its newest receipt handle is
        the one that works, and its log files are on their way.
        """
        ticket = self.tickets.get(message.message_id)
        if ticket is not None:
            ticket.message = message
            return ticket, False
        ticket = self.tickets[message.message_id] = Ticket(message)
        return ticket, True

    def join(self, ticket: Ticket, log_file: LogFile, place: bytes) -> bool:
        """Let a ticket wait for a log file that is in flight already; False if it is not."""
        for job in self._by_place.get(place, ()):
            if log_file.etag is None or job.log_file.etag is None or job.log_file.etag == log_file.etag:
                ticket.unsettled += 1
                job.waiters.append(Waiter(ticket, log_file))
                return True
        return False

    def add(self, ticket: Ticket, log_file: LogFile, place: bytes) -> None:
        """Let a ticket wait for a log file that is not in flight, and so could not be joined."""
        ticket.unsettled += 1
        self._new_job(log_file, place, [Waiter(ticket, log_file)])

    def _new_job(self, log_file: LogFile, place: bytes, waiters: list[Waiter]) -> None:
        job = Job(self._next_number, log_file, place, waiters)
        self._next_number += 1
        self.jobs[job.number] = job
        self._by_place.setdefault(place, []).append(job)
        self.waiting.append(job)

    def assign(self, job: Job, worker: int) -> None:
        """Note that a worker has the job now. It must have been taken from `waiting`."""
        job.worker = worker

    def return_jobs(self, jobs: Iterable[Job]) -> None:
        """Put jobs back in front of those that wait, in their order: their worker died or gave them back."""
        for job in sorted(jobs, key=lambda job: job.number, reverse=True):
            job.worker = None
            self.waiting.appendleft(job)

    def in_hands_of(self, worker: int) -> list[Job]:
        """The jobs of one worker slot, prepared or not, that are not yet with the committer."""
        return [job for job in self.jobs.values() if job.worker == worker]

    def done(self, job: Job, etag: str) -> list[Ticket]:
        """The log file is in, with this ETag; the tickets that are settled by it.

        A waiter that wants another ETag (the object was overwritten, and both were announced) gets a job of its
        own. But not if this job asked S3 for the ETag that it wants: what a server that does not mind the condition
        gave instead is all that can be had, and asking again would never end.
        """
        self._remove(job)
        others = [w for w in job.waiters if w.log_file.etag not in (None, etag, job.log_file.etag)]
        if others:
            self._new_job(others[0].log_file, job.place, others)
            job.waiters = [w for w in job.waiters if w not in others]
        return self._settle(job)

    def failed(self, job: Job) -> list[Ticket]:
        """The log file could not be ingested this time; the tickets that are settled by it."""
        self._remove(job)
        for waiter in job.waiters:
            waiter.ticket.failed = True
        return self._settle(job)

    def skipped(self, job: Job) -> list[Ticket]:
        """The log file counts as done although it is not in; the tickets that are settled by it."""
        self._remove(job)
        return self._settle(job)

    def drop_waiting(self) -> list[Ticket]:
        """Give up the jobs that no worker has, at a drain; the tickets that are settled by it."""
        settled: list[Ticket] = []
        while self.waiting:
            settled += self.failed(self.waiting.popleft())
        return settled

    def forget(self, ticket: Ticket) -> None:
        """The message is deleted or given back: not in hand any more."""
        if ticket.message is not None:
            self.tickets.pop(ticket.message.message_id, None)

    def _remove(self, job: Job) -> None:
        del self.jobs[job.number]
        same_place = self._by_place[job.place]
        same_place.remove(job)
        if not same_place:
            del self._by_place[job.place]

    def _settle(self, job: Job) -> list[Ticket]:
        settled = []
        for waiter in job.waiters:
            waiter.ticket.unsettled -= 1
            if not waiter.ticket.unsettled:
                settled.append(waiter.ticket)
        return settled
