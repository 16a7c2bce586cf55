"""A run of the supervisor between a listing or a stand-in for SQS, and a lake and a ledger that outlive it."""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast

from ingester.lake.publish_disk import DiskLake
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.log_file import LogFile
from ingester.model.message import Message
from ingester.model.settings import Settings
from ingester.sqs.client import QueueInfo
from ingester.sqs.depth import QueueDepth
from ingester.sqs.outcome import BatchOutcome
from ingester.supervisor.commit import Committer
from ingester.supervisor.counts import Counts
from ingester.supervisor.ending import Ending
from ingester.supervisor.intake import ListingIntake
from ingester.supervisor.loop import Supervisor
from ingester.supervisor.mailbox import Mailbox
from ingester.supervisor.queue_events import Deleted, Depths, Extended, Received
from ingester.supervisor.queues import Queues
from tests.support.cli import processes
from tests.unit.supervisor.given import QUEUE


def named(name: str, number: int = 1) -> LogFile:
    """A log file whose key tells the worker what to do."""
    return LogFile("trails", f"{name}/{number}.json.gz")


class Listing:
    """A listing of these log files."""

    skipped = digests_skipped = 0

    def __init__(self, log_files: Iterable[LogFile], error: Exception | None = None) -> None:
        self._log_files = log_files
        self._error = error

    def __iter__(self) -> Iterator[LogFile]:
        yield from self._log_files
        if self._error:
            raise self._error


class Sqs:
    """Stands for a queue: delivers bodies, again when they are made visible, and keeps what is not deleted."""

    def __init__(self, bodies: Sequence[str], max_receive_count: int | None = 5) -> None:
        self.info = {QUEUE: QueueInfo(QUEUE, max_receive_count, "arn" if max_receive_count else None, 30)}
        self.has_stopped = False
        self.kept = dict(enumerate(bodies))
        self.receives = dict.fromkeys(self.kept, 0)
        self.dead_letters: list[str] = []
        self.hidden: set[int] = set()
        self.told: list[str] = []
        self.post: Callable[[object], None] = lambda _: None

    def start(self) -> None:
        self.deliver()

    def pause(self) -> None:
        self.told.append("pause")

    def resume(self) -> None:
        self.told.append("resume")

    def stop(self) -> None:
        self.has_stopped = True

    def deliver(self) -> None:
        """What receivers would bring."""
        most = self.info[QUEUE].max_receive_count
        for number in [number for number in self.kept if number not in self.hidden]:
            self.receives[number] += 1
            if most is not None and self.receives[number] > most:
                self.dead_letters.append(self.kept.pop(number))
        visible = [number for number in self.kept if number not in self.hidden]
        for start in range(0, len(visible), 10):
            some = visible[start : start + 10]
            self.hidden.update(some)
            self.post(Received(QUEUE, [self._message(number) for number in some]))
        self.post(Received(QUEUE, []))

    def deliver_again(self, number: int) -> None:
        """A message whose visibility has run out."""
        self.receives[number] += 1
        self.post(Received(QUEUE, [self._message(number)]))
        self.post(Received(QUEUE, []))

    def _message(self, number: int) -> Message:
        receives = self.receives[number]
        return Message(QUEUE, str(number), f"{number} {receives}", self.kept[number], receives, time.monotonic())

    def delete(self, messages: Iterable[Message]) -> int:
        outcome = BatchOutcome()
        for message in messages:
            is_newest = message.receipt_handle == f"{message.message_id} {self.receives[int(message.message_id)]}"
            if is_newest:
                self.kept.pop(int(message.message_id), None)
            outcome.done.append(message)
        self.post(Deleted(outcome))
        return 1

    def change_visibility(self, changes: Sequence[tuple[Message, int]]) -> int:
        for message, seconds in changes:
            if seconds < 30:
                self.hidden.discard(int(message.message_id))
        self.post(Extended(BatchOutcome(done=[message for message, _ in changes])))
        if not self.has_stopped and any(seconds < 30 for _, seconds in changes):
            self.deliver()
        return 1

    def ask_depths(self) -> None:
        hidden = len(self.hidden & set(self.kept))
        self.post(Depths({QUEUE: QueueDepth(len(self.kept) - hidden, hidden, 0)}))


class Run:
    """One run over a lake and a ledger that outlive it."""

    def __init__(self, lake: DiskLake, ledger: SqliteLedger, settings: Settings) -> None:
        self.lake, self.ledger, self.settings = lake, ledger, settings
        self.counts = Counts()
        self.on_tick: Callable[[Counts], None] = lambda _: None
        self.supervisor: Supervisor
        self.seconds = 0.0

    def backfill(self, log_files: Iterable[LogFile], error: Exception | None = None) -> Ending:
        """Ingest a listing."""
        return self._run(lambda post: ListingIntake(Listing(log_files, error), post), None)

    def queue(self, sqs: Sqs) -> Ending:
        """Ingest a queue."""
        return self._run(lambda _: sqs, sqs)

    def _run(self, intake: Callable[[Callable[[object], None]], Any], sqs: Sqs | None) -> Ending:
        mailbox = Mailbox()
        committer = Committer(self.ledger, self.lake, mailbox.post)
        if sqs is not None:
            sqs.post = mailbox.post
        self.supervisor = Supervisor(
            self.settings, mailbox, self.ledger, committer, intake(mailbox.post), cast(Queues, sqs), self.counts,
            lambda counts: self.on_tick(counts),
        )  # fmt: skip
        before_seconds = time.monotonic()
        try:
            return self.supervisor.run()
        finally:
            self.seconds = time.monotonic() - before_seconds
            mailbox.close()

    def pids(self) -> list[int]:
        """The live workers."""
        return [worker.pid for worker in self.supervisor.parts.pool.workers.values()]

    def in_ledger(self, log_files: Iterable[LogFile]) -> list[LogFile]:
        """Those of the log files that are committed."""
        return [some for some in log_files if self.ledger.committed_places({some.place})]


def body(*log_files: LogFile) -> str:
    return json.dumps({"s3Bucket": "trails", "s3ObjectKey": [some.key for some in log_files]})


def once(condition: Callable[[], bool], action: Callable[[], object]) -> Callable[[Counts], None]:
    """Something to do on the first tick on which a condition holds."""
    waiting = [action]

    def tick(_: Counts) -> None:
        if waiting and condition():
            waiting.pop()()

    return tick


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait in another thread than the run's."""
    give_up_seconds = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < give_up_seconds
        time.sleep(0.001)


def no_child_is_left() -> bool:
    """Whether this process has no worker any more, nor a dead one that it has not reaped.

    Servers that tests of the same session started are its children, too, and stay.
    """
    commands = [command for _, parent, command in processes() if parent == os.getpid()]
    return not any("ingester.worker" in command or "<defunct>" in command for command in commands)
