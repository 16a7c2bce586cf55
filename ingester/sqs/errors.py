"""What went wrong between us and SQS, in one sentence for the operator and a hint. Pure.

Never quotes credentials: SQS's answer to a wrong signature repeats the request that it expected, session token
included, so of errors about credentials only the code is told. A queue URL is shown without user and password.
"""

from urllib.parse import urlsplit

from ingester.aws.errors import AwsFault, FaultKind
from ingester.model.errors import IngesterError
from ingester.sqs.calls import Operation

_PERMISSIONS: dict[Operation, str] = {
    "ReceiveMessage": "sqs:ReceiveMessage",
    "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "DeleteMessageBatch": "sqs:DeleteMessage",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
}
_MISSING_CODES = frozenset({"InvalidAddress"})
_CODE_PREFIX = "AWS.SimpleQueueService."


class SqsError(IngesterError):
    """A call to SQS failed. The next one may succeed: whoever calls goes on, with backoff.

    `code` is SQS's own error code, or the name of an exception where no answer came.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        passing: bool = False,
        code: str = "",
        kind: FaultKind = FaultKind.OTHER,
    ) -> None:
        super().__init__(message, hint=hint, passing=passing)
        self.code = code
        self.kind = kind


class QueueOverLimitError(SqsError):
    """As many messages of the queue are in flight as SQS allows (120,000; 20,000 for FIFO).

    Nothing more is received until some are deleted: stage and commit what is in hand, then delete. To a long poll
    SQS gives no such error, just no messages (its troubleshooting page); only a short poll is told.
    """


def sqs_error(fault: AwsFault, operation: Operation, queue_url: str) -> SqsError:
    """What went wrong with a call, as an SqsError."""
    code = bare_code(fault.code)
    sentence, hint = _explain(fault, code, operation, shown(queue_url))
    kind = QueueOverLimitError if code == "OverLimit" else SqsError
    return kind(sentence, hint=hint, passing=fault.is_away, code=code, kind=fault.kind)


def no_sqs(queue_url: str) -> SqsError:
    """The answer makes no sense: there is something else, or something in between."""
    return SqsError(
        f"What answers for queue {shown(queue_url)} is no SQS.",
        hint="Check --queue-url and --endpoint-url.",
        code="NoSqs",
        kind=FaultKind.SERVER,
    )


def bare_code(code: str) -> str:
    """An error code without the prefix that SQS puts before some."""
    return code.removeprefix(_CODE_PREFIX)


def shown(queue_url: str) -> str:
    """A queue URL as it may be printed: without a user name and password."""
    parts = urlsplit(queue_url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _explain(fault: AwsFault, code: str, operation: Operation, queue: str) -> tuple[str, str]:
    if code == "OverLimit":
        return (
            f"Queue {queue} has as many messages in flight as SQS allows.",
            "It gives more once messages in hand are committed and deleted.",
        )
    if fault.kind is FaultKind.MISSING or code in _MISSING_CODES:
        return (
            f"There is no queue {queue} ({code}).",
            "Check --queue-url: name, account and region; and --endpoint-url.",
        )
    if fault.kind is FaultKind.DENIED:
        permission = "kms:Decrypt on the queue's key" if "kms" in code.lower() else _PERMISSIONS[operation]
        return (
            f"Access to queue {queue} is denied: this needs {permission}. SQS says: {fault.sentence}",
            "Allow it in the IAM policy of this process, and see that the queue's own policy does not deny it.",
        )
    if fault.kind is FaultKind.CREDENTIALS:
        return f"AWS does not accept the credentials for queue {queue} ({code}).", fault.hint
    if fault.kind is FaultKind.EXPIRED:
        return f"The AWS credentials for queue {queue} have expired ({code}).", fault.hint
    if fault.kind is FaultKind.UNREACHABLE:
        return f"Queue {queue} can't be reached. {fault.sentence}", fault.hint
    return f"Queue {queue} did not take {operation}. {fault.sentence}", fault.hint
