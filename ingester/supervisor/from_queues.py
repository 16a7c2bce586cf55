"""What the queues' threads post: messages, trouble, and what came of calls."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ingester.model.errors import IngesterError
from ingester.model.hooks import ErrorContext
from ingester.model.progress import ProgressState
from ingester.supervisor.acknowledge import Acknowledger
from ingester.supervisor.obstacles import DELETES, DEPTHS
from ingester.supervisor.parts import Parts
from ingester.supervisor.queue_events import (
    Checked,
    Deleted,
    Depths,
    Extended,
    QueueEvent,
    Received,
    ReceiveTrouble,
)

if TYPE_CHECKING:
    from ingester.sqs.depth import QueueDepth


def queue_event(run: Parts, item: QueueEvent, now_seconds: float) -> None:
    """Do what follows from it."""
    acknowledger = run.acknowledger
    if acknowledger is None:
        return
    match item:
        case Received() as received:
            _received(run, received)
        case Checked(messages, doubts):
            run.settle(run.arrivals.checked(messages, doubts))
        case ReceiveTrouble() as trouble:
            _receive_trouble(run, trouble)
        case Deleted(outcome):
            run.obstacles.tried(DELETES, outcome.reason if outcome.retry else "", now_seconds)
            acknowledger.deleted(outcome, now_seconds)
        case Extended(outcome):
            acknowledger.extended(outcome)
        case Depths(depths, reason):
            run.obstacles.tried(DEPTHS, reason, now_seconds)
            left = None if depths is None else _left(depths, acknowledger, now_seconds)
            if run.source_end.emptiness.answered(left, now_seconds, is_idle=run.is_idle):
                run.ending.source_is_empty(now_seconds)


def _received(run: Parts, received: Received) -> None:
    run.health.well(_queue(received.queue_url))
    run.obstacles.over(received.queue_url)
    run.source_end.received(received.queue_url, len(received.messages))
    if received.messages:
        draining = run.ending.is_draining
        run.settle(run.arrivals.received(received.messages, received.doubts, draining=draining))


def _receive_trouble(run: Parts, trouble: ReceiveTrouble) -> None:
    now_seconds = time.monotonic()
    times = f"{trouble.consecutive} times in a row" if trouble.consecutive > 1 else "once"
    run.health.trouble(_queue(trouble.queue_url), f"receiving failed {times}. {trouble.error}", now_seconds)
    run.obstacles.met(trouble.queue_url, str(trouble.error), now_seconds)
    error = trouble.error if isinstance(trouble.error, IngesterError) else IngesterError(str(trouble.error))
    run.ask(error, ErrorContext(ProgressState.POLL_QUEUE, attempt=trouble.consecutive))


def _left(depths: "Mapping[str, QueueDepth]", acknowledger: Acknowledger, now_seconds: float) -> int:
    """How many messages there are that somebody may still take in hand."""
    return sum(
        max(0, depth.visible + depth.in_flight + depth.delayed - acknowledger.given_up(url, now_seconds))
        for url, depth in depths.items()
    )


def _queue(queue_url: str) -> str:
    """What a trouble with a queue concerns."""
    return f"queue {queue_url}"
