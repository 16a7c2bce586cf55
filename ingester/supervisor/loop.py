"""The supervisor's loop: waits for workers, threads, signals and the clock, and has done what each of them means."""

import logging
import selectors
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ingester.ledger.base import Ledger
from ingester.model.frames import Drain
from ingester.model.settings import Settings
from ingester.supervisor.commit import Committer
from ingester.supervisor.counts import Counts, show_nothing
from ingester.supervisor.ending import Ending
from ingester.supervisor.flow import WAITING_MAX
from ingester.supervisor.from_threads import thread_event
from ingester.supervisor.from_workers import worker_event
from ingester.supervisor.hooks import Hooks, HookThread
from ingester.supervisor.intake import Intake
from ingester.supervisor.mailbox import Mailbox
from ingester.supervisor.obstacles import LEDGER, OUTPUT
from ingester.supervisor.parts import join_parts
from ingester.supervisor.pool import WorkerPool
from ingester.supervisor.processes import WorkerProcess
from ingester.supervisor.signals import noting_signals
from ingester.supervisor.worker_link import Launch, Worker

if TYPE_CHECKING:
    from ingester.supervisor.queues import Queues

_log = logging.getLogger("ingester.supervisor")

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
        self._mailbox = mailbox
        self._intake = intake
        self._on_tick = on_tick
        self._is_slow = is_slow
        self._selector = selectors.DefaultSelector()
        self._selector.register(mailbox, selectors.EVENT_READ)
        pool = WorkerPool(settings, slots or settings.worker_count, self._selector, launch)
        hooks = hooks or HookThread(Hooks(), mailbox.post)
        self.parts = join_parts(settings, ledger, committer, intake, queues, counts, hooks, pool, is_slow=is_slow)
        self._signals: list[int] = []
        self._drain_sent = False
        self._tick_at_seconds = 0.0
        self._woke_at_seconds = 0.0

    def run(self) -> Ending:
        """Run until the source is empty or a signal ends it; how it ended.

        Raises IngesterError for what the user must mend. Workers are gone when this returns or raises.
        """
        with noting_signals(self._signals, self._mailbox.wakeup_fd):
            self._run()
        ending = self.parts.ending
        if ending.error is not None:
            raise ending.error
        return ending

    def _run(self) -> None:
        run = self.parts
        run.committer.start()
        self._intake.start()
        try:
            while not self._is_over(time.monotonic()):
                self._wait()
                self._on_time(time.monotonic())
        finally:
            self._intake.stop()
            run.pool.end()
            run.committer.stop()
            run.hooks.stop()
            self._selector.close()

    # what happens

    def _wait(self) -> None:
        run = self.parts
        ready = self._selector.select(_TICK_SECONDS)
        if not any(isinstance(key.data, Worker) for key, _ in ready):
            time.sleep(max(0.0, self._woke_at_seconds + _GATHER_SECONDS - time.monotonic()))
        self._woke_at_seconds = time.monotonic()
        for key, events in ready:
            if isinstance(key.data, Worker):
                for happened in run.pool.on_ready(key.data, events):
                    worker_event(run, happened)
            else:
                for item in self._mailbox.take():
                    thread_event(run, item)
        while self._signals:
            number = self._signals.pop()
            run.ending.asked_by_signal(time.monotonic())
            _log.info("%s: %s", signal.Signals(number).name, run.ending.phase.value)

    # what the clock asks for

    def _on_time(self, now_seconds: float) -> None:
        run = self.parts
        for lost in run.oversight.look(now_seconds):
            worker_event(run, lost)
        run.failures.retry_due(now_seconds)
        if not run.ending.is_draining:
            self._go_on(now_seconds)
        if run.ending.is_draining:  # perhaps only now: not a tick later
            self._drain(now_seconds)
        if run.acknowledger is not None:
            run.acknowledger.work(now_seconds)
        if now_seconds >= self._tick_at_seconds:
            self._tick_at_seconds = now_seconds + _TICK_SECONDS
            self._on_tick(run.counts)

    def _go_on(self, now_seconds: float) -> None:
        run = self.parts
        run.pool.start_due(now_seconds)
        run.settle(run.arrivals.admit(now_seconds))
        run.obstacles.tried(LEDGER, str(run.arrivals.ledger_trouble or ""), now_seconds)
        self._check_again(now_seconds)
        run.dispatch.assign()
        self._measure_flow()
        if not run.in_flight.jobs:
            run.obstacles.over(OUTPUT)  # nothing is left that could show that it can be written again
        self._end_if_empty(now_seconds)
        if run.obstacles.gave_up is not None:
            run.ending.fail(run.obstacles.gave_up, now_seconds)

    def _check_again(self, now_seconds: float) -> None:
        due = self.parts.arrivals.doubted.take_due(now_seconds)
        if due and self.parts.queues is not None:
            self.parts.queues.check_again(due)

    def _measure_flow(self) -> None:
        run = self.parts
        wanted = run.dispatch.jobs_wanted if self._is_slow else WAITING_MAX
        run.flow.measure(
            len(run.in_flight.waiting), len(run.in_flight.jobs), run.hooks.backlog, wanted,
            run.arrivals.doubted.waiting,
        )  # fmt: skip

    def _end_if_empty(self, now_seconds: float) -> None:
        """Let workers prepare what they hold once nothing more comes, and end when nothing is left."""
        run = self.parts
        nothing_comes = run.source_end.nothing_comes
        if run.flow.wants_flush or (nothing_comes and not run.in_flight.waiting):
            run.dispatch.flush()
        if run.queues is None:
            if nothing_comes and run.is_idle:
                run.ending.source_is_empty(now_seconds)
        elif run.source_end.should_ask_depths(now_seconds, is_idle=run.is_idle):
            run.queues.ask_depths()

    def _drain(self, now_seconds: float) -> None:
        run = self.parts
        if not self._drain_sent:
            self._drain_sent = True
            self._intake.stop()
            run.pool.start_no_more()
            run.pool.send_all(Drain())
        if run.ending.is_overdue(now_seconds):
            run.pool.kill_all()
            run.settle([*run.arrivals.drop(), *run.failures.drop_undecided()])
        run.in_flight.return_jobs(run.dispatch.drop_suspects())
        run.settle(run.arrivals.drop_unadmitted())
        run.settle([*run.in_flight.drop_waiting(), *run.failures.drop_delayed()])

    def _is_over(self, now_seconds: float) -> bool:
        run = self.parts
        if not self._drain_sent or run.pool.workers:
            return False
        if run.is_idle and (run.queues is None or run.queues.has_stopped):
            return True
        return run.ending.is_overdue(now_seconds - _GIVE_BACK_SECONDS)
