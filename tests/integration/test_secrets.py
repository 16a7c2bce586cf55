"""Credentials and passwords are told nowhere: not by any fault, not in the ledger, the quarantine or the Parquet."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.demo_world.log_files import log_file
from scripts.demo_world.notifications import s3_event
from tests.support.cli import Ended, ingester, running_ingester
from tests.support.echo import EchoServer, echo_server
from tests.support.lake import DiskLake
from tests.support.moto import Place
from tests.support.trail import generated, store
from tests.support.waiting import wait_until

SECRET_KEY = "SecretKeyThatNobodyMaySee0123456789ABCDE"
TOKEN = "SessionTokenThatNobodyMaySee/abc+def=="
PASSWORD = "hunter2secret"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_SESSION_TOKEN": TOKEN,
}
FAULTS = {
    "SignatureDoesNotMatch": 403,
    "AccessDenied": 403,
    "ExpiredToken": 400,
    "SomethingNew": 418,
}


def assert_nothing_is_told(folder: Path, *texts: str) -> None:
    """Neither the output of a command nor any file holds a secret."""
    files = [path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()]
    for secret in (SECRET_KEY, TOKEN, PASSWORD, "AWS4-HMAC-SHA256"):
        assert not any(secret in text for text in (*texts, *files)), secret


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    """A server that refuses everything and quotes the request, session token included."""
    with echo_server() as server:
        yield server


def asking(command: str, echo: EchoServer, folder: Path) -> list[str | Path]:
    """A command line with which the first call goes to the server."""
    lake, state = folder / "lake", folder / "state"
    (folder / "logs").mkdir()
    arguments: dict[str, list[str | Path]] = {
        "run": ["run", "--queue-url", f"{echo.url}/1/q", "--output", lake, "--until-empty"],
        "backfill": ["backfill", "s3://bucket/AWSLogs/", "--output", lake],
        "output": ["backfill", folder / "logs", "--output", "s3://bucket/lake", "--state-dir", state],
    }
    return [*arguments[command], "--endpoint-url", echo.url, "--region", "us-east-1"]


@pytest.mark.parametrize("command", ["run", "backfill", "output"])
@pytest.mark.parametrize("code", FAULTS)
def test_an_answer_that_quotes_the_request_is_not_repeated(
    tmp_path: Path, echo: EchoServer, code: str, command: str
) -> None:
    """Fails when `explain_code` quotes a server's message as it comes."""
    echo.code, echo.status = code, FAULTS[code]

    ended = ingester(*asking(command, echo, tmp_path), environ=CREDENTIALS)

    assert ended.exit_code == 2
    assert code in ended.stderr
    assert any(TOKEN in request for request in echo.asked), "the test's own server saw it"
    assert_nothing_is_told(tmp_path, ended.stdout, ended.stderr)


@pytest.mark.parametrize(("command", "exit_code"), [("run", 0), ("output", 130)])
def test_nor_while_a_start_waits(tmp_path: Path, echo: EchoServer, command: str, exit_code: int) -> None:
    """A start that waits for who is away ends by a signal, as a run does."""
    echo.code, echo.status = "InternalError", 500

    with running_ingester(tmp_path, *asking(command, echo, tmp_path), environ=CREDENTIALS) as running:
        wait_until(lambda: "degraded, start" in running.stderr_file.read_text(), what="the outage to be told")
        running.send(signal.SIGINT)
        ended = running.wait()

    assert ended.exit_code == exit_code
    assert "Traceback" not in ended.stderr
    assert "InternalError" in ended.stderr
    assert_nothing_is_told(tmp_path, ended.stdout, ended.stderr)


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "AccessDenied"])
def test_nor_by_a_worker_in_log_lines_or_the_quarantine(
    moto_place: Place, disk_lake: DiskLake, tmp_path: Path, echo: EchoServer, code: str
) -> None:
    """The queue is at one server, the log file at one that refuses it."""
    echo.code = code
    queue = moto_place.queue(max_receive_count=2)
    queue.send(s3_event(store(moto_place, [log_file(2)])))
    environ = CREDENTIALS | {
        "AWS_ENDPOINT_URL_SQS": moto_place.server.endpoint_url,
        "AWS_ENDPOINT_URL_S3": echo.url,
    }
    run = ["run", "--queue-url", queue.url, *disk_lake.arguments, "--region", "us-east-1", "--max-attempts", "1"]

    with running_ingester(tmp_path, *run, "--workers", "1", "--log-format", "json", environ=environ) as running:
        wait_until(lambda: code in running.stderr_file.read_text(), what="the fault to be told")
        running.process.terminate()
        ended: Ended = running.wait()

    assert any(TOKEN in request for request in echo.asked)
    assert_nothing_is_told(tmp_path, ended.stdout, ended.stderr)


def test_a_run_with_everything_that_is_kept_keeps_no_secret(
    moto_place: Place, disk_lake: DiskLake, s3_options: list[str], tmp_path: Path
) -> None:
    queue = moto_place.queue(max_receive_count=2)
    bad = generated("bad.json.gz", b"this is no log file")
    queue.send(*(s3_event([stored]) for stored in store(moto_place, [log_file(20), bad])))
    run = ["run", "--queue-url", queue.url, *disk_lake.arguments, *s3_options, "--until-empty", "--max-attempts", "1"]

    ended = ingester(*run, environ=CREDENTIALS)

    assert ended.exit_code == 0, ended.stderr
    assert disk_lake.data_files()
    assert disk_lake.quarantine()
    assert_nothing_is_told(tmp_path, ended.stdout, ended.stderr)


@pytest.mark.parametrize(
    "options",
    [
        {"--queue-url": f"http://joe:{PASSWORD}@127.0.0.1:9/1/q"},
        {"--queue-url": f"http://127.0.0.1:9/1/q?X-Amz-Signature={PASSWORD}"},
        {"--endpoint-url": f"http://joe:{PASSWORD}@127.0.0.1:9"},
        {"--endpoint-url": f"joe:{PASSWORD}@127.0.0.1:9"},
        {"--endpoint-url": f"http://joe:{PASSWORD}@127 .0.0.1:9"},
        {"--output": f"https://joe:{PASSWORD}@host/x"},
        {"--state-dir": f"https://joe:{PASSWORD}@host/x"},
    ],
    ids=lambda options: "-".join(options),
)
def test_a_password_in_a_url_is_not_repeated(tmp_path: Path, options: dict[str, str]) -> None:
    defaults = {"--queue-url": "http://127.0.0.1:9/1/q", "--output": str(tmp_path / "lake"), "--region": "us-east-1"}
    given = defaults | options

    ended = ingester("run", *(word for option in given.items() for word in option), environ=CREDENTIALS)

    assert ended.exit_code == 2
    assert_nothing_is_told(tmp_path, ended.stdout, ended.stderr)
