"""Whole runs of the supervisor, with a real ledger and lake; SQS, and what a worker decodes, are stood in for."""

import os
import signal
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import cast

import pytest

from ingester.lake.publish_disk import DiskLake
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.errors import ConfigurationError, IngesterError, OutputError
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings
from tests.unit.supervisor.given import QUEUE, log_file
from tests.unit.supervisor.runs import Run, Sqs, body, named, no_child_is_left, once, wait_until

pytestmark = pytest.mark.usefixtures("obedient_worker")


@pytest.fixture(autouse=True)
def in_less_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingester.supervisor.loop._TICK_SECONDS", 0.01)
    monkeypatch.setattr("ingester.supervisor.outage._RETRY_SECONDS_FIRST", 0.01)
    monkeypatch.setattr("ingester.supervisor.ending._ASK_EVERY_SECONDS", 0.01)


@pytest.fixture
def run(lake: DiskLake, ledger: SqliteLedger, tmp_path: Path) -> Run:
    settings = Settings(
        output=str(tmp_path),
        workers=2,
        queue_urls=(QUEUE,),
        until_empty=True,
        max_attempts=3,
        visibility_timeout_seconds=30,
    )
    return Run(lake, ledger, settings)


# backfill


def test_a_backfill_commits_every_log_file_once_and_ends(run: Run) -> None:
    log_files = [log_file(number) for number in range(500)]

    ending = run.backfill(log_files)

    assert not ending.interrupted
    assert run.in_ledger(log_files) == log_files
    assert (run.counts.log_files_found, run.counts.log_files, run.counts.events) == (500, 500, 500)
    assert run.ledger.totals().log_files == 500
    assert no_child_is_left()


def test_a_backfill_of_nothing_ends(run: Run) -> None:
    assert not run.backfill([]).interrupted
    assert run.counts.log_files == 0


def test_a_second_backfill_adds_nothing(run: Run) -> None:
    log_files = [log_file(number) for number in range(20)]
    run.backfill(log_files)
    again = Run(run.lake, run.ledger, run.settings)
    again.backfill([*log_files, log_file(20)])

    assert (again.counts.already_committed, again.counts.log_files) == (20, 1)
    assert run.ledger.totals().log_files == 21


def test_bad_log_files_are_tried_and_quarantined_and_the_others_go_on(run: Run) -> None:
    good = [log_file(number) for number in range(50)]

    run.backfill([*good[:25], named("bad", 1), named("bad", 2), *good[25:]])

    assert run.in_ledger(good) == good
    assert {entry.uri for entry in run.counts.quarantined} == {named("bad", 1).uri, named("bad", 2).uri}
    assert [entry.attempts for entry in run.lake.list_quarantine()] == [3, 3]
    assert run.counts.failures == {"bad_log_file": 6}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_log_file_that_kills_its_worker_is_quarantined_alone(run: Run, workers: int) -> None:
    run.settings = Settings(output=run.settings.output, workers=workers, max_attempts=3)
    good = [log_file(number) for number in range(60)]

    run.backfill([*good[:30], named("poison"), *good[30:]])

    assert run.in_ledger([*good, named("poison")]) == good
    assert [entry.uri for entry in run.counts.quarantined] == [named("poison").uri]
    assert run.ledger.totals().log_files == 60
    assert run.counts.workers_died >= 3


def test_killed_workers_are_replaced_and_no_log_file_is_lost_or_doubled(run: Run) -> None:
    log_files = [log_file(number) for number in range(2_000)]

    killed: list[int] = []

    def alive() -> list[int]:
        return [pid for pid in run.pids() if pid not in killed]

    def listing() -> Iterator[LogFile]:
        for number, some in enumerate(log_files):
            if number in (600, 1200, 1800):
                wait_until(lambda: run.counts.log_files_done > 0 and bool(alive()))
                killed.append(alive()[0])
                os.kill(killed[-1], signal.SIGKILL)
            yield some

    run.backfill(listing())

    assert run.counts.workers_died >= 2
    assert run.ledger.totals().log_files == run.counts.log_files == run.counts.events == 2_000


def test_a_listing_that_fails_ends_the_run_with_its_error(run: Run) -> None:
    with pytest.raises(ConfigurationError, match="No such bucket"):
        run.backfill([log_file(1)], ConfigurationError("No such bucket."))
    assert no_child_is_left()


def test_workers_that_die_at_their_start_end_the_run_with_a_clear_reason(
    run: Run, worker_program: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingester.supervisor.restart.BACKOFF_SECONDS_FIRST", 0.001)
    worker_program("sys.exit(7)")

    with pytest.raises(IngesterError, match=r"keep dying .* exited with 7"):
        run.backfill([log_file(1)])
    assert no_child_is_left()


UNABLE = """
from ingester.model.frames import Beat, CannotBegin, encode_frame
from pathlib import Path
worked = Path(sys.argv[0]).with_name("worked")
if worked.exists() or {at_once}:
    connection.sendall(encode_frame(CannotBegin("There is no database.", "Start it.")))
    os._exit(1)
worked.touch()
connection.sendall(encode_frame(Beat(jobs_welcome=16)))
connection.recv(1 << 16)
connection.sendall(encode_frame(Beat(jobs_welcome=16, jobs_done=1)))
os._exit(9)
"""


def test_a_worker_that_can_not_begin_ends_a_run_in_which_nothing_is_done_and_its_messages_are_given_back(
    run: Run, worker_program: Callable[[str], None]
) -> None:
    worker_program(UNABLE.format(at_once=True))
    sqs = Sqs([body(log_file(1))])

    with pytest.raises(ConfigurationError, match=r"^There is no database\. Start it\.$"):
        run.queue(sqs)
    assert sqs.hidden == set()
    assert no_child_is_left()


def test_a_successor_that_can_not_begin_is_tried_again_and_its_reason_told_in_the_end(
    run: Run, worker_program: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingester.supervisor.restart.BACKOFF_SECONDS_FIRST", 0.001)
    worker_program(UNABLE.format(at_once=False))
    run.settings = Settings(output=run.settings.output, workers=1)

    with pytest.raises(IngesterError, match=r"keep dying .* could not begin\. There is no database\."):
        run.backfill([log_file(1)])
    assert run.counts.workers_died > 10


def test_an_output_that_comes_back_is_noticed(run: Run, tmp_path: Path) -> None:
    run.on_tick = once(lambda: run.counts.failures["output"] >= 2, (tmp_path / "output-is-back").touch)

    run.backfill([named("full", 1), named("full", 2), log_file(3)])

    assert run.ledger.totals().log_files == 3
    assert not run.counts.quarantined


def test_a_signal_ends_a_backfill_with_what_is_done_committed(run: Run) -> None:
    log_files = [log_file(number) for number in range(20)]
    run.on_tick = once(lambda: run.counts.log_files_done >= 10, lambda: os.kill(os.getpid(), signal.SIGTERM))

    ending = run.backfill([*log_files, named("slow")])

    assert ending.interrupted
    assert run.ledger.totals().log_files == run.counts.log_files
    assert not run.in_ledger([named("slow")])
    assert no_child_is_left()


# queue


def test_a_queue_is_emptied_and_every_message_deleted_after_its_commit(run: Run) -> None:
    log_files = [log_file(number, etag=None) for number in range(100)]
    sqs = Sqs([body(*log_files[number : number + 4]) for number in range(0, 100, 4)])

    run.queue(sqs)

    assert run.in_ledger(log_files) == log_files
    assert sqs.kept == {}
    assert (run.counts.messages, run.counts.messages_deleted) == (25, 25)


def test_one_log_file_in_many_messages_is_committed_once(run: Run) -> None:
    sqs = Sqs([body(log_file(1))] * 35)

    run.queue(sqs)

    assert sqs.kept == {}
    assert (run.counts.log_files, run.counts.already_committed) == (1, 34)


def test_a_redelivery_in_the_middle_adds_nothing_and_its_newest_handle_deletes_the_message(run: Run) -> None:
    sqs = Sqs([body(log_file(1))])
    run.on_tick = once(lambda: bool(run.supervisor.parts.in_flight.jobs), lambda: sqs.deliver_again(0))

    run.queue(sqs)

    assert sqs.receives[0] == 2
    assert sqs.kept == {}
    assert run.ledger.totals().log_files == 1
    assert run.counts.messages == 1


def test_a_bad_log_file_keeps_its_message_for_the_redrive_policy_and_its_siblings_are_in_once(run: Run) -> None:
    sqs = Sqs([body(log_file(1), named("bad"), log_file(2)), body(log_file(3))], max_receive_count=4)

    run.queue(sqs)

    assert run.in_ledger([log_file(1), log_file(2), log_file(3), named("bad")]) == [
        log_file(1),
        log_file(2),
        log_file(3),
    ]
    assert run.ledger.totals().log_files == 3
    assert sqs.dead_letters == [body(log_file(1), named("bad"), log_file(2))]
    assert sqs.kept == {}
    assert [entry.uri for entry in run.counts.quarantined] == [named("bad").uri]


def test_without_a_redrive_policy_a_message_that_failed_for_good_stays_and_is_not_waited_for(run: Run) -> None:
    run.settings = Settings(
        output=run.settings.output, workers=1, queue_urls=(QUEUE,), until_empty=True, max_attempts=2
    )
    sqs = Sqs([body(named("bad")), "hello?", body(log_file(1))], max_receive_count=None)

    run.queue(sqs)

    assert list(sqs.kept.values()) == [body(named("bad")), "hello?"]
    assert run.in_ledger([log_file(1)])
    assert run.counts.notifications["unknown"] == 2


def test_a_test_event_is_deleted_and_counted(run: Run) -> None:
    sqs = Sqs(["CloudTrail validation message.", '{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}'])

    run.queue(sqs)

    assert sqs.kept == {}
    assert run.counts.messages_deleted == 2


def test_messages_that_somebody_else_holds_are_waited_for(run: Run) -> None:
    sqs = Sqs([body(log_file(1)), body(log_file(2))])
    sqs.hidden.add(1)

    def let_go() -> None:
        sqs.hidden.discard(1)
        sqs.deliver()

    run.on_tick = once(lambda: run.supervisor.parts.source_end.emptiness.ask_at_seconds > 0, let_go)
    run.queue(sqs)

    assert sqs.kept == {}
    assert run.ledger.totals().log_files == 2


def test_a_signal_drains_what_is_done_and_gives_back_the_rest_at_once(run: Run) -> None:
    run.settings = Settings(output=run.settings.output, workers=2, queue_urls=(QUEUE,), max_attempts=3)
    sqs = Sqs([body(log_file(1)), body(named("slow"))])
    run.on_tick = once(lambda: run.counts.log_files_done >= 1, lambda: os.kill(os.getpid(), signal.SIGTERM))

    ending = run.queue(sqs)

    assert ending.interrupted
    assert run.in_ledger([log_file(1), named("slow")]) == [log_file(1)]
    assert list(sqs.kept.values()) == [body(named("slow"))]
    assert run.counts.workers_died == 0
    assert sqs.hidden & set(sqs.kept) == set()


def test_a_second_signal_ends_within_seconds_and_makes_what_is_unfinished_visible(
    run: Run, worker_program: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingester.supervisor.ending.SAME_SIGNAL_SECONDS", 0)
    worker_program(
        """
        from ingester.model.frames import Beat, encode_frame
        connection.sendall(encode_frame(Beat(jobs_welcome=16)))
        time.sleep(60)
        """
    )
    run.settings = Settings(output=run.settings.output, workers=1, queue_urls=(QUEUE,), grace_seconds=60)
    sqs = Sqs([body(log_file(1))])
    run.on_tick = once(
        lambda: any(job.worker == 0 for job in run.supervisor.parts.in_flight.jobs.values()),
        lambda: (os.kill(os.getpid(), signal.SIGINT), os.kill(os.getpid(), signal.SIGTERM)),
    )

    ending = run.queue(sqs)

    assert ending.interrupted
    assert run.seconds < 5
    assert sqs.hidden == set()
    assert no_child_is_left()


def test_receiving_goes_on_when_the_output_is_back_though_other_log_files_are_still_in_hand(
    run: Run, tmp_path: Path
) -> None:
    run.settings = Settings(output=run.settings.output, workers=2, queue_urls=(QUEUE,))
    sqs = Sqs([body(named("full")), body(named("slow"))])
    comes_back = once(lambda: "pause" in sqs.told, (tmp_path / "output-is-back").touch)
    ends = once(lambda: "resume" in sqs.told, lambda: os.kill(os.getpid(), signal.SIGTERM))
    run.on_tick = lambda counts: (comes_back(counts), ends(counts))[0]

    run.queue(sqs)

    assert sqs.told[:2] == ["pause", "resume"]
    assert list(sqs.kept.values()) == [body(named("slow"))]


class UnreadableLedger(SqliteLedger):
    """A ledger that can't be read for so many questions."""

    questions_failed = 0

    def committed_places(self, places: Collection[bytes]) -> set[bytes]:
        if self.questions_failed:
            self.questions_failed -= 1
            raise OutputError("The ledger is busy.")
        return super().committed_places(places)


@pytest.fixture
def ledger_away(run: Run, monkeypatch: pytest.MonkeyPatch) -> UnreadableLedger:
    """The ledger of the run, which can't be read for three questions."""
    monkeypatch.setattr("ingester.supervisor.arrivals._LEDGER_AGAIN_SECONDS", 0.01)
    run.ledger.__class__ = UnreadableLedger
    run.ledger.questions_failed = 3  # type: ignore[attr-defined]
    return cast(UnreadableLedger, run.ledger)


def test_what_arrives_while_the_ledger_can_not_be_read_waits_and_is_done_once(
    run: Run, ledger_away: UnreadableLedger
) -> None:
    log_files = [log_file(number, etag=None) for number in range(30)]
    sqs = Sqs([body(some) for some in log_files])

    run.queue(sqs)

    assert sqs.kept == {}
    assert sqs.told[:2] == ["pause", "resume"]
    assert run.in_ledger(log_files) == log_files
    assert (run.counts.log_files_found, run.counts.log_files, run.counts.messages_given_back) == (30, 30, 0)


def test_a_listing_waits_for_a_ledger_that_can_not_be_read(run: Run, ledger_away: UnreadableLedger) -> None:
    log_files = [log_file(number, etag=None) for number in range(300)]
    run.backfill(log_files)

    assert run.in_ledger(log_files) == log_files
    assert run.counts.log_files_found == 300


def test_a_drain_gives_back_what_waits_for_the_ledger(run: Run, ledger_away: UnreadableLedger) -> None:
    run.settings = Settings(output=run.settings.output, workers=1, queue_urls=(QUEUE,))
    ledger_away.questions_failed = 10**9
    sqs = Sqs([body(log_file(1))])
    run.on_tick = once(lambda: "pause" in sqs.told, lambda: os.kill(os.getpid(), signal.SIGTERM))

    assert run.queue(sqs).interrupted
    assert list(sqs.kept.values()) == [body(log_file(1))]
    assert sqs.hidden == set()


def test_signal_handlers_are_put_back(run: Run) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    run.backfill([log_file(1)])

    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    assert signal.set_wakeup_fd(-1) == -1
