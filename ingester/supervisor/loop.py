"""The supervisor's loop: waits for workers, threads, signals and the clock, and does what each of them means."""

import logging
import selectors
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from ingester.ledger.base import Ledger
from ingester.model.errors import IngesterError, ProcessingStoppedError, WorkerDiedError
from ingester.model.frames import Beat, Drain, Failed, LogProgress, Prepared, RecordRefused, Returned
from ingester.model.hooks import Decision, ErrorContext
from ingester.model.progress import ProgressState
from ingester.model.settings import Settings
from ingester.supervisor.acknowledge import Acknowledger
from ingester.supervisor.arrivals import Arrivals
from ingester.supervisor.commit import (
    Committer,
    CommitterFailed,
    OutputTrouble,
    Published,
    Quarantined,
    Rejected,
)
from ingester.supervisor.commits import Commits
from ingester.supervisor.counts import Counts, show_nothing
from ingester.supervisor.dispatch import Dispatch
from ingester.supervisor.ending import Emptiness, Ending
from ingester.supervisor.failures import Failures
from ingester.supervisor.flow import WAITING_MAX, Flow
from ingester.supervisor.health import Health
from ingester.supervisor.hooks import Decided, Hooks, HookThread, Judged, StopAsked, Then
from ingester.supervisor.in_flight import InFlight, Ticket
from ingester.supervisor.intake import Intake, Listed, ListingEnded
from ingester.supervisor.mailbox import Mailbox
from ingester.supervisor.obstacles import DELETES, DEPTHS, LEDGER, LOG_FILES, OUTPUT, Obstacles
from ingester.supervisor.oversight import Oversight
from ingester.supervisor.pool import Died, Heard, WorkerPool
from ingester.supervisor.processes import WorkerProcess
from ingester.supervisor.queue_events import Checked, Deleted, Depths, Extended, Received, ReceiveTrouble
from ingester.supervisor.telling import Telling
from ingester.supervisor.told import refused
from ingester.supervisor.worker_link import Launch, Worker

if TYPE_CHECKING:
    from ingester.supervisor.queues import Queues

_log = logging.getLogger("ingester.supervisor")

_OBSTACLES = {"output": OUTPUT, "outage": LOG_FILES, "throttled": LOG_FILES}
"""What is away, by the failures of log files that say nothing about the log file."""
_TICK_SECONDS = 0.25
_GATHER_SECONDS = 0.05
"""What threads post within this time is handled together: a loop that wakes for every ten messages spends a third of
its CPU on waking (measured at 2,000 messages a second). Workers do not wait for it, nor does what comes alone."""
_GIVE_BACK_SECONDS = 5.0
"""How long after the grace time a run still waits for the queues to take back what is unfinished."""


class Supervisor:
    """One run. `queues` is None for a backfill; `on_tick` is called about four times a second, for a display.

    `is_slow`: a user's functions do the work, which may take any time, so that no more is received than they take.
    """

    def __init__(
        self,
        settings: Settings,
        mailbox: Mailbox,
        ledger: Ledger,
        committer: Committer,
        intake: Intake,
        queues: "Queues | None",
        counts: Counts,
        on_tick: Callable[[Counts], None] = show_nothing,
        *,
        hooks: HookThread | None = None,
        launch: Launch = WorkerProcess,
        slots: int | None = None,
        is_slow: bool = False,
    ) -> None:
        self._settings = settings
        self._mailbox = mailbox
        self._committer = committer
        self._intake = intake
        self._queues = queues
        self._counts = counts
        self._on_tick = on_tick
        self._selector = selectors.DefaultSelector()
        self._selector.register(mailbox, selectors.EVENT_READ)
        self._hooks = hooks or HookThread(Hooks(), mailbox.post)
        self._pool = WorkerPool(settings, slots or settings.worker_count, self._selector, launch)
        self._oversight = Oversight(self._pool, settings)
        self._in_flight = InFlight()
        self._is_slow = is_slow
        self._dispatch = Dispatch(self._in_flight, self._pool, keeps_affinity=not is_slow)
        self._telling = Telling(self._hooks, self._in_flight)
        self._acknowledger = (
            Acknowledger(queues, self._in_flight, counts, settings, self._telling) if queues else None
        )
        self._arrivals = Arrivals(
            self._in_flight, ledger, counts, self._acknowledger, self._hooks, self._telling,
            delete_upon_failure=settings.delete_message_upon_failure,
        )  # fmt: skip
        self._commits = Commits(self._in_flight, committer, counts)
        self._failures = Failures(
            self._in_flight, committer, counts, self._max_attempts, has_queue=queues is not None,
            hooks=self._hooks, delete_upon_failure=settings.delete_message_upon_failure,
        )  # fmt: skip
        self._health = Health()
        self._flow = Flow(intake)
        ends_with_source = settings.until_empty or queues is None
        self._obstacles = Obstacles(self._flow, waits_for_ever=not ends_with_source)
        self._ending = Ending(settings.grace_seconds)
        self._emptiness = Emptiness()
        self._signals: list[int] = []
        self._quiet: set[str] = set()
        self._listing_ended = False
        self._drain_sent = False
        self._tick_at_seconds = 0.0
        self._woke_at_seconds = 0.0
        self._stopped_by: IngesterError | None = None

    def run(self) -> Ending:
        """Run until the source is empty or a signal ends it; how it ended.

        Raises IngesterError for what the user must mend. Workers are gone when this returns or raises.
        """
        restore = self._catch_signals()
        self._committer.start()
        self._intake.start()
        try:
            while not self._is_over(time.monotonic()):
                self._wait()
                self._on_time(time.monotonic())
        finally:
            self._intake.stop()
            self._pool.end()
            self._committer.stop()
            self._hooks.stop()
            self._selector.close()
            restore()
        if self._obstacles.gave_up is not None:
            raise self._obstacles.gave_up
        if self._stopped_by is not None:
            raise ProcessingStoppedError(
                f"The exception handler ended the run: {self._stopped_by}"
            ) from self._stopped_by
        return self._ending

    def _catch_signals(self) -> Callable[[], None]:
        """Let SIGTERM and SIGINT wake the loop; what puts the former handlers back. Main thread only."""
        if threading.current_thread() is not threading.main_thread():
            return lambda: None

        def note(number: int, _frame: FrameType | None) -> None:
            self._signals.append(number)

        wakeup_fd = signal.set_wakeup_fd(self._mailbox.wakeup_fd, warn_on_full_buffer=False)
        former = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}

        def restore() -> None:
            for number, handler in former.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup_fd)

        return restore

    # what happens

    def _wait(self) -> None:
        ready = self._selector.select(_TICK_SECONDS)
        if not any(isinstance(key.data, Worker) for key, _ in ready):
            time.sleep(max(0.0, self._woke_at_seconds + _GATHER_SECONDS - time.monotonic()))
        self._woke_at_seconds = time.monotonic()
        for key, events in ready:
            if isinstance(key.data, Worker):
                for happened in self._pool.on_ready(key.data, events):
                    self._worker_event(happened)
            else:
                for item in self._mailbox.take():
                    self._thread_event(item)
        while self._signals:
            number = self._signals.pop()
            self._ending.asked_by_signal(time.monotonic())
            _log.info("%s: %s", signal.Signals(number).name, self._ending.phase.value)

    def _worker_event(self, happened: Heard | Died) -> None:
        now_seconds = time.monotonic()
        worker = happened.worker
        if isinstance(happened, Died):
            self._worker_died(worker, happened.how, now_seconds)
            return
        self._oversight.heard(worker, happened.frame, now_seconds)
        match happened.frame:
            case Beat() as beat:
                if beat.jobs_done > worker.jobs_done:
                    self._pool.worked()
                self._counts.log_files_done += beat.jobs_done - worker.jobs_done
                self._counts.events_decoded += beat.events - worker.events
                worker.jobs_welcome, worker.jobs_done, worker.events = beat.jobs_welcome, beat.jobs_done, beat.events
            case Prepared() as prepared:
                self._obstacles.over(OUTPUT)
                self._commits.prepared(worker.slot, prepared)
            case Failed() as failed:
                if failed.kind in _OBSTACLES:
                    self._obstacles.met(_OBSTACLES[failed.kind], failed.reason, now_seconds)
                job = self._in_flight.jobs[failed.job]
                draining = self._ending.is_draining
                self._settle(self._failures.failed(job, failed, now_seconds, draining=draining))
            case Returned(jobs):
                self._in_flight.return_jobs(self._in_flight.jobs[number] for number in jobs)
            case RecordRefused() as refusal:
                self._record_refused(refusal)
            case LogProgress() as progress:
                self._telling.log_progress(progress, self._in_flight.jobs.get(progress.job))

    def _worker_died(self, worker: Worker, how: str, now_seconds: float) -> None:
        jobs, guilty = self._dispatch.died(worker)
        if self._ending.is_draining and not jobs:
            return
        self._committer.sweep(worker.commit_prefix)
        if worker.is_leaving and not jobs:
            self._counts.workers_recycled += 1
            self._pool.replace(worker, now_seconds)
            return
        self._counts.workers_died += 1
        _log.warning("worker %d (pid %d) %s; %d log files start over", worker.slot, worker.pid, how, jobs)
        for job in guilty:
            self._failures.crashed(job, how)
        if self._ending.is_draining:
            return
        error = WorkerDiedError(f"Worker {worker.slot} {how}; {jobs} log files start over.")
        self._ask(error, ErrorContext(ProgressState.UNCAUGHT_EXCEPTION))
        if not self._pool.replace(worker, now_seconds) or self._dispatch.blames_everything:
            raise IngesterError(
                f"Workers keep dying before they do any work: the last one {how}.",
                hint="Its last words are above; check the installation and the memory limit.",
            )

    def _thread_event(self, item: object) -> None:
        match item:
            case Listed(log_files):
                self._arrivals.listed(log_files)
            case Judged() as judged:
                self._settle(self._arrivals.judged(judged, draining=self._ending.is_draining))
            case Decided(error, decision, then):
                self._decided(error, decision, then)
            case StopAsked():
                self._end_run()
            case ListingEnded(skipped, digests_skipped, error):
                self._listing_ended = True
                self._counts.others_skipped += skipped
                self._counts.digests_skipped += digests_skipped
                if error is not None:
                    raise error
            case Received() | Checked() | ReceiveTrouble() | Deleted() | Extended() | Depths():
                self._queue_event(item, time.monotonic())
            case _:
                self._committer_event(item)

    def _committer_event(self, item: object) -> None:
        match item:
            case Published() as published:
                self._obstacles.went_on()
                self._settle(self._commits.published(published))
            case Rejected() as rejected:
                self._settle(self._commits.rejected(rejected))
            case Quarantined(job, entry):
                self._settle(self._failures.quarantined(job, entry))
            case OutputTrouble(None):
                self._obstacles.over(OUTPUT)
            case OutputTrouble(error):
                self._obstacles.met(OUTPUT, str(error), time.monotonic())
            case CommitterFailed(failure):
                raise failure

    def _queue_event(self, item: object, now_seconds: float) -> None:
        acknowledger = self._acknowledger
        if acknowledger is None:
            return
        match item:
            case Received() as received:
                self._received(received)
            case Checked(messages, doubts):
                self._settle(self._arrivals.checked(messages, doubts))
            case ReceiveTrouble() as trouble:
                self._receive_trouble(trouble)
            case Deleted(outcome):
                self._obstacles.tried(DELETES, outcome.reason if outcome.retry else "", now_seconds)
                acknowledger.deleted(outcome, now_seconds)
            case Extended(outcome):
                acknowledger.extended(outcome)
            case Depths(depths, reason):
                self._obstacles.tried(DEPTHS, reason, now_seconds)
                left = None if depths is None else sum(
                    max(0, depth.visible + depth.in_flight + depth.delayed - acknowledger.given_up(url, now_seconds))
                    for url, depth in depths.items()
                )  # fmt: skip
                if self._emptiness.answered(left, now_seconds, is_idle=self._is_idle):
                    self._ending.source_is_empty(now_seconds)

    def _received(self, received: Received) -> None:
        self._health.well(_queue(received.queue_url))
        self._obstacles.over(received.queue_url)
        if not received.messages:
            self._quiet.add(received.queue_url)
            return
        self._quiet.discard(received.queue_url)
        draining = self._ending.is_draining
        self._settle(self._arrivals.received(received.messages, received.doubts, draining=draining))

    def _receive_trouble(self, trouble: ReceiveTrouble) -> None:
        now_seconds = time.monotonic()
        times = f"{trouble.consecutive} times in a row" if trouble.consecutive > 1 else "once"
        self._health.trouble(_queue(trouble.queue_url), f"receiving failed {times}. {trouble.error}", now_seconds)
        self._obstacles.met(trouble.queue_url, str(trouble.error), now_seconds)
        error = trouble.error if isinstance(trouble.error, IngesterError) else IngesterError(str(trouble.error))
        self._ask(error, ErrorContext(ProgressState.POLL_QUEUE, attempt=trouble.consecutive))

    def _record_refused(self, refusal: RecordRefused) -> None:
        job = self._in_flight.jobs.get(refusal.job)
        if job is not None:
            error, context = refused(job, refusal)
            _log.warning("%s", error)
            self._ask(error, context)

    def _ask(self, error: IngesterError, context: ErrorContext) -> None:
        """Tell the exception handler of what goes on anyway, unless it says stop."""
        self._hooks.ask(error, context, lambda _: [])

    def _decided(self, error: IngesterError, decision: Decision | None, then: Then) -> None:
        if decision is Decision.STOP:
            self._stopped_by = self._stopped_by or error
            self._end_run()
        self._settle(then(decision))

    def _end_run(self) -> None:
        if not self._ending.is_draining:
            self._ending.asked_by_signal(time.monotonic())

    # what the clock asks for

    def _on_time(self, now_seconds: float) -> None:
        for lost in self._oversight.look(now_seconds):
            self._worker_event(lost)
        self._failures.retry_due(now_seconds)
        if not self._ending.is_draining:
            self._go_on(now_seconds)
        if self._ending.is_draining:  # perhaps only now: not a tick later
            self._drain(now_seconds)
        if self._acknowledger is not None:
            self._acknowledger.work(now_seconds)
        if now_seconds >= self._tick_at_seconds:
            self._tick_at_seconds = now_seconds + _TICK_SECONDS
            self._on_tick(self._counts)

    def _go_on(self, now_seconds: float) -> None:
        self._pool.start_due(now_seconds)
        self._settle(self._arrivals.admit(now_seconds))
        self._obstacles.tried(LEDGER, str(self._arrivals.ledger_trouble or ""), now_seconds)
        self._check_again(now_seconds)
        self._dispatch.assign()
        self._measure_flow()
        if not self._in_flight.jobs:
            self._obstacles.over(OUTPUT)  # nothing is left that could show that it can be written again
        self._end_if_empty(now_seconds)
        if self._obstacles.gave_up is not None:
            self._end_run()

    def _measure_flow(self) -> None:
        in_flight = self._in_flight
        wanted = self._dispatch.jobs_wanted if self._is_slow else WAITING_MAX
        self._flow.measure(
            len(in_flight.waiting), len(in_flight.jobs), self._hooks.backlog, wanted, self._arrivals.doubted.waiting
        )

    def _check_again(self, now_seconds: float) -> None:
        due = self._arrivals.doubted.take_due(now_seconds)
        if due and self._queues is not None:
            self._queues.check_again(due)

    def _end_if_empty(self, now_seconds: float) -> None:
        """Let workers prepare what they hold once nothing more comes, and end when nothing is left."""
        if self._queues is None:
            nothing_comes = self._listing_ended
        elif self._settings.until_empty:
            nothing_comes = self._quiet == set(self._settings.queue_urls)
        else:
            nothing_comes = False
        if self._flow.wants_flush or (nothing_comes and not self._in_flight.waiting):
            self._dispatch.flush()
        if self._queues is None:
            if nothing_comes and self._is_idle:
                self._ending.source_is_empty(now_seconds)
        elif self._settings.until_empty and self._emptiness.should_ask(now_seconds, is_idle=self._is_idle):
            self._queues.ask_depths()

    def _drain(self, now_seconds: float) -> None:
        if not self._drain_sent:
            self._drain_sent = True
            self._intake.stop()
            self._pool.start_no_more()
            self._pool.send_all(Drain())
        if self._ending.is_overdue(now_seconds):
            self._pool.kill_all()
            self._settle([*self._arrivals.drop(), *self._failures.drop_undecided()])
        self._in_flight.return_jobs(self._dispatch.drop_suspects())
        self._settle(self._arrivals.drop_unadmitted())
        self._settle([*self._in_flight.drop_waiting(), *self._failures.drop_delayed()])

    # where the run stands

    @property
    def _is_idle(self) -> bool:
        return (
            self._in_flight.is_empty
            and self._commits.is_idle
            and not self._failures.quarantining
            and self._arrivals.is_idle
            and (self._acknowledger is None or self._acknowledger.is_idle)
        )

    def _is_over(self, now_seconds: float) -> bool:
        if not self._drain_sent or self._pool.workers:
            return False
        if self._is_idle and (self._queues is None or self._queues.has_stopped):
            return True
        return self._ending.is_overdue(now_seconds - _GIVE_BACK_SECONDS)

    def _max_attempts(self, ticket: Ticket) -> int:
        if self._acknowledger is None or ticket.message is None:
            return self._settings.max_attempts
        return self._acknowledger.attempts_max(ticket.message.queue_url)

    def _settle(self, tickets: list[Ticket]) -> None:
        self._telling.sources_end(tickets)
        if self._acknowledger is not None and tickets:
            draining = self._ending.is_draining
            self._acknowledger.settle(tickets, time.monotonic(), draining=draining)


def _queue(queue_url: str) -> str:
    """What a trouble with a queue concerns."""
    return f"queue {queue_url}"
