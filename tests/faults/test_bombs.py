"""Log files and messages that are small and want to become large: within a worker's memory, and the queue goes on."""

import gzip
import json
import re
from collections import Counter
from pathlib import Path

from isal import igzip

from ingester.model.settings import Settings
from scripts.demo_world.log_files import GeneratedLogFile
from scripts.demo_world.notifications import s3_event
from tests.support.cli import running_ingester
from tests.support.lake import DiskLake
from tests.support.moto import Place
from tests.support.trail import expected_records, generated, message_bodies, small_world, store
from tests.support.waiting import wait_until

DEEP = 100_000
NESTED = b"[" * DEEP + b"]" * DEEP
RECORD = b'{"eventName":"A","eventTime":"2025-11-03T00:00:00Z"}'


def packed(*records: bytes) -> bytes:
    return igzip.compress(b'{"Records":[%b]}' % b",".join(records))


def inflating(begin: bytes, repeated: bytes, megabytes: int, end: bytes) -> bytes:
    """Gzip that inflates to so many megabytes."""
    member = igzip.compress(repeated * ((1 << 20) // len(repeated)))
    return igzip.compress(begin) + member * megabytes + igzip.compress(end)


REFUSED = {
    "a gigabyte of white space": (inflating(b'{"Records":[', b" ", 1024, b"]}"), "Record 0 .* over 4,194,304 bytes"),
    "a gigabyte of one text": (inflating(b'{"Records":["', b"a", 1024, b'"]}'), "Record 0 .* over 4,194,304 bytes"),
    "a gigabyte beside Records": (inflating(b'{"a":"', b"a", 1024, b'"}'), "4,194,304 bytes beside its Records"),
    "a gigabyte of zeros": (inflating(b"", b"\0", 1024, b""), "4,194,304 bytes beside its Records"),
    "gzip in gzip in gzip": (
        gzip.compress(gzip.compress(inflating(b"", b" ", 4096, b""))),
        "not JSON at about byte 0",
    ),
    "nested at the top": (igzip.compress(NESTED), "no JSON object"),
    "Records in Records": (igzip.compress(b'{"Records":' * DEEP), "Records is no array"),
    "nested beside Records": (igzip.compress(b'{"x":%b,"Records":[]}' % NESTED), "nested more than 1,000 deep"),
    "a record of objects": (packed(b'{"resources":[%b{}]}' % (b"{}," * 20_000_000)), "Record 0 .* over 4,194,304"),
    "a record of names": (
        packed(b"{%b}" % b",".join(b'"%x":1' % n for n in range(600_000))),
        "Record 0 .* 4,194,304",
    ),
    "nothing but bad records": (inflating(b'{"Records":[', b"1,", 1, b"{}]}"), "Over 200,000 .* can't be read"),
}
"""Log files that are refused as a whole, and the reason."""

QUARANTINED = {
    "nested parameters": b'{"eventName":"B","requestParameters":%b}' % NESTED,
    "nested objects": b'{"eventName":"B","requestParameters":%b1%b}' % (b'{"a":' * DEEP, b"}" * DEEP),
    "nested identity": b'{"userIdentity":{"sessionContext":%b}}' % NESTED,
    "nested record": NESTED,
}
"""Records that can't be read; the others of their log file are taken."""

TAKEN = {
    "a megabyte of parameters": packed(b'{"requestParameters":{"a":"%b"}}' % (b"x" * (1 << 20))),
    "a megabyte of a name": packed(b'{"%b":1}' % (b"k" * (1 << 20))),
    "a name a hundred thousand times": packed(b'{%b"eventName":"A"}' % (b'"eventName":"B",' * 100_000)),
    "half a million objects": packed(b'{"resources":[%b{}]}' % (b"{}," * 500_000)),
    "a million digits": packed(
        b'{"insightDetails":{"insightContext":{"statistics":{"insightDuration":%b}}}}' % (b"9" * 1_000_000)
    ),
    "three hundred thousand records": inflating(b'{"Records":[', b"{},", 1, b"{}]}"),
}
"""Large, and within the limits."""


def test_bombs_are_refused_with_a_reason_within_the_memory_of_a_worker_and_the_queue_goes_on(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str], tmp_path: Path
) -> None:
    """Fails when RECORD_BYTES_MAX is 64 MB again: a record of objects takes 4.7 GB. Or without DEPTH_MAX, or when the
    tolerant path lets RecursionError through."""
    good = small_world(100)
    refused = {f"refused/{number}.json.gz": body for number, (body, _) in enumerate(REFUSED.values())}
    mixed = {
        f"mixed/{number}.json.gz": packed(RECORD, bad, RECORD) for number, bad in enumerate(QUARANTINED.values())
    }
    taken = {f"taken/{number}.json.gz": body for number, body in enumerate(TAKEN.values())}
    queue = moto_place.queue(max_receive_count=2)
    deep_message = '{"s3Bucket":"b","s3ObjectKey":' + "[" * DEEP + "]" * DEEP + "}"
    bodies = _announced(moto_place, refused)
    queue.send(deep_message, *bodies, *_announced(moto_place, mixed), *_announced(moto_place, taken))
    queue.send(*message_bodies(store(moto_place, good)))
    run = ["run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, "--until-empty", "--workers", "1"]
    peaks = [0]

    with running_ingester(tmp_path, *run, "--max-attempts", "1") as running:

        def has_ended() -> bool:
            peaks.extend(_peak_bytes(pid) for pid in running.worker_pids())
            return not running.is_alive

        wait_until(has_ended, timeout_seconds=170, what="the end")
        ended = running.wait()

    assert ended.exit_code == 0, ended.stderr
    assert 0 < max(peaks) < Settings().worker_memory_bytes
    assert "workers replaced" not in ended.stdout
    reasons = {entry["uri"]: entry["reason"] for entry in _entries(disk_lake)}
    assert sorted(reasons) == sorted(f"s3://{moto_place.bucket}/{key}" for key in refused)
    for key, (name, (_, reason)) in zip(refused, REFUSED.items(), strict=True):
        assert re.search(reason, reasons[f"s3://{moto_place.bucket}/{key}"]), name
    assert sorted(queue.dead_letters()) == sorted([deep_message, *bodies])
    assert queue.is_empty()
    rows = Counter(uri.removeprefix(f"s3://{moto_place.bucket}/") for uri, _ in disk_lake.places())
    assert {key: rows[key] for key in mixed} == dict.fromkeys(mixed, 2)
    assert {key: rows[key] for key in taken} == dict(zip(taken, (1, 1, 1, 1, 1, (1 << 20) // 3 + 1), strict=True))
    assert disk_lake.places() >= Counter(expected_records(moto_place.bucket, good).keys())


def _announced(place: Place, bodies: dict[str, bytes]) -> list[str]:
    log_files: list[GeneratedLogFile] = [generated(key, body) for key, body in bodies.items()]
    return [s3_event([stored]) for stored in store(place, log_files)]


def _entries(lake: DiskLake) -> list[dict[str, str]]:
    return [json.loads(text) for name, text in lake.quarantine().items() if "/log_files/" in name]


def _peak_bytes(pid: int) -> int:
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:  # it has ended
        return 0
    return int(found[1]) * 1024 if found else 0
