"""Rows 18 to 21: what can go wrong between a message's receipt and its deletion."""

import signal
from pathlib import Path

from tests.faults.oracle import assert_oracle
from tests.faults.proxy import Proxy, entries_refused, reset, short_visibility
from tests.support.cli import ingester, running_ingester
from tests.support.lake import DiskLake, Lake
from tests.support.moto import Place
from tests.support.trail import message_bodies, small_world, store
from tests.support.waiting import wait_until

EMPTYING = ["--until-empty", "--workers", "2"]


def test_row_18_a_message_that_is_delivered_again_during_work_adds_nothing(
    moto_place: Place, lake: Lake, proxy: Proxy, proxy_options: list[str]
) -> None:
    """Its ticket, its job in flight and the ledger's unique key each hold it alone; only without all three is a row
    twice.

    Breaks with `ingester/supervisor/in_flight.py`:
    `if ticket is not None: ticket.message = message return ticket, False` → `pass`
    and `ingester/supervisor/in_flight.py`: `for job in self._by_place.get(place, ()):` → `for job in ():`
    and `ingester/ledger/sqlite_open.py`: `identity BLOB NOT NULL UNIQUE,` → `identity BLOB NOT NULL,`
    and `ingester/ledger/sqlite.py`: `ON CONFLICT (identity) DO NOTHING` → ``.
    """
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
    moto_place: Place, disk_lake: DiskLake, proxy: Proxy, proxy_options: list[str], tmp_path: Path
) -> None:
    """Breaks with `ingester/sqs/batch.py`:
    `frozenset({"ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight"})` →
    `frozenset({"InvalidParameterValue", "MessageNotInflight"})`.
    Breaks with `ingester/sqs/batch.py`:
    `frozenset({"ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight"})` →
    `frozenset({"InvalidParameterValue", "ReceiptHandleIsInvalid"})`.
    """
    log_files = small_world(300)
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, log_files)))
    proxy.inject("ReceiveMessage", short_visibility(2), times=None)
    undeleted = proxy.inject("DeleteMessageBatch", entries_refused("ReceiptHandleIsInvalid"))
    unextended = proxy.inject("ChangeMessageVisibilityBatch", entries_refused("MessageNotInflight"), times=None)

    # not until it is empty, as messages then are in hand for too short to be extended
    service = ["run", "--queue-url", queue.url, *disk_lake.arguments, *proxy_options, "--workers", "2"]
    with running_ingester(tmp_path, *service, "--visibility-timeout", "10", "--flush-interval", "5") as running:
        wait_until(queue.is_empty, timeout_seconds=60, what="all messages to be deleted")
        running.send(signal.SIGTERM)
        ended = running.wait()

    assert undeleted.met == 1
    assert unextended.met > 0
    assert "stale receipt handles" in ended.stdout
    assert "already in" in ended.stdout, "what could not be deleted came back"
    assert "could not be changed" not in ended.stderr, "nor is it tried again with the same handle"
    assert_oracle(disk_lake, moto_place, log_files, queue, ended=ended)


def test_row_20_only_the_messages_that_could_not_be_deleted_are_tried_again(
    moto_place: Place, disk_lake: DiskLake, proxy: Proxy, proxy_options: list[str]
) -> None:
    """Breaks with `ingester/sqs/batch.py`:
    `outcome.failed([message], f"{code}: {failed[name].get('Message', '')}".rstrip(": "))` →
    `outcome.done.append(message)`.
    """
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
    """The job in flight, the question to the ledger and its unique key each hold it alone; only without all three is
    a row twice.

    Breaks with `ingester/supervisor/in_flight.py`: `for job in self._by_place.get(place, ()):` → `for job in ():`
    and `ingester/supervisor/admit.py`:
    `(place in committed_places) if identity is None else (identity in committed)` → `False`
    and `ingester/ledger/sqlite_open.py`: `identity BLOB NOT NULL UNIQUE,` → `identity BLOB NOT NULL,`
    and `ingester/ledger/sqlite.py`: `ON CONFLICT (identity) DO NOTHING` → ``.
    """
    log_files = small_world(200)
    queue = moto_place.queue()
    bodies = message_bodies(store(moto_place, log_files))
    queue.send(*bodies, *bodies)

    ended = ingester("run", "--queue-url", queue.url, *lake.arguments, *s3_options, *EMPTYING)

    assert f"{len(log_files)} already in" in " ".join(ended.stdout.split())
    assert_oracle(lake, moto_place, log_files, queue, ended=ended)


def _first_delete(proxy: Proxy) -> list[object]:
    call = next(call for call in proxy.calls if call.operation == "DeleteMessageBatch")
    return list(call.parameters["Entries"])
