"""Rows 24 to 27 and 36 to 39: S3 and SQS that are away, slow, elsewhere, or say no."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from isal import igzip

from ingester.fetch.base import WHOLE_BYTES_MAX
from scripts.demo_world.log_files import GeneratedLogFile, log_file
from scripts.demo_world.notifications import StoredObject, cloudtrail_message, s3_event
from tests.faults.injection import injecting
from tests.faults.oracle import assert_oracle
from tests.faults.proxy import Answer, Call, Fault, Forward, Proxy, cut, error_answer, reset, stall, status
from tests.support.cli import Running, ingester, running_ingester
from tests.support.lake import DiskLake, Lake
from tests.support.moto import Place
from tests.support.trail import generated, message_bodies, small_world, store
from tests.support.waiting import wait_until

EMPTYING = ["--until-empty", "--workers", "2"]


def test_row_24_a_missing_object_is_tried_a_few_times_quarantined_and_sent_to_the_dead_letters(
    moto_place: Place, lake: Lake, s3_options: list[str]
) -> None:
    """Breaks with `ingester/supervisor/failures.py`: `if job.attempts >= most:` → `if False:`."""
    good = small_world(100)
    queue = moto_place.queue(max_receive_count=2)
    lost = cloudtrail_message([StoredObject(moto_place.bucket, "AWSLogs/gone.json.gz", "", 1)])
    queue.send(lost, *message_bodies(store(moto_place, good)))

    ended = ingester("run", "--queue-url", queue.url, *lake.arguments, *s3_options, *EMPTYING)

    [entry] = lake.quarantine().values()
    assert "NoSuchKey" in entry
    assert "AWSLogs/gone.json.gz" in entry
    assert "Attempt 2 of 2" in ended.stderr
    assert "Attempt 3" not in ended.stderr
    assert_oracle(lake, moto_place, good, queue, ended=ended, dead_letters=[lost])


@pytest.mark.parametrize(
    ("message", "permission"),
    [
        ("User: arn:aws:sts::1:assumed-role/ingester is not authorized to perform: s3:GetObject", "s3:GetObject"),
        ("not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:1:key/2", "kms:Decrypt"),
    ],
)
def test_row_25_a_denied_object_names_the_permission_and_comes_in_once_it_is_allowed(
    moto_place: Place, disk_lake: DiskLake, proxy: Proxy, proxy_options: list[str], message: str, permission: str
) -> None:
    """Breaks with `ingester/fetch/s3_errors.py`: `return _permission_hint(fault, log_file)` → `return ""`.
    Breaks [kms:Decrypt] with `ingester/fetch/s3_errors.py`:
    `if "kms" in f"{fault.code} {fault.sentence}".lower():` → `if False:`.
    Breaks with `ingester/supervisor/outage.py`: `self._health.trouble(_SOURCE, failure.reason, now_seconds)` →
    `pass`.
    """
    log_files = small_world(60)
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, log_files)))
    proxy.inject("GetObject", status(403, "AccessDenied", message), times=1)

    ended = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *proxy_options, *EMPTYING)

    assert f"Allow {permission} on" in ended.stderr
    assert "degraded" in ended.stderr
    assert_oracle(disk_lake, moto_place, log_files, queue, ended=ended)
    assert disk_lake.quarantine() == {}


@pytest.mark.parametrize(
    "fault",
    [status(503, "SlowDown", "Please reduce your request rate."), status(500, "InternalError"), reset],
    ids=["SlowDown", "InternalError", "unreachable"],
)
def test_row_26_an_outage_longer_than_any_attempts_quarantines_nothing(
    moto_place: Place, disk_lake: DiskLake, proxy: Proxy, proxy_options: list[str], fault: Fault
) -> None:
    """Breaks with `ingester/supervisor/outage.py`: `frozenset({"throttled", "outage", "output"})` →
    `frozenset({"output"})`.
    """
    log_files = small_world(300)
    queue = moto_place.queue(max_receive_count=2)
    queue.send(*message_bodies(store(moto_place, log_files)))
    outage = proxy.inject("GetObject", fault, times=len(log_files) * 9)

    ended = ingester("run", "--queue-url", queue.url, *disk_lake.arguments, *proxy_options, *EMPTYING)

    assert outage.met > len(log_files) * 2 * 3, "more faults than attempts and their retries"
    assert "degraded" in ended.stderr
    assert disk_lake.quarantine() == {}
    assert_oracle(disk_lake, moto_place, log_files, queue, ended=ended)


def test_row_26_fewer_fetches_run_at_once_while_s3_says_slow_down(
    moto_place: Place, disk_lake: DiskLake, proxy: Proxy, proxy_options: list[str]
) -> None:
    """An S3 that bears four at once then refuses about every other request, and not five of six.

    Breaks with `ingester/fetch/width.py`: `elif self._since_cut > self._limit:` → `elif False:`.
    """
    log_files = [log_file(1, seed=number) for number in range(200)]
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, log_files)))
    lock, running = threading.Lock(), 0
    refusals: list[bool] = []

    def overloaded(_proxy: Proxy, call: Call, forward: Forward) -> Answer:
        """Gives each request its time, and serves four at once, as a busy prefix does."""
        nonlocal running
        with lock:
            running += 1
            too_many = running > 4
            refusals.append(too_many)
        proxy.closing.wait(0.02)
        try:
            return (
                error_answer(call, 503, "SlowDown", "Please reduce your request rate.") if too_many else forward(call)
            )
        finally:
            with lock:
                running -= 1

    proxy.inject("GetObject", overloaded, times=None)

    ended = ingester(
        "run", "--queue-url", queue.url, *disk_lake.arguments, *proxy_options, "--until-empty", "--workers", "1"
    )

    assert 8 < sum(refusals) < 2 * len(log_files)
    assert_oracle(disk_lake, moto_place, log_files, queue, ended=ended)


@pytest.mark.parametrize("at_byte", [0, 1, 700])
def test_row_27_a_body_that_breaks_off_is_fetched_again_and_nothing_of_it_is_emitted(
    moto_place: Place, lake: Lake, proxy: Proxy, proxy_options: list[str], at_byte: int
) -> None:
    """It is no attempt of the log file, of which one would be too many here.

    Breaks with `ingester/fetch/s3_errors.py`: `return AwsFault(FaultKind.UNREACHABLE,` →
    `return AwsFault(FaultKind.OTHER,`.
    """
    log_files = small_world(200)
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, log_files)))
    # of log files: a lake on S3 gets its claim at the start of a run
    broken = proxy.inject("GetObject", cut(at_byte), times=len(log_files) * 4, path_part="AWSLogs/")

    ended = ingester(
        "run", "--queue-url", queue.url, *lake.arguments, *proxy_options, *EMPTYING, "--max-attempts", "1"
    )

    assert broken.met == len(log_files) * 4
    assert lake.quarantine() == {}
    assert_oracle(lake, moto_place, log_files, queue, ended=ended)


LARGE = generated("AWSLogs/large.json", igzip.decompress(log_file(6_000).body))
"""A log file that is not held in memory as a whole while it is fetched."""


def test_row_27_a_large_body_that_breaks_off_again_and_again_is_fetched_anew_and_nothing_of_it_is_emitted(
    moto_place: Place, disk_lake: DiskLake, proxy: Proxy, proxy_options: list[str]
) -> None:
    """The client takes a broken body up twice by itself; then it ends with an error, and its length is checked.

    Breaks with `ingester/fetch/s3_get.py`: `raise fetch_error(explain_obstore(error), found) from None` → `return`
    and `ingester/fetch/base.py`: `if received_bytes != size_bytes:` → `if False:`.
    """
    others = small_world(60)
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, [LARGE, *others])))
    broken = proxy.inject("GetObject", cut(1 << 20), times=9, path_part="large")

    ended = ingester(
        "run", "--queue-url", queue.url, *disk_lake.arguments, *proxy_options, *EMPTYING, "--max-attempts", "1"
    )

    assert len(LARGE.body) > WHOLE_BYTES_MAX
    assert broken.met == 9
    assert disk_lake.quarantine() == {}
    assert_oracle(disk_lake, moto_place, [packed(LARGE), *others], queue, ended=ended)


def packed(log_file: GeneratedLogFile) -> GeneratedLogFile:
    """The same, with a body as `assert_oracle` reads it."""
    return generated(log_file.key, igzip.compress(log_file.body))


def test_row_27_a_body_that_stalls_is_given_up_and_fetched_again(
    moto_place: Place, disk_lake: DiskLake, proxy: Proxy, proxy_options: list[str]
) -> None:
    """obstore's own timeout is longer than the test waits.

    Breaks with `ingester/fetch/s3.py`: `"read_timeout": timedelta(seconds=READ_TIMEOUT_SECONDS),` → ``.
    """
    log_files = small_world(60)
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, log_files)))
    stalled = proxy.inject("GetObject", stall(600), times=3)

    ended = ingester(
        "run", "--queue-url", queue.url, *disk_lake.arguments, *proxy_options, *EMPTYING,
        environ=injecting(set="ingester.aws.clients:READ_TIMEOUT_SECONDS=2"), timeout_seconds=25,
    )  # fmt: skip

    assert stalled.met == 3
    assert_oracle(disk_lake, moto_place, log_files, queue, ended=ended)


def test_row_36_credentials_that_expire_in_the_middle_of_an_object_are_looked_up_anew(
    moto_place: Place, disk_lake: DiskLake, proxy: Proxy, proxy_options: list[str], tmp_path: Path
) -> None:
    """Breaks with `ingester/fetch/s3.py`: `if kind is FaultKind.EXPIRED:` → `if False:`."""
    others = small_world(200)
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, [LARGE, *others])))
    issued = tmp_path / "issued"
    script = tmp_path / "issue.sh"
    script.write_text(
        f'echo x >> "{issued}"\n'
        f'printf \'{{"Version":1,"AccessKeyId":"AKIA%s","SecretAccessKey":"s","SessionToken":"t",'
        f'"Expiration":"2099-01-01T00:00:00Z"}}\' "$(wc -l < "{issued}" | tr -d " ")"\n'
    )
    config = tmp_path / "config"
    config.write_text(f'[default]\ncredential_process = sh "{script}"\n')
    expired_keys: set[str] = set()

    def breaks_off_and_all_keys_expire(proxy: Proxy, call: Call, forward: Forward) -> Answer | None:
        expired_keys.update(_access_key(call) for call in list(proxy.calls) if call.operation == "GetObject")
        return cut(1 << 20)(proxy, call, forward)

    proxy.inject("GetObject", breaks_off_and_all_keys_expire, path_part="large")
    expired = proxy.inject(
        "GetObject", status(400, "ExpiredToken", "The provided token has expired."), times=None,
        only=lambda call: _access_key(call) in expired_keys,
    )  # fmt: skip

    ended = ingester(
        "run", "--queue-url", queue.url, *disk_lake.arguments, *proxy_options, *EMPTYING,
        environ={"AWS_CONFIG_FILE": str(config), "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
    )  # fmt: skip

    assert expired.met > 0
    assert disk_lake.quarantine() == {}
    assert_oracle(disk_lake, moto_place, [packed(LARGE), *others], queue, ended=ended)


def _access_key(call: Call) -> str:
    return call.headers["authorization"].partition("Credential=")[2].partition("/")[0]


def test_row_37_a_bucket_in_another_region_is_found_and_remembered(
    moto_place: Place, disk_lake: DiskLake, proxy: Proxy, proxy_options: list[str]
) -> None:
    """Breaks with `ingester/fetch/s3.py`: `self._regions[bucket] = region` → `pass`."""
    log_files = small_world(300)
    queue = moto_place.queue()
    queue.send(*message_bodies(store(moto_place, log_files)))

    def is_misdirected(call: Call) -> bool:
        return "/eu-west-1/s3/" not in call.headers["authorization"]

    def in_ireland(_proxy: Proxy, _call: Call, _forward: Forward) -> Answer:
        return Answer(200, [("x-amz-bucket-region", "eu-west-1")], b"")

    redirect = status(301, "PermanentRedirect", "Use another endpoint.", x_amz_bucket_region="eu-west-1")
    misdirected = proxy.inject("GetObject", redirect, times=None, only=is_misdirected)
    proxy.inject("HeadBucket", in_ireland, times=None)

    ended = ingester(
        "run", "--queue-url", queue.url, *disk_lake.arguments, *proxy_options, "--until-empty", "--workers", "1"
    )

    assert 0 < misdirected.met <= 32, "only the fetches that were under way before the first answer"
    assert_oracle(disk_lake, moto_place, log_files, queue, ended=ended)


OUTAGE_SECONDS = float(os.environ.get("FAULTS_OUTAGE_SECONDS", "0"))
"""How long SQS stays away after its absence was told. Row 38 says ten minutes; CI has less time."""


@pytest.mark.timeout(180 + 2 * OUTAGE_SECONDS)
@pytest.mark.parametrize("fault", [reset, status(503, "ServiceUnavailable")], ids=["unreachable", "503"])
def test_row_38_sqs_goes_away_and_the_run_goes_on_when_it_is_back(
    moto_place: Place, disk_lake: DiskLake, proxy: Proxy, proxy_options: list[str], tmp_path: Path, fault: Fault
) -> None:
    """Breaks with `ingester/sqs/receive.py`: `self._report(error, errors)` → `self._report(error, errors); return`.
    Breaks [unreachable] with `ingester/sqs/receive.py`:
    `self._wait_unless_stopped(backoff_seconds(errors, _random.random()))` → `pass`. (At a 503 the client waits too.)
    Breaks with `ingester/supervisor/from_queues.py`: `run.health.well(_queue(received.queue_url))` → `pass`.
    """
    log_files = small_world(300)
    bodies = message_bodies(store(moto_place, log_files))
    queue = moto_place.queue()
    away = [proxy.inject("DeleteMessageBatch", fault, times=None)]
    queue.send(*bodies[::2])
    service = ["run", "--queue-url", queue.url, *disk_lake.arguments, *proxy_options, "--flush-interval", "1"]
    service += ["--visibility-timeout", "10"]  # what could not be deleted comes back soon

    with running_ingester(tmp_path, *service, "--workers", "1") as running:
        wait_until(lambda: queue.counts()[1] > 0, what="messages in hand")
        receives = proxy.inject("ReceiveMessage", fault, times=None)
        away += [receives, proxy.inject("ChangeMessageVisibilityBatch", fault, times=None)]
        queue.send(*bodies[1::2])
        wait_until(lambda: "degraded, queue" in running.stderr_file.read_text(), what="the trouble to be told")
        # eight times, a second between them
        wait_until(
            lambda: "could not be deleted" in running.stderr_file.read_text(),
            timeout_seconds=60, what="deletes to be given up",
        )  # fmt: skip
        assert receives.met < 100, "it backs off"
        told_at_seconds = time.monotonic()
        wait_until(
            lambda: time.monotonic() >= told_at_seconds + OUTAGE_SECONDS,
            timeout_seconds=OUTAGE_SECONDS + 60, what="the end of the outage",
        )  # fmt: skip
        assert running.is_alive
        assert sum(rule.met for rule in away) < 200 + OUTAGE_SECONDS, "and goes on to"
        # a poll that was begun before the outage may have been answered within it
        assert _last_told(running) == "degraded"
        proxy.heal()
        wait_until(queue.is_empty, what="all messages to be deleted")
        wait_until(lambda: _last_told(running) == "recovered", what="that to be told")
        running.send(signal.SIGTERM)
        ended = running.wait()

    assert_oracle(disk_lake, moto_place, log_files, queue, ended=ended)


def _last_told(running: Running) -> str:
    """What was told last of the queue's health."""
    told = running.stderr_file.read_text()
    return max(("degraded", "recovered"), key=lambda word: told.rfind(f"{word}, queue"))


def test_row_39_an_object_overwritten_before_its_get_is_told_and_never_taken_for_the_announced_one(
    moto_place: Place, lake: Lake, s3_options: list[str]
) -> None:
    """The new bytes would go in under the old announcement, and the old message be deleted as if its content were in.

    Breaks with `ingester/fetch/s3_get.py`: `options["if_match"] = _quoted(log_file.etag)` → `pass`.
    """
    others = small_world(60)
    old, new = (generated("AWSLogs/1/CloudTrail/one.json.gz", log_file(5, seed=seed).body) for seed in (1, 2))
    queue = moto_place.queue(max_receive_count=2)
    announced = s3_event(store(moto_place, [old]))
    announced_anew = s3_event(store(moto_place, [new]))
    queue.send(announced, announced_anew, *message_bodies(store(moto_place, others)))

    ended = ingester("run", "--queue-url", queue.url, *lake.arguments, *s3_options, *EMPTYING)

    [entry] = lake.quarantine().values()
    assert "has changed since it was announced" in entry
    assert "attempts failed" in ended.stdout
    assert_oracle(lake, moto_place, [new, *others], queue, ended=ended, dead_letters=[announced])
