"""The objects inside an event: one Struct each, snake_case attributes over CloudTrail's own JSON names.

All scalars are strings in CloudTrail but the numbers of Insights. Everything is optional, and None where it is
absent, null, or of another type: see `ingester.model.event`.
"""

from typing import Any

import msgspec
from msgspec import Struct, field


class Part(
    Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True
):
    """A JSON object inside an event. `gc=False` is safe: events are trees, never cycles."""


class SessionIssuer(Part, frozen=True):
    """Who issued the temporary credentials: usually the role."""

    type: str | None = None
    """Role, IAMUser, Root, …"""
    user_name: str | None = None
    """Name of the role or user, without its path."""
    principal_id: str | None = None
    """The issuer's unique id, such as AROA…"""
    arn: str | None = None
    """ARN of the role, user or account."""
    account_id: str | None = None
    """Account of the issuer, twelve digits."""


class WebIdFederationData(Part, frozen=True):
    """Web identity federation: the provider and what it said of the user."""

    federated_provider: str | None = None
    """The identity provider, by its domain or its ARN."""
    attributes: dict[str, str | None] | None = None
    """The application id and the user id, under names that the provider chooses."""


class SessionAttributes(Part, frozen=True):
    """How a session began."""

    creation_date: str | None = None
    """When the credentials were issued: ISO 8601 text in UTC."""
    mfa_authenticated: str | None = None
    """Whether with MFA: the text "true" or "false"."""


class SessionContext(Part, frozen=True):
    """The session behind temporary credentials."""

    session_issuer: SessionIssuer | None = None
    """Who issued the credentials."""
    web_id_federation_data: WebIdFederationData | None = None
    """The web identity behind the session, if it is one."""
    attributes: SessionAttributes | None = None
    """When the session began, and whether with MFA."""
    source_identity: str | None = None
    """The name that was set when the role was assumed and can't be changed in the session."""
    ec2_role_delivery: str | None = None
    """How an EC2 instance got the role's credentials: "1.0" or "2.0", the version of its metadata service."""
    assumed_root: str | None = None
    """Whether it is a root session of a member account: the text "true" or "false"."""
    sign_in_session_arn: str | None = None
    """ARN of the sign-in session."""


class InvokedByDelegate(Part, frozen=True):
    """The delegate, an AWS partner, that made the call."""

    account_id: str | None = None
    """Account of the delegate, twelve digits."""


class OnBehalfOf(Part, frozen=True):
    """The IAM Identity Center user for whom the call was made."""

    user_id: str | None = None
    """Id of the user in the identity store."""
    identity_store_arn: str | None = None
    """ARN of the identity store."""


class InScopeOf(Part, frozen=True):
    """The AWS resource in whose scope a service made the call."""

    source_arn: str | None = None
    """ARN of the resource."""
    source_account: str | None = None
    """Account of the resource, twelve digits."""
    issuer_type: str | None = None
    """Kind of resource that issued the credentials, such as AWS::Lambda::Function."""
    credentials_issued_to: str | None = None
    """Where the credentials were issued to."""


class UserIdentity(Part, frozen=True):
    """Who made the call."""

    type: str | None = None
    """Root, IAMUser, AssumedRole, Role, FederatedUser, Directory, AWSAccount, AWSService, IdentityCenterUser,
    SAMLUser, WebIdentityUser or Unknown."""
    user_name: str | None = None
    """Name of the user; HIDDEN_DUE_TO_SECURITY_REASONS where somebody typed a wrong one at sign-in."""
    principal_id: str | None = None
    """Unique id of the caller; of a session, the role's id, a colon, and the session's name."""
    arn: str | None = None
    """ARN of the caller; of a session, that of the assumed role with the session's name."""
    account_id: str | None = None
    """Account of the caller, twelve digits."""
    access_key_id: str | None = None
    """The access key; an empty text where there was none."""
    identity_provider: str | None = None
    """The external identity provider of a SAML or web identity."""
    invoked_by: str | None = None
    """The AWS service that made the call for the caller, such as cloudformation.amazonaws.com."""
    credential_id: str | None = None
    """Id of the bearer token, for IAM Identity Center users."""
    invoked_by_delegate: InvokedByDelegate | None = None
    """The delegate that made the call, if one did."""
    on_behalf_of: OnBehalfOf | None = None
    """The IAM Identity Center user for whom the call was made."""
    in_scope_of: InScopeOf | None = None
    """The resource in whose scope a service made the call."""
    session_context: SessionContext | None = None
    """The session, if the call was made with temporary credentials."""


class Resource(Part, frozen=True):
    """A resource that the call touched."""

    arn: str | None = field(name="ARN", default=None)
    """ARN of the resource."""
    account_id: str | None = None
    """Account of its owner, twelve digits."""
    type: str | None = None
    """Its type, such as AWS::S3::Object."""
    arn_prefix: str | None = field(name="ARNPrefix", default=None)
    """In the place of an ARN: what the ARNs of all resources that were touched begin with."""


class TlsDetails(Part, frozen=True):
    """The TLS connection of the call; may be partial."""

    tls_version: str | None = None
    """TLSv1.2, TLSv1.3, …"""
    cipher_suite: str | None = None
    """The cipher suite, by its OpenSSL name."""
    client_provided_host_header: str | None = None
    """The host name that the client asked for: usually the service's endpoint."""
    key_exchange: str | None = None
    """The key exchange, such as x25519."""


class Addendum(Part, frozen=True):
    """Why an event was delivered late, or again with other values."""

    reason: str | None = None
    """DELIVERY_DELAY, UPDATED_DATA or SERVICE_OUTAGE."""
    updated_fields: str | None = None
    """Names of the fields that were updated, separated by commas."""
    original_request_id: str | None = field(name="originalRequestID", default=None)
    """`request_id` of the event that this one updates, where that differs."""
    original_event_id: str | None = field(name="originalEventID", default=None)
    """`event_id` of the event that this one updates, where that differs."""


class EdgeDeviceDetails(Struct, frozen=True, kw_only=True, rename="camel"):
    """The edge device (S3 on Outposts, Snow) to which a request went. What is unknown here is in the event's
    `edge_device_details_json`."""

    type: str | None = None
    """Kind of device."""
    snow_job_id: str | None = None
    """The Snow job that delivered the device."""
    device_id: str | None = None
    """Id of the device."""
    device_family: str | None = None
    """Its model."""
    attributes: dict[str, Any] | None = None
    """More about it, by names that AWS does not document."""


def edge_device_details_of(found: dict[str, Any]) -> EdgeDeviceDetails:
    """What of edgeDeviceDetails is known and of the expected type."""
    known: dict[str, Any] = {
        one.name: value
        for one in msgspec.structs.fields(EdgeDeviceDetails)
        if isinstance(value := found.get(one.encode_name), dict if one.name == "attributes" else str)
    }
    return EdgeDeviceDetails(**known)


class TimeWindow(Part, frozen=True):
    """The time that an Aggregated record covers."""

    window_start: str | None = None
    """Its begin: ISO 8601 text in UTC."""
    window_end: str | None = None
    """Its end: ISO 8601 text in UTC."""
    window_size: str | None = None
    """Its length, as AWS writes it: PT5M."""


class InsightAverage(Part, frozen=True):
    """A mean."""

    average: float | None = None
    """Calls or errors a minute."""


class InsightStatistics(Part, frozen=True):
    """An Insight's numbers against its baseline."""

    baseline: InsightAverage | None = None
    """What was usual before."""
    insight: InsightAverage | None = None
    """What was seen while it was unusual."""
    insight_duration: int | None = None
    """How long it was unusual, in minutes."""
    baseline_duration: int | None = None
    """How long the baseline was, in minutes."""


class InsightValue(Part, frozen=True):
    """One value of an attribution."""

    value: str | None = None
    """The ARN, user agent or error code."""
    average: float | None = None
    """Its mean, in calls or errors a minute."""


class InsightAttribution(Part, frozen=True):
    """Which values of an attribute stood out."""

    attribute: str | None = None
    """userIdentityArn, userAgent or errorCode."""
    insight: list[InsightValue] | None = None
    """Up to five values while it was unusual, the most frequent first."""
    baseline: list[InsightValue] | None = None
    """Up to five values of the time before."""


class InsightContext(Part, frozen=True):
    """Statistics and attributions of an Insight."""

    statistics: InsightStatistics | None = None
    """How much, for how long."""
    attributions: list[InsightAttribution] | None = None
    """Who or what it can be attributed to."""


class InsightDetails(Part, frozen=True):
    """What an Insight event saw: an unusual rate of calls or of errors. One event at its start, one at its end."""

    state: str | None = None
    """Start or End."""
    event_source: str | None = None
    """The service that was called, such as ec2.amazonaws.com."""
    event_name: str | None = None
    """The call."""
    insight_type: str | None = None
    """ApiCallRateInsight or ApiErrorRateInsight."""
    error_code: str | None = None
    """The error, of an ApiErrorRateInsight."""
    insight_context: InsightContext | None = None
    """The numbers."""
