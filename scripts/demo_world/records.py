"""Casts calls into text patterns, one an account, call and caller, from which a record is one `%` away.

That is what makes the generator fast: JSON is serialised once a pattern, and 200,000 records take two seconds.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

from scripts.demo_world.calls import DATA_CALLS, MANAGEMENT_CALLS, Call
from scripts.demo_world.identities import IDENTITIES, Identity

PER_RECORD = ("time", "request_id", "event_id", "shared_id", "id17", "id8", "id_byte", "n")
PER_LOG_FILE = ("region", "session_time", "session_key", "expiry")

_ORDER = (
    "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
    "userAgent", "errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData",
    "requestID", "eventID", "readOnly", "resources", "eventType", "apiVersion", "managementEvent",
    "recipientAccountId", "sharedEventID", "vpcEndpointId", "vpcEndpointAccountId", "serviceEventDetails",
    "eventCategory", "tlsDetails", "sessionCredentialFromConsole",
)  # fmt: skip
"""The order of fields that CloudTrail mostly delivers; some record comes sorted by name instead."""

_SLOT = re.compile(r'"<#(\w+)>"|<#?(\w+)>')
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_FUNCTIONS = (
    "checkout",
    "orders-api",
    "invoice-render",
    "image-resize",
    "fraud-score",
    "stock-sync",
    "mailer",
    "etl-nightly",
)
_PEOPLE = ("alice", "bob", "carla", "deniz", "emma", "farid", "grace", "hugo")
_USERS = ("svc-backup", "svc-monitoring", "terraform-legacy", "partner-upload")


@dataclass(frozen=True)
class Account:
    """An account of the organisation. `busyness` is its share of the events, relative to the others."""

    number: str
    busyness: float
    org_account: str
    seed: int

    @cached_property
    def names(self) -> dict[str, str]:
        """What fills the static slots of a pattern, the same in all patterns of the account."""
        return _account_names(self, random.Random(self.seed))

    def cast_names(self, rng: random.Random) -> dict[str, str]:
        """`names`, and those that are drawn anew for each pattern."""
        return self.names | {
            "function": rng.choice(_FUNCTIONS),
            "person": rng.choice(_PEOPLE),
            "user": rng.choice(_USERS),
            "table": rng.choice(("orders", "customers", "sessions", "inventory", "ledger")),
            "bucket": f"{rng.choice(('data-lake', 'exports', 'assets', 'backups'))}-{self.number}",
            "instance": f"i-0{rng.getrandbits(64):016x}",
            "kms_key": uuid_text(f"{rng.getrandbits(128):032x}"),
            "other_account": f"{rng.randrange(10**11, 10**12)}",
        }

    @cached_property
    def patterns(self) -> "Patterns":
        """Every call by each of its callers, weighted as this account uses them."""
        rng = random.Random(self.seed)
        texts, weights = [], []
        for call in MANAGEMENT_CALLS + DATA_CALLS:
            habit = rng.lognormvariate(0, 0.7)
            for identity in call.identities:
                for _ in range(2):
                    texts.append(cast(call, IDENTITIES[identity], self.cast_names(rng), rng))
                    weights.append(call.weight * habit / len(call.identities))
        return Patterns(tuple(texts), tuple(accumulate(weights)))


@dataclass(frozen=True)
class Patterns:
    """The patterns of an account, with cumulated weights for `random.choices`."""

    texts: tuple[str, ...]
    cumulated_weights: tuple[float, ...]


def cast(call: Call, who: Identity, names: dict[str, str], rng: random.Random) -> str:
    """The pattern of one call by one caller: JSON with `%(slot)s` for what each record and log file fills in."""
    return pattern(record_fields(call, who, rng), names | {"service": call.service})


def pattern(fields: dict[str, Any], names: dict[str, str]) -> str:
    """Fields as compact JSON, `<name>` filled in from `names`, or left as a `%` slot for each record."""
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False).replace("%", "%%")

    def fill(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return names.get(name, f"%({name})s")

    return _SLOT.sub(fill, text)


def record_fields(call: Call, who: Identity, rng: random.Random) -> dict[str, Any]:
    """The record of a call, its fields in the order in which CloudTrail delivers them."""
    fields: dict[str, Any] = {
        "eventVersion": rng.choice(("1.08", "1.09", "1.10", "1.11", "1.11", "1.11")),
        "userIdentity": who.user_identity,
        "eventTime": "<time>",
        "eventSource": f"{call.source}.amazonaws.com",
        "eventName": call.name,
        "awsRegion": "<region>",
        "sourceIPAddress": who.source_ip,
        "userAgent": who.user_agent,
        "requestParameters": call.request,
        "responseElements": None if call.error else call.response,
        "requestID": "<request_id>",
        "eventID": "<event_id>",
        "readOnly": not call.writes,
        "eventType": "AwsApiCall",
        "managementEvent": not call.data,
        "recipientAccountId": "<account>",
        "eventCategory": "Data" if call.data else "Management",
    }
    if call.error:
        fields["errorCode"], fields["errorMessage"] = call.error
    if not who.user_agent.endswith(".amazonaws.com"):
        fields["tlsDetails"] = _tls(call, rng)
    if who.console:
        fields["sessionCredentialFromConsole"] = "true"
    fields |= call.more
    order = (
        sorted(fields)
        if rng.random() < 0.08
        else [*filter(fields.__contains__, _ORDER), *(fields.keys() - set(_ORDER))]
    )
    return {name: fields[name] for name in order}


def per_record_slots(rng: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """Slot values for `count` records but for the time. One dict, refilled: use it before taking the next."""
    values: dict[str, Any] = {}
    digits = rng.randbytes(64 * count).hex()
    for at in range(0, 128 * count, 128):
        values["request_id"] = uuid_text(digits[at : at + 32])
        values["event_id"] = uuid_text(digits[at + 32 : at + 64])
        values["shared_id"] = uuid_text(digits[at + 64 : at + 96])
        values["id17"] = digits[at + 96 : at + 113]
        values["id8"] = digits[at + 113 : at + 121]
        number = int(digits[at + 121 : at + 126], 16)
        values["n"] = number
        values["id_byte"] = number & 255
        yield values


def uuid_text(digits: str) -> str:
    """32 hex digits as a UUID is written."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def unique_id(rng: random.Random, length: int) -> str:
    """The random part of an access key's or a principal's id."""
    return "".join(rng.choices(_UPPER, k=length))


def _tls(call: Call, rng: random.Random) -> dict[str, str]:
    modern = rng.random() < 0.8
    details = {
        "tlsVersion": "TLSv1.3" if modern else "TLSv1.2",
        "cipherSuite": "TLS_AES_128_GCM_SHA256" if modern else "ECDHE-RSA-AES128-GCM-SHA256",
        "clientProvidedHostHeader": f"{call.source}.<region>.amazonaws.com",
    }
    if rng.random() < 0.2:
        details["keyExchange"] = "X25519MLKEM768"
    return details


def _account_names(account: Account, rng: random.Random) -> dict[str, str]:
    roles = {
        "sso": f"AWSReservedSSO_AdministratorAccess_{rng.getrandbits(64):016x}",
        "ci": "ci-deployer",
        "node": "eks-node-group-role",
        "lambda": "lambda-execution-role",
        "pod": "eks-pod-orders",
        "scaling": "AWSServiceRoleForAutoScaling",
    }
    names = {f"{role}_id": unique_id(rng, 17) for role in roles}
    names |= {f"{role}_key": unique_id(rng, 8) for role in roles}
    return names | roles | {
        "account": account.number,
        "org_account": account.org_account,
        "office": str(rng.randrange(2, 30)),
        "nat": str(rng.randrange(2, 250)),
        "user_id": unique_id(rng, 17),
        "user_key": unique_id(rng, 16),
        "cluster_id": f"{rng.getrandbits(128):032X}",
        "directory_user": uuid_text(f"{rng.getrandbits(128):032x}"),
        "credential": f"{rng.getrandbits(256):064x}",
    }  # fmt: skip
