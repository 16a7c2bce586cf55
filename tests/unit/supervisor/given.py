"""Things that the supervisor's tests start from."""

from collections.abc import Iterable
from pathlib import Path

from ingester.model.commit import Commit, CommittedLogFile, DataFile
from ingester.model.log_file import LogFile
from ingester.model.message import Message
from ingester.sqs.client import QueueInfo
from ingester.supervisor.in_flight import InFlight, Job, Ticket

COMMIT_ID = "c0" * 16
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/trail"


def message(number: int = 1, *, receipt: str = "", receives: int = 1, queue: str = QUEUE, body: str = "") -> Message:
    """The message `number`, as received at second 0."""
    return Message(queue, f"message {number}", receipt or f"receipt {number}", body, receives, 0.0)


def log_file(number: int = 1, etag: str | None = "e1", account: str = "123456789012") -> LogFile:
    """The log file `number` of an account."""
    return LogFile("trails", f"AWSLogs/{account}/CloudTrail/eu-west-1/2024/03/13/{number}.json.gz", etag)


def ticket_with_jobs(in_flight: InFlight, source: Message | None, *log_files: LogFile) -> Ticket:
    """A new ticket that waits for these log files."""
    ticket = in_flight.ticket_for(source)[0] if source else Ticket(None)
    for some in log_files:
        if not in_flight.join(ticket, some, some.place):
            in_flight.add(ticket, some, some.place)
    return ticket


def assigned(in_flight: InFlight, worker: int = 0) -> list[Job]:
    """All jobs that wait, assigned to one worker."""
    jobs = list(in_flight.waiting)
    in_flight.waiting.clear()
    for job in jobs:
        in_flight.assign(job, worker)
    return jobs


class RecordingQueues:
    """Stands for SQS: notes what it is told. A test answers with what SQS would have said."""

    def __init__(self, max_receive_count: int | None = 5) -> None:
        self.info = {QUEUE: QueueInfo(QUEUE, max_receive_count, "arn" if max_receive_count else None, 30)}
        self.deleted: list[list[Message]] = []
        self.changed: list[list[tuple[Message, int]]] = []

    def delete(self, messages: Iterable[Message]) -> int:
        """Takes the messages as one call."""
        self.deleted.append(list(messages))
        return 1

    def change_visibility(self, changes: Iterable[tuple[Message, int]]) -> int:
        """Takes the changes as one call."""
        self.changed.append(list(changes))
        return 1


def staged_data_file(
    lake_root: Path, commit_id: str = COMMIT_ID, content: bytes = b"PAR1", rows: int = 1
) -> DataFile:
    """A data file that lies staged in a lake, as a worker leaves it."""
    path = f"cloudtrail/date=2024-03-13/20240313T000500Z-{commit_id}-1.parquet"
    staged = lake_root / "_ingester/staging" / commit_id / path
    staged.parent.mkdir(parents=True, exist_ok=True)
    staged.write_bytes(content)
    return DataFile(path, rows, len(content))


def commit_of(*log_files: LogFile, data_files: tuple[DataFile, ...] = (), commit_id: str = COMMIT_ID) -> Commit:
    """A commit of these log files, with a row each."""
    return Commit(
        commit_id,
        data_files,
        tuple(CommittedLogFile(some.identity, some.place, some.uri, some.etag or "", 1) for some in log_files),
    )
