"""Everything in hand, in any order of events: no ticket is settled twice or never, no job is lost or doubled."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ingester.model.log_file import LogFile
from ingester.model.message import Message
from ingester.supervisor.in_flight import InFlight, Job, Ticket

WITH_COMMITTER = -1
WORKERS = 2

log_files = st.builds(LogFile, st.just("b"), st.sampled_from("kl"), st.sampled_from([None, "X", "Y", "Z"]))
announced = st.lists(log_files, max_size=4)
picks = st.integers(0, 1_000_000)


@dataclass
class Wish:
    """A log file that a ticket names, and when (in events) it was announced."""

    log_file: LogFile
    since: int


@dataclass
class Known:
    """What the test knows of a ticket, apart from what the product keeps in it."""

    wishes: list[Wish] = field(default_factory=list)
    times_settled: int = 0


class InFlightMachine(RuleBasedStateMachine):
    """Drives InFlight as the loop does, with a ledger that is a set, against a naive history of what happened."""

    @initialize()
    def begin(self) -> None:
        self.in_flight = InFlight()
        self.known: dict[Ticket, Known] = {}
        self.delayed: list[Job] = []
        self.committed: set[tuple[bytes, str]] = set()
        self.happened: list[tuple[str, bytes, str | None]] = []
        self.receipts = 0

    # what comes in

    @rule(message_id=st.sampled_from("abcd"), some=announced)
    def receive(self, message_id: str, some: list[LogFile]) -> None:
        self.receipts += 1
        message = Message("q", message_id, f"receipt {self.receipts}", "", 1, 0.0)
        before = self.in_flight.tickets.get(message_id)
        ticket, is_new = self.in_flight.ticket_for(message)

        assert is_new == (before is None)
        assert ticket.message is message
        if is_new:
            self._announce(ticket, some)
        else:
            assert ticket is before

    @rule(log_file=log_files)
    def list_one(self, log_file: LogFile) -> None:
        self._announce(Ticket(None), [log_file])

    def _announce(self, ticket: Ticket, some: list[LogFile]) -> None:
        known = self.known[ticket] = Known()
        places = {place for place, _ in self.committed}
        for log_file in some:
            place = log_file.place
            wish = Wish(log_file, len(self.happened))
            if self.in_flight.join(ticket, log_file, place):
                known.wishes.append(wish)
                continue
            if (place, log_file.etag) in self.committed or (log_file.etag is None and place in places):
                continue
            known.wishes.append(wish)
            self.in_flight.add(ticket, log_file, place)
        if not ticket.unsettled:
            self._settled([ticket])

    # what workers do

    @precondition(lambda self: self.in_flight.waiting)
    @rule(worker=st.integers(0, WORKERS - 1), most=st.integers(1, 4))
    def assign(self, worker: int, most: int) -> None:
        for _ in range(min(most, len(self.in_flight.waiting))):
            self.in_flight.assign(self.in_flight.waiting.popleft(), worker)

    @rule(worker=st.integers(0, WORKERS - 1))
    def die(self, worker: int) -> None:
        lost = self.in_flight.in_hands_of(worker)
        waiting = list(self.in_flight.waiting)
        self.in_flight.return_jobs(lost)

        assert list(self.in_flight.waiting) == [*sorted(lost, key=lambda job: job.number), *waiting]

    @precondition(lambda self: self._held())
    @rule(pick=picks)
    def give_back(self, pick: int) -> None:
        self.in_flight.return_jobs([self._pick(self._held(), pick)])

    @precondition(lambda self: self._held())
    @rule(pick=picks)
    def prepare(self, pick: int) -> None:
        self._pick(self._held(), pick).worker = WITH_COMMITTER

    @precondition(lambda self: self._held())
    @rule(pick=picks)
    def fail(self, pick: int) -> None:
        job = self._pick(self._held(), pick)
        self.happened.append(("failed", job.place, None))
        self._settled(self.in_flight.failed(job))

    @precondition(lambda self: self._held())
    @rule(pick=picks)
    def delay(self, pick: int) -> None:
        job = self._pick(self._held(), pick)
        job.worker = None
        self.delayed.append(job)

    @precondition(lambda self: self.delayed)
    @rule()
    def retry(self) -> None:
        self.in_flight.waiting.append(self.delayed.pop(0))

    # what the committer does

    @precondition(lambda self: self._committing())
    @rule(pick=picks, etag=st.sampled_from("XYZ"))
    def answer(self, pick: int, etag: str) -> None:
        self._answer(self._pick(self._committing(), pick), etag)

    def _answer(self, job: Job, fetched_etag: str) -> None:
        etag = job.log_file.etag or fetched_etag
        # the ledger's unique key: a second commit of it is rejected, and its log file counts as in
        self.committed.add((job.place, etag))
        self.happened.append(("done", job.place, etag))
        self._settled(self.in_flight.done(job, etag))

    @precondition(lambda self: self._committing())
    @rule(pick=picks)
    def reject(self, pick: int) -> None:
        self.in_flight.return_jobs([self._pick(self._committing(), pick)])

    # what the loop does

    @rule()
    def drop_waiting(self) -> None:
        self.happened += [("failed", job.place, None) for job in self.in_flight.waiting]
        self._settled(self.in_flight.drop_waiting())

        assert not self.in_flight.waiting

    @rule(message_id=st.sampled_from("abcd"))
    def forget(self, message_id: str) -> None:
        ticket = self.in_flight.tickets.get(message_id)
        if ticket is not None and self.known[ticket].times_settled:
            self.in_flight.forget(ticket)

            assert message_id not in self.in_flight.tickets

    # the oracle

    def _settled(self, tickets: list[Ticket]) -> None:
        for ticket in tickets:
            known = self.known[ticket]
            known.times_settled += 1
            assert known.times_settled == 1
            assert ticket.failed or all(self._is_in(wish) for wish in known.wishes)
            assert not ticket.failed or any(self._has_failed(wish) for wish in known.wishes)

    def _is_in(self, wish: Wish) -> bool:
        wanted = wish.log_file.etag
        return any(
            kind == "done" and place == wish.log_file.place and wanted in (None, etag)
            for kind, place, etag in self.happened[wish.since :]
        )

    def _has_failed(self, wish: Wish) -> bool:
        return any(
            kind == "failed" and place == wish.log_file.place for kind, place, _ in self.happened[wish.since :]
        )

    @invariant()
    def every_job_is_in_one_place(self) -> None:
        waiting = list(self.in_flight.waiting)
        free = {job for job in self.in_flight.jobs.values() if job.worker is None}

        assert len(waiting) + len(self.delayed) == len({*waiting, *self.delayed}) == len(free)
        assert {*waiting, *self.delayed} == free
        assert all(self.in_flight.jobs[job.number] is job for job in free)

    @invariant()
    def no_object_is_ingested_by_two_jobs_at_once(self) -> None:
        etags: dict[bytes, list[str | None]] = {}
        for job in self.in_flight.jobs.values():
            etags.setdefault(job.place, []).append(job.log_file.etag)

        assert all(len(some) == len(set(some)) and (len(some) == 1 or None not in some) for some in etags.values())

    @invariant()
    def every_open_wish_waits_for_one_job(self) -> None:
        waits: dict[Ticket, int] = {}
        for job in self.in_flight.jobs.values():
            assert job.waiters
            for waiter in job.waiters:
                waits[waiter.ticket] = waits.get(waiter.ticket, 0) + 1

        for ticket, known in self.known.items():
            assert ticket.unsettled == waits.get(ticket, 0)
            assert (ticket.unsettled == 0) == (known.times_settled == 1)

    @invariant()
    def nothing_in_hand_means_nothing_kept(self) -> None:
        assert self.in_flight.is_empty == (not self.in_flight.jobs and not self.in_flight.tickets)
        assert self.in_flight.jobs or not self.in_flight._by_place

    def teardown(self) -> None:
        """Let everything succeed from here on: each ticket must be settled in the end."""
        if not hasattr(self, "in_flight"):
            return
        rounds = 0
        while self.in_flight.jobs:
            rounds += 1
            assert rounds <= 10, "a job comes again and again"
            while self.delayed:
                self.retry()
            while self.in_flight.waiting:
                self.assign(0, 4)
            for job in self._held():
                job.worker = WITH_COMMITTER
            for job in self._committing():
                self._answer(job, "X")

        assert all(known.times_settled == 1 for known in self.known.values())
        for ticket in list(self.in_flight.tickets.values()):
            self.in_flight.forget(ticket)
        assert self.in_flight.is_empty

    def _held(self) -> list[Job]:
        return [job for job in self.in_flight.jobs.values() if job.worker is not None and job.worker >= 0]

    def _committing(self) -> list[Job]:
        return [job for job in self.in_flight.jobs.values() if job.worker == WITH_COMMITTER]

    @staticmethod
    def _pick(jobs: list[Job], pick: int) -> Job:
        return jobs[pick % len(jobs)]


TestInFlight = InFlightMachine.TestCase
TestInFlight.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
