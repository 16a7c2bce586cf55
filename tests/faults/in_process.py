"""A whole run of the product within this process, supervisor and a worker's thread, in a few hundredths of a second:
for tests that need thousands of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any, cast

import pytest

from ingester.aws import clients
from ingester.executor.threads import WorkerThread
from ingester.fetch import s3 as fetch_s3
from ingester.model.errors import IngesterError
from ingester.model.settings import Settings
from ingester.sqs import receive, signed
from ingester.supervisor import acknowledge, arrivals, commit, ending, loop, obstacles, outage, start_up
from ingester.supervisor.hooks import HookThread
from ingester.supervisor.run import Library, run_backfill, run_queues
from ingester.supervisor.worker_link import Launch
from ingester.verify.verify import verify
from ingester.worker.functions import Functions

_QUICK: tuple[tuple[object, str, float], ...] = (
    (loop, "_TICK_SECONDS", 0.01),
    (loop, "_GIVE_BACK_SECONDS", 0.1),
    (commit, "_RETRY_SECONDS_FIRST", 0.01),
    (commit, "_RETRY_SECONDS_MAX", 0.05),
    (outage, "_RETRY_SECONDS_FIRST", 0.01),
    (outage, "_RETRY_SECONDS_MAX", 0.05),
    (arrivals, "_LEDGER_AGAIN_SECONDS", 0.01),
    (acknowledge, "_DELETE_RETRY_SECONDS", 0.01),
    (receive, "_BACKOFF_SECONDS_MIN", 0.01),
    (receive, "_BACKOFF_SECONDS_MAX", 0.05),
    (receive, "EMPTYING_POLL_SECONDS", 0),
    (ending, "_ASK_EVERY_SECONDS", 0.02),
    (obstacles, "OUTAGE_SECONDS_MAX", 0.3),
    (start_up, "OUTAGE_SECONDS_MAX", 0.3),
    (clients, "ATTEMPTS_MAX", 1),
    (signed, "ATTEMPTS_MAX", 1),
    (fetch_s3, "RETRIES_MAX", 0),
)
"""Waits, shorter than in life; and no call is tried again by a client, so that the product meets each failure."""


@contextmanager
def in_a_hurry() -> Iterator[None]:
    """All waits short, until left."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for module, name, value in _QUICK:
            monkeypatch.setattr(module, name, value)
        # one for all: making one reads AWS's service descriptions, which takes longer than the rest of a run
        monkeypatch.setattr(clients, "Session", lru_cache(clients.Session))
        yield


def ingest(settings: Settings) -> IngesterError | None:
    """A run over the settings' source, or until their queues are empty; the error that it ended with.

    Every other error is raised: a user would see a traceback.
    """
    library = Library(launch=_launch, slots=1)
    try:
        if settings.source is not None:
            run_backfill(settings, settings.source, library=library)
        else:
            run_queues(settings, library=library)
    except IngesterError as error:
        return error
    return None


def findings(settings: Settings) -> list[str]:
    """What verify finds."""
    return [f"{found.kind}: {found.where}: {found.what}" for found in verify(settings).findings]


def _launch(hooks: HookThread) -> Launch:
    return partial(
        WorkerThread,
        make_functions=lambda: cast(Functions, None),  # rows for the lake, and no function of a user
        keep_cause=cast(Any, hooks.causes).__setitem__,
        reports_progress=False,
    )
