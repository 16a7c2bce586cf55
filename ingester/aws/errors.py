"""What an exception of boto3 or urllib3 means, in one sentence for the operator. Pure.

Sentences quote AWS's own message, which names the caller, the permission and the resource. They never quote a
request or a whole response: those hold signatures, key ids and session tokens. Some messages quote the request that
the server got; these are cut where that begins.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.exceptions import (
    ConnectionError as BotocoreConnectionError,
)
from urllib3.exceptions import HTTPError


class FaultKind(StrEnum):
    """What must happen next: mend, wait, or try again."""

    DENIED = "denied"
    CREDENTIALS = "credentials"
    EXPIRED = "expired"
    MISSING = "missing"
    WRONG_REGION = "wrong_region"
    CHANGED = "changed"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    SERVER = "server"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class AwsFault:
    """One failed call. `code` is AWS's error code or the exception's name; `sentence` ends with a full stop."""

    kind: FaultKind
    code: str
    sentence: str
    hint: str = ""

    @property
    def is_passing(self) -> bool:
        """Whether the same call may well work later without anybody mending anything."""
        return self.kind in _PASSING

    @property
    def is_away(self) -> bool:
        """Whether whom we asked is there, and can't answer for a while. Expired credentials somebody must renew; and
        where no connection is made at all, or nobody knows the call, the address may be wrong."""
        is_troubled = self.kind in (FaultKind.THROTTLED, FaultKind.SERVER) and self.code not in _UNKNOWN_CALL
        return is_troubled or self.code in _BROKEN_OFF


_BROKEN_OFF = frozenset({"ConnectionClosedError", "ReadTimeoutError", "ProtocolError"})
"""Exceptions of boto3 and urllib3 once there is a connection."""

_UNKNOWN_CALL = frozenset({"NotImplemented", "501"})

_PASSING = frozenset({FaultKind.EXPIRED, FaultKind.THROTTLED, FaultKind.UNREACHABLE, FaultKind.SERVER})

_OF_A_REQUEST = re.compile(
    r"\b(?:GET|PUT|POST|HEAD|DELETE) /|x-amz-|\bauthorization\s*[=:]|aws4-|canonical|string.?to.?sign|\bhost:"
    r"|(?:signature|credential|token|accesskeyid|secret\w*)\s*[=:]|https?://[^\s/]*@",
    re.IGNORECASE,
)
"""What only a quoted request has: its first line, its headers, what is signed, or a URL with a password."""

_KINDS: dict[str, FaultKind] = {
    **dict.fromkeys(
        ("AccessDenied", "AccessDeniedException", "AllAccessDisabled", "AuthorizationError", "403", "Forbidden",
         "KMS.AccessDeniedException", "KmsAccessDenied", "AWS.SimpleQueueService.AccessDenied"),
        FaultKind.DENIED,
    ),
    **dict.fromkeys(
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidClientTokenId", "UnrecognizedClientException",
         "AuthFailure", "InvalidToken", "RequestTimeTooSkewed", "MissingAuthenticationToken", "InvalidSecurity"),
        FaultKind.CREDENTIALS,
    ),
    **dict.fromkeys(
        ("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"), FaultKind.EXPIRED
    ),
    **dict.fromkeys(
        ("NoSuchKey", "NoSuchBucket", "NoSuchVersion", "NoSuchUpload", "404", "NotFound",
         "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "QueueDeletedRecently"),
        FaultKind.MISSING,
    ),
    **dict.fromkeys(
        ("PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed",
         "IllegalLocationConstraintException", "301", "307"),
        FaultKind.WRONG_REGION,
    ),
    **dict.fromkeys(("PreconditionFailed", "412", "ConditionalRequestConflict"), FaultKind.CHANGED),
    **dict.fromkeys(
        ("SlowDown", "503", "ServiceUnavailable", "Throttling", "ThrottlingException", "RequestThrottled",
         "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded", "OverLimit",
         "BandwidthLimitExceeded", "KMS.ThrottlingException", "KmsThrottled", "429"),
        FaultKind.THROTTLED,
    ),
    **dict.fromkeys(("InternalError", "InternalFailure", "500", "502", "504", "RequestTimeout"), FaultKind.SERVER),
}  # fmt: skip

_HINTS = {
    FaultKind.CREDENTIALS: "Check the AWS credentials of this process, and its clock.",
    FaultKind.EXPIRED: "Renew the credentials; a role's are renewed by themselves.",
    FaultKind.WRONG_REGION: "Give the right --region.",
    FaultKind.UNREACHABLE: "Check the network, and --endpoint-url if it is set.",
}


def explain(error: BaseException, url: str = "") -> AwsFault:
    """What `error`, raised by a boto3 client, means. `url`: where the call went, for an error that does not say."""
    if isinstance(error, ClientError):
        found = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return explain_code(found.get("Code", "") or str(status), found.get("Message", ""), status)
    name = type(error).__name__
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        return AwsFault(FaultKind.CREDENTIALS, name, "No usable AWS credentials.", _HINTS[FaultKind.CREDENTIALS])
    if isinstance(error, ParamValidationError):
        return AwsFault(FaultKind.OTHER, name, f"AWS does not take these parameters: {_one_line(str(error))}")
    if isinstance(error, HTTPClientError | BotocoreConnectionError | HTTPError | OSError):
        host = _host(getattr(error, "kwargs", {}).get("endpoint_url") or url)
        return AwsFault(
            FaultKind.UNREACHABLE, name, f"No answer from {host} ({name}).", _HINTS[FaultKind.UNREACHABLE]
        )
    return AwsFault(FaultKind.OTHER, name, f"{name}: {_one_line(_without_request(str(error)))}")


def explain_code(code: str, message: str | None, status: int = 0) -> AwsFault:
    """What AWS's error code means, with AWS's own message; `status` (HTTP) decides where the code is unknown."""
    kind = _KINDS.get(code) or _KINDS.get(code.rpartition(".")[2]) or _KINDS.get(str(status))
    if kind is None:
        kind = FaultKind.SERVER if status >= 500 else FaultKind.OTHER
    said = _without_request(message or "")  # boto3 gives None where S3 gave no body
    sentence = f"{code}: {_one_line(said)}" if said and said != code else f"{code}."
    return AwsFault(kind, code, sentence, _HINTS.get(kind, ""))


def _without_request(message: str) -> str:
    """A message up to where it begins to quote a request."""
    quoted = _OF_A_REQUEST.search(message)
    return message[: quoted.start()].rstrip(" '\"(:") if quoted else message


def _one_line(message: str) -> str:
    """A message of the server as one bounded sentence."""
    line = " ".join(message.split())[:500]
    return line if line.endswith(".") else line + "."


def _host(url: str) -> str:
    """The host that did not answer, without what a URL may hold of user names, passwords and signatures."""
    parts = urlsplit(url)
    if not parts.hostname:
        return "AWS"
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
