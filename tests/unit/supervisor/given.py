"""Things that the supervisor's tests start from."""

from collections.abc import Iterable

from ingester.model.log_file import LogFile
from ingester.model.message import Message
from ingester.sqs.client import QueueInfo
from ingester.supervisor.in_flight import InFlight, Job, Ticket

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
