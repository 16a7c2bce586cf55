"""The fake S3 and SQS of the benches, asked by the clients that the product uses."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.fakes.server import FakeAws, fake_aws, objects_of
from bench.fakes.world import BUCKET, World
from ingester.fetch.listing import list_log_files
from ingester.fetch.s3 import S3Source
from ingester.model.errors import FetchError
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings
from ingester.notifications.read import read_notification
from ingester.sqs.client import check_queue, make_sqs_client
from ingester.sqs.delete import delete_messages
from ingester.sqs.depth import queue_depth
from ingester.sqs.receive import receive_messages
from scripts.demo_world.log_files import log_file

_KEYS = 1203

pytestmark = pytest.mark.usefixtures("_made_up_credentials")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three log files, of which one has some 80 kB."""
    for number, events in enumerate((1, 5, 500)):
        (tmp_path / f"{number}.json.gz").write_bytes(log_file(events, seed=number + 1).body)
    return tmp_path


@pytest.fixture
def fake(folder: Path) -> Iterator[FakeAws]:
    """A fake without latency."""
    with fake_aws(World(folder, _KEYS)) as running:
        yield running


def settings(fake: FakeAws) -> Settings:
    return Settings(endpoint_url=fake.endpoint_url)


def test_a_listing_finds_every_key_over_several_pages(fake: FakeAws) -> None:
    listed = list(list_log_files(fake.source, settings(fake)))

    assert len({one.key for one in listed}) == len(listed) == _KEYS


def test_every_body_is_served_as_it_lies_in_the_folder(fake: FakeAws, folder: Path) -> None:
    world = World(folder, _KEYS)
    source = S3Source(settings(fake))

    for key, body in list(objects_of(world).items())[:3]:
        fetched = source.open(LogFile(BUCKET, key, body.etag))
        assert body.get.endswith(b"".join(fetched.chunks))
        assert (fetched.size_bytes, fetched.log_file.etag) == (body.size_bytes, body.etag)

    assert fake.counts().calls["GetObject"] == 3


def test_another_etag_and_an_unknown_key_are_refused(fake: FakeAws, folder: Path) -> None:
    source = S3Source(settings(fake))
    key = next(iter(objects_of(World(folder, 1))))

    with pytest.raises(FetchError, match=r"changed|ETag|replaced"):
        source.open(LogFile(BUCKET, key, "0" * 32))
    with pytest.raises(FetchError):
        source.open(LogFile(BUCKET, "AWSLogs/nothing.json.gz"))


def test_every_message_names_one_log_file_and_is_gone_once_deleted(fake: FakeAws) -> None:
    client = make_sqs_client(settings(fake), fake.queue_url)
    check_queue(client, fake.queue_url)
    keys = []
    while messages := receive_messages(client, fake.queue_url, wait_seconds=0, visibility_timeout_seconds=60):
        keys += [one.key for message in messages for one in read_notification(message.body).log_files]
        assert len(delete_messages(client, fake.queue_url, messages).done) == len(messages)

    assert len(set(keys)) == len(keys) == _KEYS
    assert queue_depth(client, fake.queue_url).total == 0
    assert fake.counts().messages_deleted == _KEYS


def test_a_long_poll_is_answered_when_messages_arrive(folder: Path) -> None:
    with fake_aws(World(folder, 20, messages_a_second=100)) as fake:
        client = make_sqs_client(settings(fake), fake.queue_url)
        found = 0
        while found < 20:
            found += len(receive_messages(client, fake.queue_url, wait_seconds=1, visibility_timeout_seconds=60))

        assert fake.counts().calls["ReceiveMessage"] < 10


def test_latencies_of_fetches_at_once_overlap(folder: Path) -> None:
    world = World(folder, 16, first_byte_seconds=0.2)
    with fake_aws(world) as fake:
        source = S3Source(settings(fake))
        keys = list(objects_of(world))
        threads = [threading.Thread(target=source.open, args=(LogFile(BUCKET, key),)) for key in keys]
        began_at_seconds = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert time.monotonic() - began_at_seconds >= 0.2  # what was asked for, not how fast we are
        assert fake.counts().gets_at_once_max > 1


def test_a_body_comes_no_faster_than_its_bandwidth(folder: Path) -> None:
    world = World(folder, 3, bytes_a_second=400_000)
    with fake_aws(world) as fake:
        source = S3Source(settings(fake))
        key, body = max(objects_of(world).items(), key=lambda item: item[1].size_bytes)
        began_at_seconds = time.monotonic()
        fetched = source.open(LogFile(BUCKET, key))

        assert b"".join(fetched.chunks) == body.get[-body.size_bytes :]
        assert time.monotonic() - began_at_seconds > 0.8 * body.size_bytes / 400_000
