"""Whose lake it is, on S3, where nothing can be locked: against moto and against SeaweedFS."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ingester.lake.claim import claim_by_force, claim_lake
from ingester.lake.publish_s3 import S3Lake
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.commit import Commit
from ingester.model.errors import ConfigurationError, LakeDamagedError, LakeTakenOverError
from ingester.model.settings import Settings
from tests.faults.proxy import Answer, Call, Forward, Proxy, fault_proxy, no_answer
from tests.support.moto import Place
from tests.support.other_servers import other_servers, program
from tests.unit.lake.contract import stage


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A bucket on SeaweedFS."""
    if not (program("weed") and program("ministack")):
        pytest.skip("SeaweedFS and MiniStack are installed by ./scripts/test")
    with other_servers(tmp_path_factory.mktemp("servers")) as running:
        yield Place(running)  # type: ignore[arg-type]


@pytest.fixture(params=["moto", "seaweed"])
def proxy(request: pytest.FixtureRequest) -> Iterator[Proxy]:
    """A proxy in front of the server; `place` is a bucket there."""
    place: Place = request.getfixturevalue("seaweed" if request.param == "seaweed" else "moto_place")
    with fault_proxy(place.s3.meta.endpoint_url) as running:
        running.place = place  # type: ignore[attr-defined]
        yield running


class Host:
    """One of several that all write to the same prefix, with a ledger of its own."""

    def __init__(self, proxy: Proxy, directory: Path, name: str) -> None:
        place: Place = proxy.place  # type: ignore[attr-defined]
        self.settings = Settings(
            output=f"s3://{place.bucket}/{directory.name}",
            state_dir=str(directory / name),
            endpoint_url=proxy.endpoint_url,
            region="us-east-1",
        )
        self.ledger = SqliteLedger(directory / name / "ledger.sqlite")
        self.lake = S3Lake(self.settings)

    def start(self) -> None:
        """What a run does first."""
        claim_lake(self.lake, self.ledger, self.settings)
        self.lake.sweep(frozenset())

    def take_over(self) -> None:
        """What `verify --rebuild-ledger` does, where nothing is in yet."""
        claim = claim_by_force(self.lake, self.settings)
        self.lake.sweep(frozenset())
        self.ledger.note_claims([claim.claim_id])

    def stage(self) -> Commit:
        """What a worker of this host stages."""
        return stage(self)  # type: ignore[arg-type]


@pytest.fixture
def hosts(proxy: Proxy, tmp_path: Path) -> tuple[Host, Host]:
    """Two of them."""
    return Host(proxy, tmp_path, "first"), Host(proxy, tmp_path, "second")


def test_of_two_that_start_at_once_on_an_empty_prefix_one_is_refused(hosts: tuple[Host, Host]) -> None:
    first, second = hosts
    assert first.lake.read_claim() is None

    second.start()

    with pytest.raises(ConfigurationError, match=r"has begun to work on .* this very moment"):
        first.lake.write_claim(msgspec.structs.replace(second.lake.read_claim(), claim_id="another"))  # type: ignore[type-var]
    second.lake.publish(second.stage())


def test_a_claim_whose_answer_was_lost_is_recognised(hosts: tuple[Host, Host], proxy: Proxy) -> None:
    first, _ = hosts
    for _ in range(2):  # a new claim, and one in the place of another
        lost = proxy.inject("PutObject", no_answer)
        first.start()
        assert lost.met == 1
    first.lake.publish(first.stage())


def test_whoever_is_shut_out_publishes_and_sweeps_nothing_more(hosts: tuple[Host, Host]) -> None:
    first, second = hosts
    first.start()
    late = first.stage()
    second.take_over()
    later, of_second = first.stage(), second.stage()

    for commit in (late, later):
        with pytest.raises(LakeTakenOverError, match="taken over by another ingester"):
            first.lake.publish(commit)
    with pytest.raises(LakeTakenOverError):
        first.lake.sweep(frozenset())
    with pytest.raises(ConfigurationError, match="belongs to another ledger"):
        first.start()
    second.lake.publish(of_second)
    assert first.lake.has_data()


def test_a_publish_that_looked_at_the_claim_just_before_it_was_taken_completes_nothing(
    hosts: tuple[Host, Host], proxy: Proxy
) -> None:
    first, second = hosts
    first.start()
    commit = first.stage()

    def taken_over_meanwhile(_proxy: Proxy, call: Call, forward: Forward) -> Answer:
        second.take_over()
        return forward(call)

    proxy.inject("CompleteMultipartUpload", taken_over_meanwhile)

    with pytest.raises(LakeDamagedError, match="neither staged nor published"):
        first.lake.publish(commit)

    operations = [call.operation for call in proxy.calls]
    assert operations.index("HeadObject") < operations.index("CompleteMultipartUpload")
    assert not second.lake.has_data()
