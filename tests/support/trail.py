"""Log files in a test's bucket, what a lake must hold once they are ingested, and messages that announce them."""

from collections.abc import Iterable, Sequence

import msgspec
from isal import igzip

from ingester.model.log_file import LogFile
from scripts.demo_world.log_files import GeneratedLogFile, World
from scripts.demo_world.notifications import (
    StoredObject,
    cloudtrail_message,
    eventbridge_event,
    s3_event,
    sns_envelope,
)
from tests.support.moto import Place

RecordPlace = tuple[str, int]
"""Where a record stands: the URI of its log file, and its index in `Records`."""


class _LogFileDocument(msgspec.Struct):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


def small_world(events: int, *, seed: int = 1) -> list[GeneratedLogFile]:
    """A few log files of many places, in the order of delivery."""
    return list(World(seed=seed, account_count=4, region_count=2).log_files(events))


def store(place: Place, log_files: Iterable[GeneratedLogFile]) -> list[StoredObject]:
    """Puts log files into the test's bucket."""
    objects = []
    for log_file in log_files:
        answer = place.s3.put_object(Bucket=place.bucket, Key=log_file.key, Body=log_file.body)
        objects.append(StoredObject(place.bucket, log_file.key, answer["ETag"].strip('"'), len(log_file.body)))
    return objects


def generated(key: str, body: bytes) -> GeneratedLogFile:
    """A log file of a test's own making. `events` and `json_bytes` are not counted."""
    return GeneratedLogFile(key, body, 0, 0)


def expected_records(bucket: str, log_files: Iterable[GeneratedLogFile]) -> dict[RecordPlace, bytes]:
    """Every record of the log files, as delivered, by the place that it must have in the lake. Bucket "": on disk."""
    return {
        (LogFile(bucket, log_file.key).uri, index): record
        for log_file in log_files
        for index, record in enumerate(records_of(log_file.body))
    }


def records_of(body: bytes) -> list[bytes]:
    """The records of a gzipped log file, as delivered."""
    return [bytes(raw) for raw in msgspec.json.decode(igzip.decompress(body), type=_LogFileDocument).records]


def message_bodies(objects: Sequence[StoredObject]) -> list[str]:
    """Messages in every form, several objects in one where the form allows it, that announce each object once."""
    makers = (
        (3, cloudtrail_message),
        (1, lambda some: eventbridge_event(some[0])),
        (4, s3_event),
        (2, lambda some: sns_envelope(cloudtrail_message(some))),
        (2, lambda some: sns_envelope(s3_event(some))),
        (1, lambda some: sns_envelope(eventbridge_event(some[0]))),
    )
    bodies = []
    left = list(objects)
    while left:
        for keys, make in makers:
            some, left = left[:keys], left[keys:]
            if some:
                bodies.append(make(some))
    return bodies
