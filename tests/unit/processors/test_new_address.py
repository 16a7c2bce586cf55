"""A principal at an address where it was never seen before is told once, over restarts and over workers."""

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ingester import CloudTrailEvent, ConfigurationError
from ingester.processors.new_address import (
    ALERT_VARIABLE,
    FILE_VARIABLE,
    NewAddress,
    Sighting,
    alert_to,
    principal_of,
)

ALICE, BOB = "arn:aws:iam::1:user/alice", "arn:aws:iam::1:user/bob"


def event(principal: str | None, address: str, **more: Any) -> CloudTrailEvent:
    """A call from an address."""
    identity = {} if principal is None else {"userIdentity": {"arn": principal}}
    return msgspec.convert({"sourceIPAddress": address, "eventName": "A", **identity, **more}, CloudTrailEvent)


@pytest.fixture
def told() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def notice(tmp_path: Path, told: list[tuple[str, str]]) -> Any:
    """Gives events to an object of its own, as another worker, or a later run, would."""

    def notice_all(*events: CloudTrailEvent) -> None:
        alert = lambda sighting: told.append((sighting.principal, sighting.address))  # noqa: E731
        NewAddress(str(tmp_path / "addresses.sqlite"), alert).process(list(events))

    return notice_all


def test_a_new_address_of_a_known_principal_is_told_once_over_restarts(notice: Any, told: list[Any]) -> None:
    notice(event(ALICE, "192.0.2.1"))
    assert told == []
    notice(event(ALICE, "192.0.2.1"), event(ALICE, "2001:db8::1"), event(ALICE, "192.0.2.1"))
    notice(event(ALICE, "2001:DB8:0::1"), event(ALICE, "192.0.2.1"))
    assert told == [(ALICE, "2001:db8::1")]


def test_the_first_address_of_a_principal_is_learned_in_the_order_of_events(notice: Any, told: list[Any]) -> None:
    notice(event(ALICE, "192.0.2.1"), event(BOB, "192.0.2.1"), event(ALICE, "192.0.2.2"), event(ALICE, "192.0.2.1"))
    assert told == [(ALICE, "192.0.2.2")]


@pytest.mark.parametrize("address", ["cloudtrail.amazonaws.com", "AWS Internal", "", "192.0.2"])
def test_services_and_what_is_no_address_are_nobody_s(notice: Any, told: list[Any], address: str) -> None:
    notice(event(ALICE, "192.0.2.1"), event(ALICE, address), event(None, "192.0.2.9"))
    assert told == []


def test_the_sessions_of_a_role_are_one_principal() -> None:
    session = {"arn": "arn:aws:sts::1:assumed-role/r/x", "sessionContext": {"sessionIssuer": {"arn": "arn:role"}}}
    assert principal_of(event(None, "", userIdentity=session)) == "arn:role"


def test_an_alert_that_fails_is_repeated_when_its_log_file_comes_again(tmp_path: Path) -> None:
    tries: list[str] = []

    def alert(sighting: Sighting) -> None:
        tries.append(sighting.address)
        if len(tries) == 1:
            raise ConnectionError

    processor = NewAddress(str(tmp_path / "a.sqlite"), alert)
    processor.process([event(ALICE, "192.0.2.1")])
    with pytest.raises(ConnectionError):
        processor.process([event(ALICE, "192.0.2.2")])
    processor.process([event(ALICE, "192.0.2.2")])
    processor.process([event(ALICE, "192.0.2.2")])
    assert tries == ["192.0.2.2", "192.0.2.2"]


def test_the_environment_says_where_and_whom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "a.sqlite"))
    monkeypatch.setenv(ALERT_VARIABLE, "log")
    with caplog.at_level(logging.WARNING):
        NewAddress().process([event(ALICE, "192.0.2.1"), event(ALICE, "192.0.2.2", eventName="DeleteTrail")])

    assert (tmp_path / "a.sqlite").exists()
    assert f"{ALICE} was seen at 192.0.2.2 for the first time: DeleteTrail" in caplog.text


def test_a_webhook_gets_json(tmp_path: Path) -> None:
    got: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        NewAddress(str(tmp_path / "a.sqlite"), alert_to(url)).process(
            [event(ALICE, "192.0.2.1"), event(ALICE, "192.0.2.2", recipientAccountId="1")]
        )
        server.shutdown()

    (alert,) = got
    assert alert["text"].startswith(ALICE)
    assert (alert["address"], alert["account_id"]) == ("192.0.2.2", "1")


@pytest.mark.parametrize("target", ["", "ftp://x", "arn:aws:sqs:eu-west-1:1:q", "file:///etc/passwd"])
def test_another_target_is_refused(target: str) -> None:
    with pytest.raises(ConfigurationError, match=ALERT_VARIABLE):
        alert_to(target)
