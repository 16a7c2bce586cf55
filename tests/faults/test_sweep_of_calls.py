"""Each call to SQS and S3 fails in turn: of each operation the 1st, the 2nd, … until a run ends without having met
its fault; once, and in a second pass for good, from then on. And from each call on everything fails.

A call is reset before the server has seen it, answered with 500, or done without an answer: what came of it is
unknown then, and has to be asked. No client tries again by itself here. After each run a clean one follows, and the
oracle and `verify` decide.

CI takes the first call of each operation and some of the faults; FAULTS_SWEEP=all takes all: see `test_sweep`.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ingester.model.errors import ConfigurationError, IngesterError, LakeDamagedError, OutputError
from ingester.model.settings import Settings
from tests.faults.in_process import findings, in_a_hurry, ingest
from tests.faults.operations import Operations
from tests.faults.proxy import Answer, Call, Fault, Forward, Proxy, fault_proxy, no_answer, reset, status
from tests.faults.test_sweep import CALLS_MAX, IS_WHOLE, errors_of_ours, sweep, whole_only
from tests.support.lake import S3Lake
from tests.support.moto import Place, Queue
from tests.support.trail import expected_records, message_bodies, small_world, store

FAULTS: dict[str, Fault] = {"reset": reset, "unanswered": no_answer, "500": status(500, "InternalError")}
EVENTS = 40
_EMPTY_WAIT_SECONDS = 0.05


@pytest.fixture(autouse=True)
def _in_a_hurry() -> Iterator[None]:
    with in_a_hurry():
        yield


@dataclass
class Play:
    """What becomes of every call: the `nth` of `operation` ("*": of all) meets the fault, and all later ones if
    `for_good`. Messages are hidden for a second only, so that the clean run need not wait for them."""

    operation: str = "*"
    nth: int | None = None
    for_good: bool = False
    fault: Fault = reset
    calls: list[str] = field(default_factory=list)

    @property
    def has_met(self) -> bool:
        """Whether a call met the fault."""
        return self.nth is not None and self._count() >= self.nth

    def __call__(self, proxy: Proxy, call: Call, forward: Forward) -> Answer | None:
        """The fault of a rule for all calls."""
        with proxy.counting:
            self.calls.append(call.operation)
            number = self._count()
        concerned = self.operation in ("*", call.operation)
        if concerned and self.nth is not None and (number == self.nth or (self.for_good and number > self.nth)):
            return self.fault(proxy, call, lambda call: forward(_shortened(call)))
        answer = forward(_shortened(call))
        if call.operation == "ReceiveMessage" and b'"Messages"' not in answer.body:
            proxy.closing.wait(_EMPTY_WAIT_SECONDS)
        return answer

    def _count(self) -> int:
        return len(self.calls) if self.operation == "*" else self.calls.count(self.operation)


def _shortened(call: Call) -> Call:
    if call.operation != "ReceiveMessage":
        return call
    parameters = call.parameters | {"WaitTimeSeconds": 0, "VisibilityTimeout": 1}
    return Call(call.operation, call.path, call.headers, json.dumps(parameters).encode())


class World:
    """A bucket with log files that every run of a test ingests, each from a queue and into a lake of its own."""

    def __init__(self, place: Place, folder: Path) -> None:
        self.place, self.folder = place, folder
        self.log_files = small_world(EVENTS)
        self.bodies = message_bodies(store(place, self.log_files))
        self.expected = Counter(expected_records(place.bucket, self.log_files).keys())

    def run(self, name: str, play: Play) -> IngesterError | None:
        """A run with a fault, then a clean one, and the verdict; how the first ended."""
        queue, lake = self.place.queue(visibility_timeout_seconds=1), S3Lake(self.place, self.folder / name, name)
        queue.send(*self.bodies)
        error = self._ingest(lake, queue, play)
        about = f"{play.operation} {play.nth} {error}"
        assert not isinstance(error, LakeDamagedError), about
        assert self._ingest(lake, queue, Play()) is None, about
        found = lake.places()
        assert found == self.expected, f"{about}: missing {self.expected - found}, too many {found - self.expected}"
        assert queue.is_empty(), about
        assert lake.leftovers() == [], about
        assert findings(self.settings(lake, self.place.server.endpoint_url)) == [], about
        return error

    def settings(self, lake: S3Lake, endpoint_url: str, **more: object) -> Settings:
        """Of one lake."""
        output, state = lake.arguments[1], lake.arguments[3]
        common = {"output": output, "state_dir": state, "endpoint_url": endpoint_url, "region": "us-east-1"}
        return Settings(**common, **more)  # type: ignore[arg-type]

    def _ingest(self, lake: S3Lake, queue: Queue, play: Play) -> IngesterError | None:
        with fault_proxy(self.place.server.endpoint_url) as proxy:
            proxy.inject("*", play, times=None)
            settings = self.settings(
                lake, proxy.endpoint_url, queue_url=queue.url, until_empty=True, receivers_per_queue=1,
                grace_seconds=0.2, visibility_timeout_seconds=10,
            )  # fmt: skip
            return ingest(settings)


@pytest.mark.parametrize(
    ("fault", "for_good"),
    [
        pytest.param("unanswered", False, id="unanswered-once"),
        pytest.param("reset", True, id="reset-for-good"),
        pytest.param("unanswered", True, id="unanswered-for-good", marks=whole_only),
        pytest.param("reset", False, id="reset-once", marks=whole_only),
        pytest.param("500", False, id="500-once", marks=whole_only),
        pytest.param("500", True, id="500-for-good", marks=whole_only),
    ],
)
def test_any_call_of_an_operation_may_fail(
    moto_place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str, for_good: bool
) -> None:
    """Fails when `publish_s3._publish_file` takes an error of CompleteMultipartUpload for a damaged lake, without
    asking; when it takes one for done; and when a single failure ends a run that has started well."""
    world = World(moto_place, tmp_path)
    counted = Play()
    world.run("counted", counted)
    operations = Counter(counted.calls)
    print(dict(operations))
    for operation in operations:
        for nth in range(1, CALLS_MAX if IS_WHOLE else 2):
            play = Play(operation, nth, for_good, FAULTS[fault])
            error = world.run(f"{operation}-{nth}", play)
            if not for_good:  # what can't be asked or tried before anything begins is told at once
                assert error is None or isinstance(error, ConfigurationError | OutputError), f"{play}: {error}"
            if not play.has_met:
                print(f"{operation}: {nth - 1} calls failed in turn")
                break
    assert errors_of_ours(caplog) == []


@pytest.mark.parametrize(
    "fault",
    ["reset", pytest.param("unanswered", marks=whole_only), pytest.param("500", marks=whole_only)],
)
def test_everything_may_fail_from_any_call_on(
    moto_place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    """Fails when `Obstacles.met` never gives up."""
    world = World(moto_place, tmp_path)
    for nth in range(1, CALLS_MAX) if IS_WHOLE else (5, 15, 25):
        play = Play("*", nth, True, FAULTS[fault])
        error = world.run(f"lake-{nth}", play)
        if not play.has_met:
            print(f"everything failed from each of {nth - 1} calls on")
            break
        assert error is not None or nth > 20, f"from call {nth} on nothing worked, and the run ended well"
    assert errors_of_ours(caplog) == []


@pytest.mark.parametrize(
    ("after", "for_good"),
    [
        pytest.param(True, False, id="after-once"),
        pytest.param(True, True, id="after-for-good", marks=whole_only),
        pytest.param(False, False, id="before-once", marks=whole_only),
        pytest.param(False, True, id="before-for-good", marks=whole_only),
    ],
)
def test_any_call_to_the_file_system_or_the_ledger_may_fail_with_an_output_on_s3(
    moto_place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture, for_good: bool, after: bool
) -> None:
    """Fails when `Committer._insist` takes every error for done."""
    world = World(moto_place, tmp_path)

    def run(name: str, operations: Operations) -> None:
        lake = S3Lake(moto_place, tmp_path / name, name)
        source = f"s3://{moto_place.bucket}/AWSLogs/"
        settings = world.settings(lake, moto_place.server.endpoint_url, source=source, grace_seconds=0.2)
        with pytest.MonkeyPatch.context() as monkeypatch:
            operations.install(monkeypatch)
            ingest(settings)
        assert ingest(settings) is None, operations.met
        assert lake.places() == world.expected, operations.met
        assert lake.leftovers() == [], operations.met
        assert findings(settings) == [], operations.met

    sweep(run, Operations(tmp_path, for_good=for_good, after=after))
    assert errors_of_ours(caplog) == []
