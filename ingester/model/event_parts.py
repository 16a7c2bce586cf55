"""The objects inside an event: one Struct each, snake_case attributes over CloudTrail's own JSON names.

All scalars are strings in CloudTrail but the numbers of Insights. Everything is optional: see `ingester.model.event`.
"""

from msgspec import Struct, field


class Part(
    Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True
):
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
