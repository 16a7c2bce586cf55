"""Notices a source address where a principal was never seen before, and tells a logger, an SNS topic or a webhook.

    INGESTER_NEW_ADDRESS_FILE=/var/lib/ingester/addresses.sqlite \\
    INGESTER_NEW_ADDRESS_ALERT=arn:aws:sns:eu-west-1:123456789012:security \\
    ingester run --queue-url … --processor ingester.processors.new_address:NewAddress

A principal's first address of all is learned without an alert, as it says nothing: let it see some weeks of history
first (`ingester backfill`), with the log as alert.

The addresses lie in an SQLite file, shared by all workers and kept over restarts. An address is noted before its
alert goes out, and ticked off after: a crash in between repeats the alert, and loses none.
"""

import ipaddress
import json
import logging
import os
import sqlite3
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ingester.model.errors import ConfigurationError
from ingester.model.event import CloudTrailEvent

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

FILE_VARIABLE = "INGESTER_NEW_ADDRESS_FILE"
ALERT_VARIABLE = "INGESTER_NEW_ADDRESS_ALERT"
DEFAULT_FILE = "ingester-addresses.sqlite"

_WAIT_SECONDS = 60.0
_SEEN_MAX = 100_000
"""Pairs that are not looked up again; about 20 MB."""
_WEBHOOK_SECONDS = 10.0
_log = logging.getLogger("ingester.processors.new_address")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS addresses (
    principal TEXT NOT NULL,
    address TEXT NOT NULL,
    event TEXT NOT NULL,
    is_told INTEGER NOT NULL,
    PRIMARY KEY (principal, address)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS untold ON addresses (principal, address) WHERE NOT is_told;
"""


class Sighting(Struct, frozen=True):
    """A principal at an address where it was never seen before, and the event that showed it."""

    principal: str
    address: str
    event_time: str | None
    event_name: str | None
    event_source: str | None
    event_id: str | None
    account_id: str | None
    user_agent: str | None


Alert = Callable[[Sighting], None]
"""Tells somebody. What it raises fails the log file, which then comes again, and the alert with it."""


class NewAddress:
    """`file`: the SQLite file; None for that of the environment, else `DEFAULT_FILE` in the current directory.
    `alert`: None for that of the environment, else the logger.

    Each object is for one worker. Raises ConfigurationError where the environment names no usable alert,
    sqlite3.Error where the file can't be used.
    """

    def __init__(self, file: str | None = None, alert: Alert | None = None) -> None:
        self._file = file or os.environ.get(FILE_VARIABLE) or DEFAULT_FILE
        self._alert = alert or alert_to(os.environ.get(ALERT_VARIABLE, "log"))
        self._seen: set[tuple[str, str]] = set()
        with closing(self._connect()) as connection:
            connection.executescript(_SCHEMA)

    def process(self, events: list[CloudTrailEvent]) -> None:
        """Note the addresses of events, and tell those that are new for a principal that was known before."""
        fresh: dict[tuple[str, str], Sighting] = {}
        for sighting in filter(None, map(sighting_of, events)):
            key = (sighting.principal, sighting.address)
            if key not in self._seen:
                fresh.setdefault(key, sighting)
        if not fresh:
            return
        with closing(self._connect()) as connection:
            _note(connection, fresh.values())
            for sighting in _untold(connection, fresh.values()):
                self._alert(sighting)
                _tick_off(connection, sighting)
        if len(self._seen) > _SEEN_MAX:
            self._seen.clear()
        self._seen.update(fresh)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=_WAIT_SECONDS, isolation_level=None)


def sighting_of(event: CloudTrailEvent) -> Sighting | None:
    """Who made the call from which address; None for a call of an AWS service, or of nobody."""
    principal = principal_of(event)
    try:
        address = str(ipaddress.ip_address(event.source_ip_address or ""))
    except ValueError:
        return None
    if principal is None:
        return None
    return Sighting(
        principal=principal,
        address=address,
        event_time=event.event_time_text,
        event_name=event.event_name,
        event_source=event.event_source,
        event_id=event.event_id,
        account_id=event.account_id,
        user_agent=event.user_agent,
    )


def principal_of(event: CloudTrailEvent) -> str | None:
    """Who is behind a call: the role of a session, else the ARN, else the principal id."""
    identity = event.user_identity
    if identity is None:
        return None
    issuer = identity.session_context and identity.session_context.session_issuer
    return (issuer and issuer.arn) or identity.arn or identity.principal_id or None


def alert_to(target: str) -> Alert:
    """An alert to `log`, to an SNS topic by its ARN, or to a webhook by its URL (http or https).

    Raises ConfigurationError for anything else.
    """
    if target == "log":
        return _log_it
    if target.startswith("arn:aws") and ":sns:" in target:
        return _Topic(target)
    if target.startswith(("https://", "http://")):
        return lambda sighting: _post(target, sighting)
    raise ConfigurationError(
        f"{ALERT_VARIABLE} is {target!r}.", hint="Give it log, the ARN of an SNS topic, or the URL of a webhook."
    )


def _log_it(sighting: Sighting) -> None:
    _log.warning("%s", _sentence(sighting), extra={"sighting": _fields(sighting)})


class _Topic:
    """Publishes to an SNS topic. boto3 is imported, and credentials are looked for, with the first alert."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._client: SNSClient | None = None

    def __call__(self, sighting: Sighting) -> None:
        if self._client is None:
            import boto3

            self._client = boto3.client("sns", region_name=self._arn.split(":")[3])
        message = json.dumps({"text": _sentence(sighting), **_fields(sighting)}, indent=2)
        self._client.publish(TopicArn=self._arn, Subject="New source address", Message=message)


def _post(url: str, sighting: Sighting) -> None:
    body = json.dumps({"text": _sentence(sighting), **_fields(sighting)}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 (checked: http)
    with urllib.request.urlopen(request, timeout=_WEBHOOK_SECONDS):  # noqa: S310 (as above)
        pass


def _sentence(sighting: Sighting) -> str:
    return (
        f"{sighting.principal} was seen at {sighting.address} for the first time: "
        f"{sighting.event_name} ({sighting.event_source}) at {sighting.event_time}"
    )


def _fields(sighting: Sighting) -> dict[str, Any]:
    return {name: getattr(sighting, name) for name in Sighting.__struct_fields__}


def _note(connection: sqlite3.Connection, fresh: Iterable[Sighting]) -> None:
    """Add what is not in yet. The first address of a principal counts as told."""
    connection.execute("BEGIN IMMEDIATE")
    for sighting in fresh:
        connection.execute(
            "INSERT OR IGNORE INTO addresses VALUES (:principal, :address, :event, "
            "NOT EXISTS (SELECT 1 FROM addresses WHERE principal = :principal))",
            {"principal": sighting.principal, "address": sighting.address, "event": json.dumps(_fields(sighting))},
        )
    connection.execute("COMMIT")


def _untold(connection: sqlite3.Connection, some: Iterable[Sighting]) -> list[Sighting]:
    """Those that nobody was told of, whoever noted them: one whose alert failed comes again with its log file."""
    return [
        Sighting(**json.loads(event))
        for sighting in some
        for (event,) in connection.execute(
            "SELECT event FROM addresses WHERE NOT is_told AND principal = ? AND address = ?",
            (sighting.principal, sighting.address),
        ).fetchall()
    ]


def _tick_off(connection: sqlite3.Connection, sighting: Sighting) -> None:
    connection.execute(
        "UPDATE addresses SET is_told = 1 WHERE principal = ? AND address = ?", (sighting.principal, sighting.address)
    )
