"""What a queue URL says by itself: whether it is one, and the region in it. Pure."""

import re
from urllib.parse import urlsplit

from ingester.model.errors import ConfigurationError
from ingester.model.shown import without_secrets

# sqs.<region>.amazonaws.com, its FIPS, dual stack, China and VPC endpoint forms; and the two legacy ones
_HOST_WITH_REGION = re.compile(
    r"(?:.+\.)?sqs(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)"
    r"|([a-z0-9-]+)\.queue\.amazonaws\.com(?:\.cn)?"
)
_LEGACY_HOST = "queue.amazonaws.com"
_ARN = re.compile(r"arn:aws[\w-]*:sqs:([\w-]+):(\d+):([\w.-]+)")


def check_queue_url(queue_url: str) -> None:
    """Raise ConfigurationError unless `queue_url` could be a queue's; an ARN is answered with the URL for it."""
    arn = _ARN.fullmatch(queue_url)
    if arn:
        raise ConfigurationError(
            f"{queue_url} is a queue's ARN, not its URL.",
            hint=f"Its URL is probably https://sqs.{arn[1]}.amazonaws.com/{arn[2]}/{arn[3]}.",
        )
    try:
        parts = urlsplit(queue_url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.path.strip("/") != ""
        is_clean = not (parts.query or parts.fragment or "@" in parts.netloc or queue_url.split() != [queue_url])
    except ValueError:  # a host that is none, such as an unclosed [
        is_url = is_clean = False
    if not (is_url and is_clean):
        raise ConfigurationError(
            f"“{without_secrets(queue_url)}” is no queue URL.",
            hint="Give --queue-url as SQS shows it: https://sqs.<region>.amazonaws.com/<account>/<queue name>.",
        )


def region_of_queue_url(queue_url: str) -> str | None:
    """The region in the URL's host; None where the host is not one of AWS's."""
    host = urlsplit(queue_url).hostname or ""
    if host == _LEGACY_HOST:
        return "us-east-1"
    match = _HOST_WITH_REGION.fullmatch(host)
    return (match[1] or match[2]) if match else None
