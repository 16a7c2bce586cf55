"""CloudTrail's event model: one Struct a JSON object, snake_case attributes over CloudTrail's own JSON names.

This is the one mapping between the two. The decoder reads JSON through it, the Arrow schema takes its column
names and types from it, and the library hands these objects to the user's function.

The types are strict on purpose (`forbid_unknown_fields`): a record that does not fit is not an error, it takes
the tolerant path (`ingester.decode.tolerant`), which keeps what does not fit in `unmapped_json`. Strictness costs
nothing on the records that fit.

Fields follow the CloudTrail record contents page up to eventVersion 1.11, plus what real records show
(`ARNPrefix`). All scalars are strings in CloudTrail but readOnly, managementEvent and the numbers of Insights.
`eventId` of Aggregated records is absent here: its name differs from `eventID` in case only, and DuckDB and
Athena fold case, so it lives in `unmapped_json`.
"""

from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec
from msgspec import UNSET, Raw, UnsetType, field
from msgspec.structs import force_setattr

from ingester.model.event_parts import (
    Addendum,
    EdgeDeviceDetails,
    InsightDetails,
    Part,
    Resource,
    TimeWindow,
    TlsDetails,
    UserIdentity,
    edge_device_details_of,
)
from ingester.model.json_text import encode_json, merge_deep, parse_json
from ingester.model.log_file import LogFile
from ingester.model.origin import Origin

ABSENT = Raw(b"")
"""A free-form field that the record does not have. A JSON null is `Raw(b"null")`."""


class CloudTrailEvent(Part, frozen=True):
    """One CloudTrail event, of any category. Every field may be None: absent, null, or not of the expected type.

    Free-form fields (`FREE_FORM_FIELDS`, their names end in `_json`) are `msgspec.Raw`: the JSON bytes as
    delivered, `ABSENT` where the record has no such field. The same name without `_json` gives them parsed.

    Events are immutable, and may be passed to other threads, pickled and copied. An event that a log file delivered
    holds on to the JSON of its log file; `detached` gives a copy that does not.
    """

    unmapped_json: ClassVar[bytes | None] = None
    """JSON text of what does not fit the model; None on a record that fits. See `ingester.decode.tolerant`."""

    # Where an event comes from; only a DeliveredEvent knows.
    _origin: ClassVar[Origin | UnsetType] = UNSET
    _place: ClassVar[int | UnsetType] = UNSET
    _parsed: ClassVar[dict[str, Any] | UnsetType | None] = None

    event_version: str | None = None
    """Major and minor, such as 1.08; 1.10 comes after 1.9."""
    user_identity: UserIdentity | None = None
    """Who made the call. None on Insights and Aggregated records."""
    event_time_text: str | None = field(name="eventTime", default=None)
    """When the call was made, as delivered: ISO 8601 text in UTC. `event_time` is the same as a datetime."""
    event_source: str | None = None
    """The service that was called, such as s3.amazonaws.com."""
    event_name: str | None = None
    """The call, such as GetObject. Of an Insight: see `insight_details`."""
    aws_region: str | None = None
    """The region that was called, such as eu-west-1."""
    source_ip_address: str | None = field(name="sourceIPAddress", default=None)
    """The caller's IPv4 or IPv6 address, or the domain name of the AWS service that called, or AWS Internal."""
    user_agent: str | None = None
    """The caller's software, as it names itself; at most 1 kB."""
    error_code: str | None = None
    """The service's error, such as AccessDenied. None where the call succeeded."""
    error_message: str | None = None
    """What the service said about the error."""
    request_parameters_json: Raw = field(name="requestParameters", default=ABSENT)
    """JSON of the call's parameters. CloudTrail leaves out what is larger than 100 kB."""
    response_elements_json: Raw = field(name="responseElements", default=ABSENT)
    """JSON of the answer to a call that changed something; null for one that only read."""
    additional_event_data_json: Raw = field(name="additionalEventData", default=ABSENT)
    """JSON of what is neither in the request nor in the answer."""
    request_id: str | None = field(name="requestID", default=None)
    """The service's id of the request."""
    event_id: str | None = field(name="eventID", default=None)
    """CloudTrail's id of the event, a UUID. Two trails deliver one event twice, in two log files."""
    api_version: str | None = None
    """Version of the service's API. Seldom a date."""
    read_only: bool | None = None
    """Whether the call only read."""
    resources: list[Resource] | None = None
    """The resources that the call touched."""
    event_type: str | None = None
    """AwsApiCall, AwsServiceEvent, AwsConsoleAction, AwsConsoleSignIn, AwsVpceEvent, AwsCloudTrailInsight or
    AwsAggregatedEvent."""
    recipient_account_id: str | None = None
    """The account that got the event, twelve digits: not that of the caller where one account calls into another."""
    shared_event_id: str | None = field(name="sharedEventID", default=None)
    """A UUID that the events have in common which one call gave in several accounts."""
    vpc_endpoint_id: str | None = None
    """The VPC endpoint that the call came through."""
    vpc_endpoint_account_id: str | None = None
    """The account of that VPC endpoint, twelve digits."""
    service_event_details_json: Raw = field(name="serviceEventDetails", default=ABSENT)
    """JSON of what made a service act without a call, and of what came of it."""
    management_event: bool | None = None
    """Whether it is a management event."""
    event_category: str | None = None
    """Management, Data, NetworkActivity, Insight or Aggregated."""
    addendum: Addendum | None = None
    """Why the event was delivered late or again."""
    session_credential_from_console: str | None = None
    """The text "true" if the call came from a session of the AWS console."""
    edge_device_details_json: Raw = field(name="edgeDeviceDetails", default=ABSENT)
    """JSON about the edge device to which the request went."""
    tls_details: TlsDetails | None = None
    """The TLS connection of the call."""
    event_context_json: Raw = field(name="eventContext", default=ABSENT)
    """JSON of tags and of conditions of the request (from eventVersion 1.11 on)."""
    insight_details: InsightDetails | None = None
    """What an Insight saw."""
    aggregated_account_id: str | None = field(name="accountId", default=None)
    """The account of an Aggregated record, twelve digits. `account_id` is that of any event."""
    time_window: TimeWindow | None = None
    """The time that an Aggregated record covers."""
    summary_json: Raw = field(name="summary", default=ABSENT)
    """JSON of what an Aggregated record counts."""

    @property
    def event_time(self) -> datetime | None:
        """When the call was made: aware, in UTC. None where there is no time or it can't be read as one."""
        try:
            time = datetime.fromisoformat(self.event_time_text or "")
            return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    @property
    def account_id(self) -> str | None:
        """The account that the event belongs to: recipientAccountId, else userIdentity.accountId, else that of its
        session's issuer, else (records of kind Aggregated) accountId."""
        identity = self.user_identity
        issuer = identity and identity.session_context and identity.session_context.session_issuer
        return (
            self.recipient_account_id
            or (identity and identity.account_id)
            or (issuer and issuer.account_id)
            or self.aggregated_account_id
            or None
        )

    @property
    def request_parameters(self) -> dict[str, Any] | None:
        """requestParameters, parsed on first use and kept. None where it is absent, null, or no JSON object: then
        `request_parameters_json` has it. A number that a float can't hold is a Decimal. So are those that follow."""
        return self._object("request_parameters_json")

    @property
    def response_elements(self) -> dict[str, Any] | None:
        """responseElements, parsed on first use."""
        return self._object("response_elements_json")

    @property
    def additional_event_data(self) -> dict[str, Any] | None:
        """additionalEventData, parsed on first use."""
        return self._object("additional_event_data_json")

    @property
    def service_event_details(self) -> dict[str, Any] | None:
        """serviceEventDetails, parsed on first use."""
        return self._object("service_event_details_json")

    @property
    def event_context(self) -> dict[str, Any] | None:
        """eventContext, parsed on first use."""
        return self._object("event_context_json")

    @property
    def summary(self) -> dict[str, Any] | None:
        """summary of a record of kind Aggregated, parsed on first use."""
        return self._object("summary_json")

    @property
    def edge_device_details(self) -> EdgeDeviceDetails | None:
        """edgeDeviceDetails, parsed on first use. `edge_device_details_json` has all of it."""
        found = self._object("edge_device_details_json")
        return None if found is None else edge_device_details_of(found)

    @property
    def unmapped(self) -> dict[str, Any]:
        """What does not fit the model, nested as the record is, by CloudTrail's own names: unknown fields at any
        level, and known ones with a value of an unexpected type. Empty for a record that fits. Parsed on first use.
        """
        return self._object("unmapped_json") or {}

    @property
    def log_file(self) -> LogFile:
        """The log file that delivered the event. Raises AttributeError on an event that none delivered."""
        if isinstance(self._origin, Origin):
            return self._origin.log_file
        raise AttributeError("this event was not delivered by a log file")

    @property
    def raw(self) -> bytes | None:
        """The record's very bytes, as they stand in the log file. None on an event that none delivered."""
        record = self._record()
        return None if record is None else bytes(record)

    @property
    def byte_start(self) -> int | None:
        """Where the record begins in the decompressed log file, in bytes from 0. None without `raw_event_info`."""
        origin, place = self._origin, self._place
        return origin.start(place) if isinstance(origin, Origin) and isinstance(place, int) else None

    @property
    def byte_end(self) -> int | None:
        """Where it ends: `file[event.byte_start : event.byte_end] == event.raw`. None without `raw_event_info`."""
        start = self.byte_start
        return None if start is None else start + len(self.raw or b"")

    def to_dict(self) -> dict[str, Any]:
        """The record, by CloudTrail's own names: what JSON of it parses to, unknown fields and all.

        A number of more digits than a float holds is a Decimal. A new dict at every call.
        """
        record = self._record()
        if record is not None:
            parsed: dict[str, Any] = parse_json(record)
            return parsed
        members = {name: value for name, attribute in _MEMBERS if not _is_absent(value := getattr(self, attribute))}
        return merge_deep(parse_json(encode_json(members)), self.unmapped)

    def to_json(self) -> str:
        """The record as JSON: the very text that was delivered, or made of the fields where no log file did."""
        return (self.raw or encode_json(self.to_dict())).decode()

    def detached(self) -> "CloudTrailEvent":
        """An equal event with its own copy of its JSON, to keep for long: its log file's JSON can go."""
        copied = {name: raw.copy() for name in FREE_FORM_FIELDS if (raw := getattr(self, name)) is not ABSENT}
        event: CloudTrailEvent = msgspec.structs.replace(self, **copied)
        if isinstance(self._origin, Origin) and isinstance(self._place, int):
            force_setattr(event, "_origin", self._origin.alone(self._place))
            force_setattr(event, "_place", 0)
        return event

    def _record(self) -> Raw | None:
        origin, place = self._origin, self._place
        return origin.record(place) if isinstance(origin, Origin) and isinstance(place, int) else None

    def _object(self, attribute: str) -> dict[str, Any] | None:
        parsed = self._parsed
        if parsed is None:
            return self._parse(attribute)
        if parsed is UNSET:
            parsed = {}
            force_setattr(self, "_parsed", parsed)
        if attribute not in parsed:
            parsed[attribute] = self._parse(attribute)
        found: dict[str, Any] | None = parsed[attribute]
        return found

    def _parse(self, attribute: str) -> dict[str, Any] | None:
        text = getattr(self, attribute)
        value = parse_json(text) if text else None
        return value if isinstance(value, dict) else None

    def __eq__(self, other: object) -> bool:
        """Whether all that the record says is equal, wherever it was delivered."""
        if not isinstance(other, CloudTrailEvent):
            return NotImplemented
        return self.unmapped_json == other.unmapped_json and all(
            getattr(self, name) == getattr(other, name) for name in CloudTrailEvent.__struct_fields__
        )

    def __hash__(self) -> int:
        return hash((self.event_id, self.event_time_text, self.event_name))

    def __repr__(self) -> str:
        shown = ("event_time_text", "event_source", "event_name", "aws_region", "event_id")
        return f"CloudTrailEvent({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


FREE_FORM_FIELDS = tuple(f.name for f in msgspec.structs.fields(CloudTrailEvent) if f.type is Raw)
"""Attributes whose JSON is kept as delivered: open objects whose keys AWS does not document or may change."""

_MEMBERS = [(f.encode_name, f.name) for f in msgspec.structs.fields(CloudTrailEvent)]


def _is_absent(value: object) -> bool:
    return value is None or (isinstance(value, Raw) and not value)


class LooseEvent(CloudTrailEvent, frozen=True, forbid_unknown_fields=False):
    """An event that took the tolerant path: what did not fit its columns is JSON text in `unmapped_json`.

    Made only by `ingester.decode.tolerant`, never decoded from JSON directly.
    """

    unmapped_json: bytes | None = None  # type: ignore[misc]
