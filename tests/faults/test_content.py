"""Rows 23 and 28 to 34: what messages name and what log files hold."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from isal import igzip

from scripts.demo_world.log_files import log_file, pack
from scripts.demo_world.notifications import (
    VALIDATION_MESSAGE,
    StoredObject,
    cloudtrail_message,
    eventbridge_event,
    s3_event,
    s3_test_event,
    sns_envelope,
)
from tests.faults.oracle import assert_oracle
from tests.support.cli import ingester, running_ingester
from tests.support.lake import DiskLake, Lake
from tests.support.moto import Place
from tests.support.trail import generated, message_bodies, records_of, small_world, store
from tests.support.waiting import wait_until

EMPTYING = ["--until-empty", "--workers", "2"]
MEMORY_MAX_BYTES = 600 << 20


def test_row_23_a_message_of_three_whose_second_fails_is_kept_and_the_others_are_in_once(
    moto_place: Place, lake: Lake, s3_options: list[str]
) -> None:
    """Breaks with `ingester/supervisor/in_flight.py`: `waiter.ticket.failed = True` → `pass`."""
    first, third = log_file(5, seed=1), log_file(5, seed=3)
    [one, three] = store(moto_place, [first, third])
    lost = StoredObject(moto_place.bucket, "AWSLogs/lost.json.gz", "", 1)
    queue = moto_place.queue(max_receive_count=3)
    body = cloudtrail_message([one, lost, three])
    queue.send(body)

    ended = ingester("run", "--queue-url", queue.url, *lake.arguments, *s3_options, *EMPTYING)

    assert_oracle(lake, moto_place, [first, third], queue, ended=ended, dead_letters=[body])


WHOLE = log_file(50).body


def _large_and_truncated() -> bytes:
    """A small file that inflates to 80 MB, of which rows are taken before its end is seen to be missing."""
    blank = igzip.compress(records_of(WHOLE)[0] + b"," + b" " * (1 << 19))
    return igzip.compress(b'{"Records":[') + blank * 160 + blank[: len(blank) // 2]


BAD = {
    "row_28_truncated_while_it_streams.json.gz": (_large_and_truncated(), "gzip is cut short"),
    "row_28_truncated_behind_the_json.json.gz": (WHOLE[:-4], "gzip is cut short"),
    "row_28_truncated.json.gz": (WHOLE[: len(WHOLE) // 2], "gzip is cut short"),
    "row_30_bad_at_record_3.json.gz": (igzip.compress(b'{"Records":[{"a":1},{"a":2},{"a":3},{"a" 4}]}'), ""),
    "row_30_no_records.json.gz": (igzip.compress(b'{"Events":[]}'), "Records"),
}


@pytest.mark.parametrize("name", BAD)
def test_row_28_and_30_a_log_file_that_is_cut_or_no_log_file_is_quarantined_whole_with_the_reason(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str], name: str
) -> None:
    """Breaks [row_28_truncated] with `ingester/decode/gunzip.py`:
    `raise BadLogFileError(f"Its gzip is cut short after {taken.count:,} bytes.")` → `return`.
    Breaks [while_it_streams] with `ingester/worker/gather.py`: `self.abandon() raise` → `raise`.
    Breaks [row_30_bad_at_record_3] with `ingester/decode/stream.py`:
    `raise _not_json(index + len(raws), at + start, error) from None` → `break`.
    Breaks [row_30_no_records] with `ingester/decode/outer.py`:
    `raise BadLogFileError("The log file has no Records: it is no CloudTrail log file.")` → `return`.
    """
    body, reason = BAD[name]
    good = small_world(50)
    queue = moto_place.queue(max_receive_count=2)
    message = s3_event(store(moto_place, [generated(name, body)]))
    queue.send(message, *message_bodies(store(moto_place, good)))

    ended = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *EMPTYING)

    [entry] = disk_lake.quarantine().values()
    assert name in entry
    assert reason in json.loads(entry)["reason"]
    assert_oracle(disk_lake, moto_place, good, queue, ended=ended, dead_letters=[message])


def test_row_29_and_30_every_lawful_form_of_a_log_file_gives_all_its_rows(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str]
) -> None:
    """What is no gzip passes at two places.

    Breaks with `ingester/decode/gunzip.py`: `head = _after_member(member.unused_data, taken)` → `head = b""`.
    Breaks with `ingester/decode/read.py`: `if body.startswith(GZIP_MAGIC):` → `if True:`
    and `ingester/decode/gunzip.py`: `if not head.startswith(GZIP_MAGIC):` → `if not head:`.
    """
    text = igzip.decompress(log_file(9).body)
    half = len(text) // 2
    bodies = {
        "members.json.gz": igzip.compress(text[:half]) + igzip.compress(text[half:]),
        "plain.json.gz": text,
        "plain.json": text,
        "packed.json.gz": igzip.compress(text),
    }
    empty = generated("empty.json.gz", igzip.compress(b'{"Records":[]}'))
    digest = generated(
        "AWSLogs/1/CloudTrail-Digest/us-east-1/2025/11/03/1_CloudTrail-Digest_us-east-1_t_us-east-1_20251103T000000Z.json.gz",
        igzip.compress(b"{}"),
    )
    queue = moto_place.queue(max_receive_count=2)
    log_files = [generated(key, body) for key, body in bodies.items()]
    queue.send(*(s3_event([stored]) for stored in store(moto_place, [*log_files, empty, digest])))

    ended = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *EMPTYING)

    as_read = [generated(key, igzip.compress(text)) for key in bodies]
    assert_oracle(disk_lake, moto_place, as_read, queue, ended=ended)
    assert disk_lake.quarantine() == {}
    assert "1 digests skipped" in ended.stdout


def test_row_31_test_events_are_deleted_and_counted(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str]
) -> None:
    """Breaks with `ingester/notifications/read.py`: `parse_validation_message, parse_test_event, )` →
    `parse_validation_message, )`.
    """
    queue = moto_place.queue(max_receive_count=2)
    test_event = s3_test_event("bucket")
    queue.send(test_event, sns_envelope(test_event), VALIDATION_MESSAGE)

    ended = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *EMPTYING)

    assert "2 test_event" in ended.stdout
    assert "warning" not in ended.stderr.lower()
    assert_oracle(disk_lake, moto_place, [], queue, ended=ended)


ODD_KEYS = ["a+b.json.gz", "a%2Bb.json.gz", "two  spaces.json.gz", "日本-é.json.gz", "x&y=z;q.json.gz", "50%.json.gz"]


def test_row_32_and_33_odd_keys_in_every_envelope_name_the_right_object(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str]
) -> None:
    """Breaks with `ingester/notifications/s3_event.py`: `from urllib.parse import unquote_plus` →
    `from urllib.parse import unquote as unquote_plus`.
    Breaks with `ingester/notifications/s3_event.py`: `[_created(record) for record in records]` →
    `[_created(record) for record in records[:1]]`.
    Breaks with `ingester/supervisor/arrivals.py`:
    `stays in the queue: %s", message.message_id, error) ticket.failed = True` →
    `stays in the queue: %s", message.message_id, error)`.
    """
    log_files = [
        generated(f"{number}/{key}", log_file(2, seed=10 * number + place).body)
        for number in range(6)
        for place, key in enumerate(ODD_KEYS)
    ]
    stored = store(moto_place, log_files)
    by_form = [stored[number * len(ODD_KEYS) : (number + 1) * len(ODD_KEYS)] for number in range(6)]
    queue = moto_place.queue(max_receive_count=2)
    unknown = "What is this?"
    queue.send(
        unknown,
        cloudtrail_message(by_form[0]),
        s3_event(by_form[1]),
        *(eventbridge_event(one) for one in by_form[2]),
        sns_envelope(cloudtrail_message(by_form[3])),
        sns_envelope(s3_event(by_form[4])),
        *(sns_envelope(eventbridge_event(one)) for one in by_form[5]),
    )

    ended = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *EMPTYING)

    assert_oracle(disk_lake, moto_place, log_files, queue, ended=ended, dead_letters=[unknown])
    assert disk_lake.quarantine() == {}


def test_row_34_an_object_that_inflates_to_a_gigabyte_stays_within_the_memory_ceiling(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str], tmp_path: Path
) -> None:
    """A record must not keep the window that it was cut from.

    Breaks with `ingester/decode/stream.py`: `raws = [raw.copy() for raw in raws]` → `pass`.
    """
    record = {"eventVersion": "1.08", "eventTime": "2025-11-03T00:00:00Z", "eventName": "PutObject"}
    first, last = records_of(pack([json.dumps(record), json.dumps(record | {"eventName": "Last"})]))
    padding = igzip.compress(first + b"," + b" " * (1 << 19))
    times = 2048
    body = igzip.compress(b'{"Records":[') + padding * times + igzip.compress(last + b"]}")
    queue = moto_place.queue(max_receive_count=2)
    queue.send(s3_event(store(moto_place, [generated("big.json.gz", body)])))
    service = ["run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, "--until-empty", "--workers", "1"]
    peaks = [0]

    with running_ingester(tmp_path, *service) as running:

        def has_ended() -> bool:
            peaks.extend(_peak_bytes(pid) for pid in running.worker_pids())
            return not running.is_alive

        wait_until(has_ended, timeout_seconds=240, what="the end")
        ended = running.wait()

    assert ended.exit_code == 0, ended.stderr
    assert 0 < max(peaks) < MEMORY_MAX_BYTES
    uri = f"s3://{moto_place.bucket}/big.json.gz"
    assert disk_lake.places() == Counter((uri, index) for index in range(times + 1))
    assert queue.is_empty()
    assert disk_lake.leftovers() == []


def _peak_bytes(pid: int) -> int:
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:  # it has ended
        return 0
    return int(found[1]) * 1024 if found else 0
