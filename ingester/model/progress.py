"""What a progress reporter is told: the states of the work, and what is known at the start and at the end of each.

The states are those of AWS's CloudTrail Processing Library, under its names. Each is reported twice: at its start,
with the counts still zero and `success` False, and at its end, with the counts and the outcome as they are.
"""

from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from ingester.model.log_file import LogFile
from ingester.model.source import Source


class ProgressState(StrEnum):
    """What is being done. The values are the names that CPL gives these states."""

    POLL_QUEUE = "pollQueue"
    """One receive call to a queue. Info: `PollQueueInfo`."""
    PARSE_MESSAGE = "parseMessage"
    """A message body is read. Info: `MessageInfo`."""
    DELETE_MESSAGE = "deleteMessage"
    """A message whose log files are all done is deleted. Info: `MessageInfo`."""
    DELETE_FILTERED_MESSAGE = "deleteFilteredMessage"
    """A message that the source filter refused is deleted. Info: `MessageInfo`."""
    PROCESS_SOURCE = "processSource"
    """A source, from the source filter until its last log file is settled. Info: `SourceInfo`."""
    DOWNLOAD_LOG = "downloadLog"
    """A log file is fetched; a large one only opened, as it streams while it is processed. Info: `LogInfo`."""
    PROCESS_LOG = "processLog"
    """A log file is decoded and its events given to the function. Info: `LogInfo`."""
    UNCAUGHT_EXCEPTION = "uncaughtException"
    """A worker died, or something raised that nobody expected. Only in an `ErrorContext`, never reported."""


class PollQueueInfo(Struct, frozen=True):
    """One receive call. `messages`: how many it brought."""

    queue_url: str
    messages: int = 0
    success: bool = False
    seconds: float = 0.0


class MessageInfo(Struct, frozen=True):
    """One message. `success`: it was understood, or it is deleted."""

    queue_url: str
    message_id: str
    success: bool = False
    seconds: float = 0.0


class SourceInfo(Struct, frozen=True):
    """One source. `success`: every log file of it is done, or the source was filtered.

    `events` were given to the function, `events_filtered` were not wanted, in all of its log files together.
    """

    source: Source
    filtered: bool = False
    events: int = 0
    events_filtered: int = 0
    records_quarantined: int = 0
    success: bool = False
    seconds: float = 0.0


class LogInfo(Struct, frozen=True):
    """One log file. `size_bytes` as it lies in the source, `json_bytes` decompressed.

    `records_quarantined` could not be read at all. `reason` says in words why there was no success.
    """

    log_file: LogFile
    source: Source | None = None
    size_bytes: int = 0
    json_bytes: int = 0
    events: int = 0
    events_filtered: int = 0
    records_quarantined: int = 0
    success: bool = False
    reason: str = ""
    seconds: float = 0.0


ProgressInfo = PollQueueInfo | MessageInfo | SourceInfo | LogInfo


class ProgressStatus(Struct, frozen=True):
    """A state and what is known about it."""

    state: ProgressState
    info: ProgressInfo


class ProgressReporter(Protocol):
    """Told of each state's start and end. Called in the process that started the executor, by one thread of it, one
    call at a time; a slow reporter holds up receiving, never the extension of visibility. What it raises is logged
    and changes nothing.
    """

    def report_start(self, status: ProgressStatus) -> object:
        """A state begins. What it returns, a token, is handed to `report_end`."""

    def report_end(self, status: ProgressStatus, token: object) -> None:
        """The state has ended; `token` is what `report_start` returned for it."""
