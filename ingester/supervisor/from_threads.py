"""What the supervisor's own threads post: the listing, the user's hooks, the committer; the queues' have a file of
their own."""

import time

from ingester.model.errors import IngesterError, ProcessingStoppedError
from ingester.model.hooks import Decision
from ingester.supervisor.commit import CommitterFailed, OutputTrouble, Published, Quarantined, Rejected
from ingester.supervisor.from_queues import queue_event
from ingester.supervisor.hooks import Decided, Judged, StopAsked, Then
from ingester.supervisor.intake import Listed, ListingEnded
from ingester.supervisor.obstacles import OUTPUT
from ingester.supervisor.parts import Parts
from ingester.supervisor.queue_events import QueueEvent


def thread_event(run: Parts, item: object) -> None:
    """Do what follows from it. Raises what a listing or the committer failed with."""
    match item:
        case Listed(log_files):
            run.arrivals.listed(log_files)
        case ListingEnded() as ended:
            _listing_ended(run, ended)
        case Judged() as judged:
            run.settle(run.arrivals.judged(judged, draining=run.ending.is_draining))
        case Decided(error, decision, then):
            _decided(run, error, decision, then)
        case StopAsked():
            run.ending.drain(time.monotonic())
        case _ if isinstance(item, QueueEvent):
            queue_event(run, item, time.monotonic())
        case _:
            _committer_event(run, item)


def _listing_ended(run: Parts, ended: ListingEnded) -> None:
    run.source_end.listing_ended = True
    run.counts.others_skipped += ended.skipped
    run.counts.digests_skipped += ended.digests_skipped
    if ended.error is not None:
        raise ended.error


def _decided(run: Parts, error: IngesterError, decision: Decision | None, then: Then) -> None:
    if decision is Decision.STOP:
        stopped = ProcessingStoppedError(f"The exception handler ended the run: {error}")
        stopped.__cause__ = error
        run.ending.fail(stopped, time.monotonic())
    run.settle(then(decision))


def _committer_event(run: Parts, item: object) -> None:
    match item:
        case Published() as published:
            run.obstacles.went_on()
            run.settle(run.commits.published(published))
        case Rejected() as rejected:
            run.settle(run.commits.rejected(rejected))
        case Quarantined(job, entry):
            run.settle(run.failures.quarantined(job, entry))
        case OutputTrouble(None):
            run.obstacles.over(OUTPUT)
        case OutputTrouble(error):
            run.obstacles.met(OUTPUT, str(error), time.monotonic())
        case CommitterFailed(failure):
            raise failure
