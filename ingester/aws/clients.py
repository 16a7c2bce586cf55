"""boto3 clients, made in one way: region, endpoint, credentials, timeouts, retries.

Credentials come from boto3's own chain (environment, profile, container, instance role), or from the session that a
user of the library gives, never from us.
"""

import os
import threading
from typing import TYPE_CHECKING, Any, Literal, overload

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, NoRegionError, PartialCredentialsError, ProfileNotFound

from ingester.model.errors import ConfigurationError
from ingester.model.settings import Settings
from ingester.model.shown import without_secrets

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 30
"""Longer than the longest poll of SQS, 20 seconds."""
ATTEMPTS_MAX = 3
CONNECTIONS_MAX = 32

_session_lock = threading.Lock()  # boto3's docs: clients are thread safe, making them is not


def make_session(settings: Settings) -> Session:
    """The session of the settings; else one with the region resolved: the setting, AWS_DEFAULT_REGION or the
    profile's, AWS_REGION.

    Raises ConfigurationError when the profile named in the environment does not exist, or there are no credentials.
    """
    try:
        session: Session = settings.session or Session(region_name=settings.region)
        if settings.session is None and session.region_name is None and os.environ.get("AWS_REGION"):
            session = Session(region_name=os.environ["AWS_REGION"])
        credentials = session.get_credentials()
    except ProfileNotFound as error:
        raise ConfigurationError(f"{error}.", hint="Set AWS_PROFILE to one of your profiles, or unset it.") from error
    except PartialCredentialsError as error:
        raise ConfigurationError("The AWS credentials are incomplete.", hint=_CREDENTIALS_HINT) from error
    except BotoCoreError as error:
        raise ConfigurationError(
            f"AWS credentials can't be had: {type(error).__name__}.", hint=_CREDENTIALS_HINT
        ) from error
    if credentials is None:
        raise ConfigurationError("No AWS credentials were found.", hint=_CREDENTIALS_HINT)
    return session


@overload
def make_client(
    service: Literal["s3"],
    settings: Settings,
    region: str | None = None,
    *,
    config: Config | None = None,
    session: Session | None = None,
) -> "S3Client": ...
@overload
def make_client(
    service: Literal["sqs"],
    settings: Settings,
    region: str | None = None,
    *,
    config: Config | None = None,
    session: Session | None = None,
) -> "SQSClient": ...
def make_client(
    service: str,
    settings: Settings,
    region: str | None = None,
    *,
    config: Config | None = None,
    session: Session | None = None,
) -> Any:
    """A client of `service`, thread safe, for the process that makes it.

    `region` wins over the settings and the environment; S3 without any region starts in us-east-1. `config` is
    merged over the shared one. `session`: one of `make_session`, else a new one. The endpoint is
    `settings.endpoint_url`, else the standard AWS environment (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, …). Nothing
    is sent yet, except what finding credentials takes.

    Raises ConfigurationError: no region, no credentials, an endpoint that is no URL, an unknown profile.
    """
    with _session_lock:
        session = session or make_session(settings)
        if service == "s3":
            region = region or settings.s3_region or settings.region or session.region_name or "us-east-1"
        region = region or settings.region or session.region_name
        merged = _shared_config(settings).merge(config) if config else _shared_config(settings)
        try:
            return session.client(  # type: ignore[call-overload]
                service, region_name=region, endpoint_url=settings.endpoint_url, config=merged
            )
        except NoRegionError as error:
            raise ConfigurationError(
                f"No AWS region is set for {service.upper()}.", hint="Give --region, or set AWS_DEFAULT_REGION."
            ) from error
        except ValueError as error:  # botocore: "Invalid endpoint: …", and InvalidRegionError, which is one too
            raise ConfigurationError(
                f"A client for {service.upper()} can't be made: {without_secrets(str(error))}.",
                hint="Check --endpoint-url and --region (http://host:port, eu-west-1).",
            ) from error


_CREDENTIALS_HINT = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this machine or container an IAM role."
)


def _shared_config(settings: Settings) -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS_MAX},
        max_pool_connections=CONNECTIONS_MAX,
        tcp_keepalive=True,
        user_agent_extra="cloudtrail-ingester",
        s3={"addressing_style": "path" if _has_own_endpoint(settings) else "auto"},
    )


def _has_own_endpoint(settings: Settings) -> bool:
    """Whether S3 is asked for somewhere else than usual: most such servers have no DNS name for each bucket."""
    return bool(settings.endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"))
