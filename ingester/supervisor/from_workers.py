"""What workers say, and that one has died: what it means for its log files and for the run."""

import logging
import time

from ingester.model.errors import IngesterError, ProcessorUnusableError, WorkerDiedError
from ingester.model.frames import Beat, CannotBegin, Failed, LogProgress, Prepared, RecordRefused, Returned
from ingester.model.hooks import ErrorContext
from ingester.model.progress import ProgressState
from ingester.supervisor.obstacles import LOG_FILES, OUTPUT
from ingester.supervisor.parts import Parts
from ingester.supervisor.pool import Died, Heard
from ingester.supervisor.told import refused
from ingester.supervisor.worker_link import Worker

_log = logging.getLogger("ingester.supervisor")

_OBSTACLES = {"output": OUTPUT, "outage": LOG_FILES, "throttled": LOG_FILES}
"""What is away, by the failures of log files that say nothing about the log file."""


def worker_event(run: Parts, happened: Heard | Died) -> None:
    """Do what follows from it. Raises IngesterError when workers can't be had."""
    now_seconds = time.monotonic()
    worker = happened.worker
    if isinstance(happened, Died):
        _died(run, worker, happened.how, now_seconds)
        return
    run.oversight.heard(worker, happened.frame, now_seconds)
    match happened.frame:
        case CannotBegin() as told:
            _cannot_begin(run, worker, told, now_seconds)
        case Beat() as beat:
            _beat(run, worker, beat)
        case Prepared() as prepared:
            run.obstacles.over(OUTPUT)
            run.commits.prepared(worker.slot, prepared)
        case Failed() as failed:
            _failed(run, failed, now_seconds)
        case Returned(jobs):
            run.in_flight.return_jobs(run.in_flight.jobs[number] for number in jobs)
        case RecordRefused() as refusal:
            _record_refused(run, refusal)
        case LogProgress() as progress:
            run.telling.log_progress(progress, run.in_flight.jobs.get(progress.job))


def _cannot_begin(run: Parts, worker: Worker, told: CannotBegin, now_seconds: float) -> None:
    """Before anything is done this is the user's to mend, and ends the run. Later it may be what the processor needs
    that is away, and the worker is one that has died."""
    worker.unable = worker.unable or ProcessorUnusableError(told.reason, hint=told.hint)
    if not run.counts.log_files_done and not run.ending.is_draining:
        run.ending.fail(worker.unable, now_seconds)


def _beat(run: Parts, worker: Worker, beat: Beat) -> None:
    if beat.jobs_done > worker.jobs_done:
        run.pool.worked()
    run.counts.log_files_done += beat.jobs_done - worker.jobs_done
    run.counts.events_decoded += beat.events - worker.events
    worker.jobs_welcome, worker.jobs_done, worker.events = beat.jobs_welcome, beat.jobs_done, beat.events


def _failed(run: Parts, failed: Failed, now_seconds: float) -> None:
    if failed.kind in _OBSTACLES:
        run.obstacles.met(_OBSTACLES[failed.kind], failed.reason, now_seconds)
    job = run.in_flight.jobs[failed.job]
    run.settle(run.failures.failed(job, failed, now_seconds, draining=run.ending.is_draining))


def _record_refused(run: Parts, refusal: RecordRefused) -> None:
    job = run.in_flight.jobs.get(refusal.job)
    if job is not None:
        error, context = refused(job, refusal)
        _log.warning("%s", error)
        run.ask(error, context)


def _died(run: Parts, worker: Worker, how: str, now_seconds: float) -> None:
    if worker.unable is not None:
        how = f"could not begin. {worker.unable.args[0]}"
    jobs, guilty = run.dispatch.died(worker)
    if run.ending.is_draining and not jobs:
        if run.ending.is_overdue(now_seconds):
            _log.warning(
                "worker %d (pid %d) %s: it had nothing in hand, and did not end", worker.slot, worker.pid, how
            )
        return
    run.committer.sweep(worker.commit_prefix)
    if worker.is_leaving and not jobs:
        run.counts.workers_recycled += 1
        run.pool.replace(worker, now_seconds)
        return
    run.counts.workers_died += 1
    _log.warning("worker %d (pid %d) %s; %d log files start over", worker.slot, worker.pid, how, jobs)
    for job in guilty:
        run.failures.crashed(job, how)
    if run.ending.is_draining:
        return
    error = WorkerDiedError(f"Worker {worker.slot} {how}; {jobs} log files start over.")
    run.ask(error, ErrorContext(ProgressState.UNCAUGHT_EXCEPTION))
    if not run.pool.replace(worker, now_seconds) or run.dispatch.blames_everything:
        raise IngesterError(
            f"Workers keep dying before they do any work: the last one {how}.",
            hint="Its last words are above; check the installation and the memory limit.",
        )
