"""CloudTrail's event model: one Struct a JSON object, snake_case attributes over CloudTrail's own JSON names.

This is the one mapping between the two. The decoder reads JSON through it, the Arrow schema takes its column
names and types from it, and the library hands these objects to the user's function.

The types are strict on purpose (`forbid_unknown_fields`): a record that does not fit is not an error, it takes
the tolerant path (`ingester.decode.tolerant`), which keeps what does not fit in `unmapped`. Strictness costs
nothing on the records that fit.

Fields follow the CloudTrail record contents page up to eventVersion 1.11, plus what real records show
(`ARNPrefix`). All scalars are strings in CloudTrail but readOnly, managementEvent and the numbers of Insights.
`eventId` of Aggregated records is absent here: its name differs from `eventID` in case only, and DuckDB and
Athena fold case, so it lives in `unmapped`.
"""

from typing import ClassVar

import msgspec
from msgspec import Raw, Struct, field

ABSENT = Raw(b"")
"""A free-form field that the record does not have. A JSON null is `Raw(b"null")`."""


class Part(Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A JSON object inside an event. `gc=False` is safe: events are trees, never cycles."""


class SessionIssuer(Part, frozen=True):
    """Who issued the temporary credentials: usually the role."""

    type: str | None = None
    user_name: str | None = None
    principal_id: str | None = None
    arn: str | None = None
    account_id: str | None = None


class WebIdFederationData(Part, frozen=True):
    """Web identity federation: the provider and its open map of attributes."""

    federated_provider: str | None = None
    attributes: dict[str, str | None] | None = None


class SessionAttributes(Part, frozen=True):
    """When the session began, and whether with MFA: strings, as CloudTrail delivers them ("true", "false")."""

    creation_date: str | None = None
    mfa_authenticated: str | None = None


class SessionContext(Part, frozen=True):
    """The session behind temporary credentials."""

    session_issuer: SessionIssuer | None = None
    web_id_federation_data: WebIdFederationData | None = None
    attributes: SessionAttributes | None = None
    source_identity: str | None = None
    ec2_role_delivery: str | None = None
    assumed_root: str | None = None
    sign_in_session_arn: str | None = None


class InvokedByDelegate(Part, frozen=True):
    """The account of a delegate that made the call."""

    account_id: str | None = None


class OnBehalfOf(Part, frozen=True):
    """The IAM Identity Center user for whom the call was made."""

    user_id: str | None = None
    identity_store_arn: str | None = None


class InScopeOf(Part, frozen=True):
    """The AWS resource in whose scope a service made the call."""

    source_arn: str | None = None
    source_account: str | None = None
    issuer_type: str | None = None
    credentials_issued_to: str | None = None


class UserIdentity(Part, frozen=True):
    """Who made the call."""

    type: str | None = None
    user_name: str | None = None
    principal_id: str | None = None
    arn: str | None = None
    account_id: str | None = None
    access_key_id: str | None = None
    identity_provider: str | None = None
    invoked_by: str | None = None
    credential_id: str | None = None
    invoked_by_delegate: InvokedByDelegate | None = None
    on_behalf_of: OnBehalfOf | None = None
    in_scope_of: InScopeOf | None = None
    session_context: SessionContext | None = None


class Resource(Part, frozen=True):
    """A resource that the call touched."""

    arn: str | None = field(name="ARN", default=None)
    account_id: str | None = None
    type: str | None = None
    arn_prefix: str | None = field(name="ARNPrefix", default=None)


class TlsDetails(Part, frozen=True):
    """The TLS connection of the call; may be partial."""

    tls_version: str | None = None
    cipher_suite: str | None = None
    client_provided_host_header: str | None = None
    key_exchange: str | None = None


class Addendum(Part, frozen=True):
    """Why an event was delivered late or again."""

    reason: str | None = None
    updated_fields: str | None = None
    original_request_id: str | None = field(name="originalRequestID", default=None)
    original_event_id: str | None = field(name="originalEventID", default=None)


class TimeWindow(Part, frozen=True):
    """The window of an Aggregated record."""

    window_start: str | None = None
    window_end: str | None = None
    window_size: str | None = None


class InsightAverage(Part, frozen=True):
    """A mean, in calls or errors a minute."""

    average: float | None = None


class InsightStatistics(Part, frozen=True):
    """An Insight's numbers against its baseline; the durations are minutes."""

    baseline: InsightAverage | None = None
    insight: InsightAverage | None = None
    insight_duration: int | None = None
    baseline_duration: int | None = None


class InsightValue(Part, frozen=True):
    """One value of an attribution, with its mean."""

    value: str | None = None
    average: float | None = None


class InsightAttribution(Part, frozen=True):
    """Which values of an attribute (userAgent, errorCode, …) stood out, and the baseline's."""

    attribute: str | None = None
    insight: list[InsightValue] | None = None
    baseline: list[InsightValue] | None = None


class InsightContext(Part, frozen=True):
    """Statistics and attributions of an Insight."""

    statistics: InsightStatistics | None = None
    attributions: list[InsightAttribution] | None = None


class InsightDetails(Part, frozen=True):
    """What an Insight event saw."""

    state: str | None = None
    event_source: str | None = None
    event_name: str | None = None
    insight_type: str | None = None
    error_code: str | None = None
    insight_context: InsightContext | None = None


class CloudTrailEvent(Part, frozen=True):
    """One CloudTrail event, of any category.

    Free-form fields (`FREE_FORM_FIELDS`, their names end in `_json`) are `msgspec.Raw`: the JSON bytes as
    delivered, `ABSENT` where the record has no such field.
    """

    unmapped: ClassVar[bytes | None] = None
    """JSON text of what does not fit the model; None on a record that fits. See `ingester.decode.tolerant`."""

    event_version: str | None = None
    user_identity: UserIdentity | None = None
    event_time: str | None = None
    event_source: str | None = None
    event_name: str | None = None
    aws_region: str | None = None
    source_ip_address: str | None = field(name="sourceIPAddress", default=None)
    user_agent: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    request_parameters_json: Raw = field(name="requestParameters", default=ABSENT)
    response_elements_json: Raw = field(name="responseElements", default=ABSENT)
    additional_event_data_json: Raw = field(name="additionalEventData", default=ABSENT)
    request_id: str | None = field(name="requestID", default=None)
    event_id: str | None = field(name="eventID", default=None)
    api_version: str | None = None
    read_only: bool | None = None
    resources: list[Resource] | None = None
    event_type: str | None = None
    recipient_account_id: str | None = None
    shared_event_id: str | None = field(name="sharedEventID", default=None)
    vpc_endpoint_id: str | None = None
    vpc_endpoint_account_id: str | None = None
    service_event_details_json: Raw = field(name="serviceEventDetails", default=ABSENT)
    management_event: bool | None = None
    event_category: str | None = None
    addendum: Addendum | None = None
    session_credential_from_console: str | None = None
    edge_device_details_json: Raw = field(name="edgeDeviceDetails", default=ABSENT)
    tls_details: TlsDetails | None = None
    event_context_json: Raw = field(name="eventContext", default=ABSENT)
    insight_details: InsightDetails | None = None
    aggregated_account_id: str | None = field(name="accountId", default=None)
    time_window: TimeWindow | None = None
    summary_json: Raw = field(name="summary", default=ABSENT)


FREE_FORM_FIELDS = tuple(f.name for f in msgspec.structs.fields(CloudTrailEvent) if f.type is Raw)
"""Attributes whose JSON is kept as delivered: open objects whose keys AWS does not document or may change."""


class LooseEvent(CloudTrailEvent, frozen=True, forbid_unknown_fields=False):
    """An event that took the tolerant path: what did not fit its columns is JSON text in `unmapped`.

    Made only by `ingester.decode.tolerant`, never decoded from JSON directly.
    """

    unmapped: bytes | None = None  # type: ignore[misc]
