"""From what a worker says about a failure to what the user's exception handler is told."""

from collections.abc import MutableMapping

from ingester.model.errors import (
    BadLogFileError,
    BadRecordError,
    FetchError,
    FunctionError,
    IngesterError,
    OutputError,
)
from ingester.model.frames import Failed, RecordRefused
from ingester.model.hooks import ErrorContext
from ingester.model.progress import ProgressState
from ingester.model.source import Source
from ingester.supervisor.in_flight import Job

_OF_FETCHING = ("fetch", "throttled", "outage")
_ERRORS: dict[str, type[IngesterError]] = {"bad_log_file": BadLogFileError, "output": OutputError}


def error_of(job: Job, failure: Failed, causes: MutableMapping[int, FunctionError]) -> IngesterError:
    """The error of a failed job. `causes`: errors of functions that ran in this process, taken out."""
    cause = causes.pop(job.number, None)
    if cause is not None:
        return cause
    if failure.kind in _OF_FETCHING:
        return FetchError(failure.reason, throttled=failure.kind == "throttled", passing=failure.kind == "outage")
    if failure.raised is not None:
        raised = failure.raised
        return FunctionError(
            failure.reason, function=raised.function, cause_type=raised.cause_type, traceback=raised.traceback
        )
    return _ERRORS.get(failure.kind, IngesterError)(failure.reason)


def context_of(job: Job, failure: Failed, attempts_max: int) -> ErrorContext:
    """What was being done. `attempts_max` is 0 where the attempts are not counted."""
    is_fetch = failure.kind in _OF_FETCHING
    return ErrorContext(
        state=ProgressState.DOWNLOAD_LOG if is_fetch else ProgressState.PROCESS_LOG,
        source=source_of(job),
        log_file=job.log_file,
        attempt=job.attempts if attempts_max else 0,
        attempts_max=attempts_max,
    )


def refused(job: Job, frame: RecordRefused) -> tuple[BadRecordError, ErrorContext]:
    """A record that can't be read."""
    error = BadRecordError(
        f"Record {frame.record_index} of {job.log_file.uri} is quarantined: {frame.reason}", raw_bytes=frame.raw_bytes
    )
    return error, ErrorContext(
        ProgressState.PROCESS_LOG, source_of(job), job.log_file, record_index=frame.record_index
    )


def source_of(job: Job) -> Source | None:
    """The source that announced a job's log file; the first, if there are several."""
    return next((waiter.ticket.source for waiter in job.waiters), None)
