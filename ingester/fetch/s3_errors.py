"""What went wrong between S3 and us, for both clients: first as a fault, then as the FetchError of a log file.

obstore's exceptions hold S3's whole answer and where it came from, also what must not be told (signatures, key ids,
tokens). Only the code and the message are taken out of it, and the exception itself is not chained.
"""

import re
from html import unescape

from ingester.aws.errors import AwsFault, FaultKind, explain_code
from ingester.fetch.base import changed
from ingester.model.errors import FetchError
from ingester.model.log_file import LogFile

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([^<]*)</Code>")
_MESSAGE = re.compile(r"<Message>([^<]*)</Message>")
_HTTP_KIND = re.compile(r"kind: (\w+),")
_BARE_REDIRECT = "redirect without LOCATION"


class CallFailedError(Exception):
    """A call to S3 failed. Never leaves this room: it becomes a FetchError, or another attempt."""

    def __init__(self, fault: AwsFault) -> None:
        super().__init__(fault.sentence)
        self.fault = fault


def explain_obstore(error: BaseException) -> AwsFault:
    """What an exception of obstore means: S3's own code and message where it answered."""
    text = str(error)
    if _BARE_REDIRECT in text:  # a 301 of S3, of which obstore does not tell the body
        return explain_code("PermanentRedirect", "the bucket is in another region", 301)
    status = _STATUS.search(text)
    if status is None:
        kind = _HTTP_KIND.search(text)
        reason = kind[1].lower() if kind else type(error).__name__
        return AwsFault(FaultKind.UNREACHABLE, reason, f"No whole answer came from S3 ({reason}).")
    code = _CODE.search(text)
    message = _MESSAGE.search(text)
    return explain_code(
        code[1] if code else status[1], unescape(message[1]) if message else f"HTTP {status[1]}", int(status[1])
    )


def fetch_error(fault: AwsFault, log_file: LogFile) -> FetchError:
    """The fault as an error of this log file: what happened, and what to mend."""
    if fault.kind is FaultKind.CHANGED:
        return changed(log_file)
    return FetchError(
        f"{log_file.uri} can't be fetched: {fault.sentence}",
        hint=_hint(fault, log_file),
        throttled=fault.kind is FaultKind.THROTTLED,
        # credentials that are not accepted are no fault of the log file either
        passing=fault.is_passing or fault.kind is FaultKind.CREDENTIALS,
    )


def _hint(fault: AwsFault, log_file: LogFile) -> str:
    match fault.kind, fault.code:
        case _, "InvalidObjectState":
            return "It is archived: restore it first."
        case FaultKind.DENIED, _:
            return _permission_hint(fault, log_file)
        case FaultKind.MISSING, "NoSuchBucket":
            return f"There is no bucket {log_file.bucket}; check the endpoint too, if you set one."
        case FaultKind.MISSING, _:
            return "It was deleted after it was announced, or never written; does a lifecycle rule delete too early?"
    return fault.hint


def _permission_hint(fault: AwsFault, log_file: LogFile) -> str:
    if "kms" in f"{fault.code} {fault.sentence}".lower():
        return f"Allow kms:Decrypt on the KMS key that encrypts bucket {log_file.bucket}."
    action = "s3:GetObject" if log_file.version_id is None else "s3:GetObjectVersion"
    return (
        f"Allow {action} on arn:aws:s3:::{log_file.bucket}/{log_file.key}, in this role's policy and in the bucket's "
        "(without s3:ListBucket, a missing object gets the same answer)."
    )
