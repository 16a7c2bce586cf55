"""`ingester run --verify-sns`: what SNS signed is ingested; everything else is left in the queue, whole."""

import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.demo_world.notifications import cloudtrail_message, eventbridge_event, s3_event, sns_envelope
from tests.support.cli import ingester, running_ingester
from tests.support.lake import DiskLake
from tests.support.moto import Place
from tests.support.sns import TOPIC_ARN, SnsHost, answering, rsa_key, signed_body, signed_envelope, sns_host
from tests.support.trail import expected_records, small_world, store
from tests.support.waiting import wait_until

VERIFYING = ["--verify-sns", "--workers", "1"]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[SnsHost]:
    """SNS's host, as the command line reaches it in `host.environ`."""
    (tmp_path / "sns").mkdir()
    with sns_host(tmp_path / "sns") as some:
        yield some


def test_only_what_sns_signed_is_ingested_and_all_else_goes_to_the_dead_letters(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str], host: SnsHost
) -> None:
    """Fails when `SigningCertificate.check` does not verify, or `Doubted._refuse` forgets `ticket.failed`."""
    log_files = small_world(200)
    stored = store(moto_place, log_files)
    good, bad = log_files[:3], stored[3:]
    queue = moto_place.queue(max_receive_count=2)
    queue.send(
        signed_body(cloudtrail_message(stored[:1])),
        signed_body(s3_event(stored[1:2]), version="2", Subject="Amazon S3 Notification"),
        signed_body(eventbridge_event(stored[2]), version="2"),
    )
    refused = [
        json.dumps(signed_envelope("nothing") | {"Message": cloudtrail_message(bad[:1])}),
        signed_body(cloudtrail_message(bad[1:2]), key=rsa_key("somebody's")),
        signed_body(
            cloudtrail_message(bad[1:2]), SigningCertURL="https://evil.example/SimpleNotificationService-a.pem"
        ),
        signed_body(cloudtrail_message(bad[1:2]), TopicArn="arn:aws:sns:us-east-1:999999999999:somebodys"),
        sns_envelope(s3_event(bad[1:2])),
        s3_event(bad[1:2]),
        eventbridge_event(bad[1]),
    ]
    queue.send(*refused)
    options = [*VERIFYING, "--sns-topic", TOPIC_ARN, "--until-empty"]

    ended = ingester(
        "run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *options, environ=host.environ
    )

    assert ended.exit_code == 0, ended.stderr
    assert disk_lake.places() == Counter(expected_records(moto_place.bucket, good).keys())
    assert sorted(queue.dead_letters()) == sorted(refused)
    assert queue.is_empty()
    assert f"{2 * len(refused)} unverified" in ended.stdout, "each is received twice"
    for reason in ("signature is wrong", "not on a host of SNS", "another topic", "no SNS envelope", "raw delivery"):
        assert reason in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(host.asked) == 1


def test_while_the_certificate_can_t_be_had_messages_wait_and_then_come_in_without_a_second_receive(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str], host: SnsHost, tmp_path: Path
) -> None:
    """Fails when `Doubted.doubt` refuses what is only unavailable: after one receive it is a dead letter."""
    log_files = small_world(100)
    queue = moto_place.queue(max_receive_count=1)
    queue.send(*(signed_body(cloudtrail_message([one])) for one in store(moto_place, log_files)))
    host.is_away = True
    options = [*VERIFYING, "--until-empty"]
    arguments = ["run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *options]

    with running_ingester(tmp_path, *arguments, environ=host.environ) as running:
        wait_until(lambda: "degraded, SNS certificates" in running.stderr_file.read_text(), what="the trouble")
        host.is_away = False
        ended = running.wait()

    assert ended.exit_code == 0, ended.stderr
    assert "recovered, SNS certificates" in ended.stderr
    assert disk_lake.places() == Counter(expected_records(moto_place.bucket, log_files).keys())
    assert queue.is_empty()
    assert queue.dead_letters() == []


def test_a_run_that_is_ended_meanwhile_makes_them_visible_again(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str], host: SnsHost, tmp_path: Path
) -> None:
    """Fails when `Arrivals.drop_unadmitted` leaves out `doubted.drop()`: the drain then waits for its grace time, and
    the messages stay hidden."""
    queue = moto_place.queue(max_receive_count=3, visibility_timeout_seconds=600)
    queue.send(*(signed_body(cloudtrail_message([one])) for one in store(moto_place, small_world(50))))
    before = queue.counts()
    host.answer = answering(b"", "503 Slow Down")
    arguments = ["run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, *VERIFYING]

    with running_ingester(tmp_path, *arguments, environ=host.environ) as running:
        wait_until(lambda: "degraded, SNS certificates" in running.stderr_file.read_text(), what="the trouble")
        running.send(signal.SIGTERM)
        ended = running.wait()

    assert ended.exit_code == 0, ended.stderr
    assert queue.counts() == before
    assert disk_lake.data_files() == []


def test_without_the_option_nothing_is_asked_of_sns(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str], host: SnsHost
) -> None:
    log_files = small_world(50)
    queue = moto_place.queue()
    queue.send(sns_envelope(cloudtrail_message(store(moto_place, log_files))))

    ended = ingester(
        "run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, "--until-empty", environ=host.environ
    )

    assert ended.exit_code == 0, ended.stderr
    assert disk_lake.places() == Counter(expected_records(moto_place.bucket, log_files).keys())
    assert host.asked == []


def test_without_its_package_the_option_says_what_to_install(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str], tmp_path: Path
) -> None:
    missing = tmp_path / "missing" / "cryptography"
    missing.mkdir(parents=True)
    (missing / "__init__.py").write_text("raise ImportError('No module named cryptography')")
    run = ["run", "--queue-url", moto_place.queue().url, *disk_lake.arguments, *s3_options, "--until-empty"]
    environ = {"PYTHONPATH": str(missing.parent)}

    ended = ingester(*run, "--verify-sns", environ=environ)

    assert ended.exit_code == 2
    [sentence] = ended.stderr.strip().splitlines()
    assert "cloudtrail-ingester[verify-sns]" in sentence
    assert ingester(*run, environ=environ).exit_code == 0
