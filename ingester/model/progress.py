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
    """One receive call."""

    queue_url: str
    """The queue."""
    messages: int = 0
    """How many messages it brought."""
    success: bool = False
    """Whether SQS answered."""
    seconds: float = 0.0
    """How long it took; with long polling up to 20."""


class MessageInfo(Struct, frozen=True):
    """One message."""

    queue_url: str
    """Its queue."""
    message_id: str
    """Its id at SQS, the same at each delivery."""
    success: bool = False
    """Whether it was understood, or is deleted."""
    seconds: float = 0.0
    """How long that took."""


class SourceInfo(Struct, frozen=True):
    """One source. The counts are of all of its log files together."""

    source: Source
    """The source."""
    filtered: bool = False
    """Whether the source filter refused it."""
    events: int = 0
    """Events that the function has taken."""
    events_filtered: int = 0
    """Events that were not wanted."""
    records_quarantined: int = 0
    """Records that could not be read at all."""
    success: bool = False
    """Whether every log file of it is done, or the source was filtered."""
    seconds: float = 0.0
    """How long it was in hand."""


class LogInfo(Struct, frozen=True):
    """One log file, downloaded or processed. The counts are those of this state: no events of a download."""

    log_file: LogFile
    """The log file."""
    source: Source | None = None
    """What announced it; the first, if several did."""
    size_bytes: int = 0
    """Its size as it lies in the source."""
    json_bytes: int = 0
    """Its size decompressed."""
    events: int = 0
    """Events that the function has taken."""
    events_filtered: int = 0
    """Events that were not wanted."""
    records_quarantined: int = 0
    """Records that could not be read at all."""
    success: bool = False
    """Whether it could be fetched; whether the function has taken all of its events."""
    reason: str = ""
    """Why there was no success, in words."""
    seconds: float = 0.0
    """How long it took, in the worker."""


ProgressInfo = PollQueueInfo | MessageInfo | SourceInfo | LogInfo
"""What is known about a state: which of these, `ProgressState` says."""


class ProgressStatus(Struct, frozen=True):
    """A state and what is known about it."""

    state: ProgressState
    """What is being done."""
    info: ProgressInfo
    """To what, with which outcome."""


class ProgressReporter(Protocol):
    """Told of each state's start and end. Called in the process that started the executor, by one thread of it, one
    call at a time; a slow reporter holds up receiving, never the extension of visibility. What it raises is logged
    and changes nothing.
    """

    def report_start(self, status: ProgressStatus) -> object:
        """A state begins. What it returns, a token, is handed to `report_end`."""

    def report_end(self, status: ProgressStatus, token: object) -> None:
        """The state has ended; `token` is what `report_start` returned for it."""
