"""Rows 18 to 22: what can go wrong between a message's receipt and its deletion."""

from scripts.demo_world.log_files import log_file
from scripts.demo_world.notifications import s3_event
from tests.faults.oracle import assert_oracle
from tests.faults.proxy import Proxy, entries_refused, reset, short_visibility
from tests.support.cli import ingester
from tests.support.lake import DiskLake, Lake
from tests.support.moto import Place
from tests.support.trail import message_bodies, small_world, store

EMPTYING = ["--until-empty", "--workers", "2"]


def test_row_18_a_message_that_is_delivered_again_during_work_adds_nothing(
    moto_place: Place, lake: Lake, proxy: Proxy, proxy_options: list[str]
) -> None:
    """Fails when `InFlight.ticket_for` gives every delivery a new ticket and `join` finds no job in flight (`return
    False` at its start): then the ledger's fence rejects the second copy, and the counts show it."""
    log_files = small_world(600)
    queue = moto_place.queue()
    bodies = message_bodies(store(moto_place, log_files))
    queue.send(*bodies)
    proxy.inject("ReceiveMessage", short_visibility(1), times=None)
    proxy.inject("ChangeMessageVisibilityBatch", reset, times=None)

    ended = ingester(
        "run", "--queue-url", queue.url, *lake.arguments, *proxy_options, *EMPTYING, "--flush-interval", "4"
    )

    assert max(proxy.received.values()) > 1, "no message came twice: the test shows nothing"
    assert_oracle(lake, moto_place, log_files, queue, ended=ended)


def test_row_19_stale_receipt_handles_are_counted_and_the_redelivery_is_recognised(
    moto_place: Place, disk_lake: DiskLake, proxy: Proxy, proxy_options: list[str]
) -> None:
    """Fails when ReceiptHandleIsInvalid is taken out of `sqs.batch._STALE_CODES`."""
    log_files = small_world(300)
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, log_files)))
    proxy.inject("ReceiveMessage", short_visibility(2), times=None)
    stale = proxy.inject("DeleteMessageBatch", entries_refused("ReceiptHandleIsInvalid"))
    proxy.inject("ChangeMessageVisibilityBatch", entries_refused("MessageNotInflight"), times=None)

    ended = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *proxy_options, *EMPTYING)

    assert stale.met == 1
    assert "stale receipt handles" in ended.stdout
    assert_oracle(disk_lake, moto_place, log_files, queue, ended=ended)


def test_row_20_only_the_messages_that_could_not_be_deleted_are_tried_again(
    moto_place: Place, disk_lake: DiskLake, proxy: Proxy, proxy_options: list[str]
) -> None:
    """Fails when `sqs.batch._sort` takes every entry of an answer for done."""
    log_files = small_world(300)
    queue = moto_place.queue()
    bodies = message_bodies(store(moto_place, log_files))
    queue.send(*bodies)
    proxy.inject("DeleteMessageBatch", entries_refused("InternalError", every=2))

    ended = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *proxy_options, *EMPTYING)

    handles = [
        entry["ReceiptHandle"]
        for call in proxy.calls
        if call.operation == "DeleteMessageBatch"
        for entry in call.parameters["Entries"]
    ]
    refused = -(-len(_first_delete(proxy)) // 2)
    assert len(handles) == len(bodies) + refused, "the refused ones once more, and no other"
    assert_oracle(disk_lake, moto_place, log_files, queue, ended=ended)


def test_row_21_the_same_notification_under_two_message_ids_gives_one_copy(
    moto_place: Place, lake: Lake, s3_options: list[str]
) -> None:
    """Fails when `admit` does not ask the ledger (`committed` always empty) and `InFlight.join` always says False,
    and the ledger's unique index is dropped; any one of them alone is held by the others. The count of log files
    shows the first two: they alone make `already in` vanish."""
    log_files = small_world(200)
    queue = moto_place.queue()
    bodies = message_bodies(store(moto_place, log_files))
    queue.send(*bodies, *bodies)

    ended = ingester("run", "--queue-url", queue.url, *lake.arguments, *s3_options, *EMPTYING)

    assert f"{len(log_files)} already in" in " ".join(ended.stdout.split())
    assert_oracle(lake, moto_place, log_files, queue, ended=ended)


def test_row_22_a_second_host_is_kept_out_of_the_lake_and_one_after_the_other_gives_one_copy(
    moto_place: Place, disk_lake: DiskLake, proxy: Proxy, proxy_options: list[str]
) -> None:
    """Fails when `DiskLake.lock` returns a context that locks nothing.

    One ledger belongs to one supervisor: what several hosts need is a ledger that they share, which is to come.
    """
    from tests.support.cli import running_ingester
    from tests.support.waiting import wait_until

    first = log_file(20)
    queue, other_queue = moto_place.queue(), moto_place.queue()
    body = s3_event(store(moto_place, [first]))
    queue.send(body)
    other_queue.send(body)
    service = ["run", *disk_lake.arguments, *proxy_options, "--workers", "1", "--flush-interval", "0.5"]

    with running_ingester(disk_lake.root.parent, *service, "--queue-url", queue.url) as running:
        wait_until(queue.is_empty, what="the message to be deleted")
        second = ingester(*service, "--queue-url", other_queue.url, "--until-empty")
        running.send(__import__("signal").SIGTERM)
        ended = running.wait()
    assert second.exit_code == 2
    assert not other_queue.is_empty()

    third = ingester(*service, "--queue-url", other_queue.url, "--until-empty")

    assert third.exit_code == 0, third.stderr
    assert other_queue.is_empty()
    assert_oracle(disk_lake, moto_place, [first], queue, ended=ended)


def _first_delete(proxy: Proxy) -> list[object]:
    call = next(call for call in proxy.calls if call.operation == "DeleteMessageBatch")
    return list(call.parameters["Entries"])
