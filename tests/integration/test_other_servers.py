"""The main job against servers that are not moto: SeaweedFS for S3, MiniStack for SQS.

They are stricter where moto is kind: old receipt handles are refused, multipart rules hold, signatures count.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingester.model.settings import Settings
from scripts.demo_world.log_files import log_file
from scripts.demo_world.moto_server import REGION
from scripts.demo_world.notifications import s3_event
from tests.faults.proxy import Fault, fault_proxy, no_answer, status
from tests.integration.test_lake_s3 import S3World
from tests.support.cli import ingester, is_running, running_ingester
from tests.support.compare import assert_same_records
from tests.support.lake import DiskLake, Lake, S3Lake
from tests.support.moto import Place
from tests.support.other_servers import OtherServers, other_servers, program
from tests.support.trail import expected_records, generated, message_bodies, small_world, store
from tests.support.waiting import wait_until
from tests.unit.lake.contract import LakeContract

pytestmark = [
    pytest.mark.skipif(
        not (program("weed") and program("ministack")), reason="./scripts/test installs SeaweedFS and MiniStack"
    ),
    pytest.mark.xdist_group("other servers"),
]
PACE = ["--workers", "2", "--flush-interval", "0.5", "--region", "us-east-1"]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherServers]:
    """Both servers, for all tests here."""
    with other_servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture
def place(servers: OtherServers) -> Place:
    """A bucket and queues of one test."""
    return Place(servers)  # type: ignore[arg-type]


@pytest.fixture(params=["disk", "s3"])
def other_lake(request: pytest.FixtureRequest, tmp_path: Path, place: Place) -> Lake:
    """An empty lake."""
    return DiskLake(tmp_path / "lake") if request.param == "disk" else S3Lake(place, tmp_path / "state")


def test_exactly_once_with_kills_on_other_servers(
    servers: OtherServers, place: Place, other_lake: Lake, tmp_path: Path
) -> None:
    """Fails when `publish_s3._publish_file` completes no upload, or `Acknowledger._newest` gives the handle
    that a message came with at first: MiniStack refuses it after a redelivery."""
    log_files = small_world(3_000)
    bodies = message_bodies(store(place, log_files))
    queue = place.queue(visibility_timeout_seconds=10)
    service = ["run", "--queue-url", queue.url, *other_lake.arguments, *PACE, "--visibility-timeout", "10"]

    with running_ingester(tmp_path, *service, environ=servers.environ) as running:
        for half in (bodies[::2], bodies[1::2], bodies[::3]):
            pids = wait_until(lambda: running.worker_pids()[:2], what="workers")
            left = sum(queue.counts()) + len(half)
            queue.send(*half)
            # on a slow machine they may have been in hand and be deleted already
            wait_until(lambda left=left: queue.counts()[1] > 0 or sum(queue.counts()) < left, what="messages in hand")
            os.kill(pids[0], signal.SIGKILL)
            wait_until(lambda pid=pids[0]: not is_running(pid), what="the worker's death")
        running.send(signal.SIGKILL)
    ended = ingester(*service, "--until-empty", environ=servers.environ)

    assert ended.exit_code == 0, ended.stderr
    expected = expected_records(place.bucket, log_files)
    assert other_lake.places() == Counter(expected.keys())
    assert_same_records(other_lake.table(), expected)
    assert queue.is_empty()
    assert other_lake.leftovers() == []


def test_a_commit_of_many_parts_is_completed_and_an_overwritten_object_refused_on_other_servers(
    servers: OtherServers, place: Place, tmp_path: Path
) -> None:
    """Fails when `sink_s3.PART_BYTES` is below 5 MB (SeaweedFS, as AWS, refuses small parts), and when
    `fetch.s3_get._options` gives no `if_match`."""
    lake = S3Lake(place, tmp_path / "state")
    large = generated("large.json.gz", log_file(60_000).body)
    old, new = (generated("one.json.gz", log_file(5, seed=seed).body) for seed in (1, 2))
    queue = place.queue(max_receive_count=2)
    announced = s3_event(store(place, [old]))
    queue.send(announced, s3_event(store(place, [new])), s3_event(store(place, [large])))

    ended = ingester(
        "run", "--queue-url", queue.url, *lake.arguments, *PACE, "--flush-interval", "60", "--until-empty",
        environ=servers.environ,
    )  # fmt: skip

    assert ended.exit_code == 0, ended.stderr
    assert lake.places() == Counter(expected_records(place.bucket, [new, large]).keys())
    [entry] = lake.quarantine().values()
    assert "has changed since it was announced" in entry
    assert queue.dead_letters() == [announced]
    assert lake.leftovers() == []


@pytest.mark.usefixtures("_made_up_credentials")
class TestS3LakeOnSeaweedFS(LakeContract):
    """What every lake promises: a publish that is done again, or was cut short, or finds its upload gone; sweeps."""

    @pytest.fixture
    def world(self, servers: OtherServers, place: Place, tmp_path: Path) -> S3World:
        """An empty lake in a bucket of SeaweedFS."""
        settings = Settings(
            output=f"s3://{place.bucket}/lake",
            state_dir=str(tmp_path / "state"),
            endpoint_url=servers.s3_url,
            region=REGION,
        )
        return S3World(place, settings, tmp_path / "downloaded")


@pytest.mark.parametrize("fault", [no_answer, status(500, "InternalError")], ids=["unanswered", "500"])
def test_whether_an_upload_was_completed_is_asked_of_seaweedfs(
    servers: OtherServers, place: Place, tmp_path: Path, fault: Fault
) -> None:
    """Fails when `publish_s3._publish_file` takes an error for a damaged lake, or for done, without asking."""
    log_files = small_world(300)
    store(place, log_files)
    with fault_proxy(servers.s3_url) as proxy:
        lake = S3Lake(place, tmp_path / "state")
        met = proxy.inject("CompleteMultipartUpload", fault, times=7)

        ended = ingester(
            "backfill", f"s3://{place.bucket}/AWSLogs/", *lake.arguments, "--workers", "1", "--region", REGION,
            "--endpoint-url", proxy.endpoint_url,
        )  # fmt: skip

    assert ended.exit_code == 0, ended.stderr
    assert met.met > 0
    assert lake.places() == Counter(expected_records(place.bucket, log_files).keys())
    assert lake.leftovers() == []
    verified = ingester(
        "verify", lake.arguments[1], *lake.arguments[2:], "--source", f"s3://{place.bucket}/AWSLogs/",
        environ=servers.environ,
    )  # fmt: skip
    assert verified.exit_code == 0, verified.stdout + verified.stderr
