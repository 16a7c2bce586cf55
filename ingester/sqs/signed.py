"""SQS's JSON protocol over signed POSTs: the client that the supervisor uses in the place of boto3's.

Why not boto3's: its CPU, measured on loopback. ReceiveMessage of ten 1,002 µs, here 279 (401 with botocore's signer);
DeleteMessageBatch of ten 938, here 218 (350). At 2,000 messages a second boto3's calls take about 40 % of a core,
these 12 (`bench/supervisor.py` runs both). Endpoint, credentials, proxy and certificates are boto3's all the same
(`ingester.aws.signed_posts`), and a call that fails is tried again as in its standard mode: three attempts, between
them a jittered wait that grows.
"""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from ingester.aws.clients import ATTEMPTS_MAX
from ingester.aws.errors import AwsFault, FaultKind, explain, explain_code
from ingester.aws.signed_posts import Answer, SignedPosts
from ingester.sqs.calls import Operation
from ingester.sqs.errors import QueueOverLimitError, SqsError, no_sqs, sqs_error

_WORTH_ANOTHER_ATTEMPT = frozenset({FaultKind.UNREACHABLE, FaultKind.SERVER, FaultKind.THROTTLED})
_WAIT_SECONDS = 0.05
_WAIT_SECONDS_THROTTLED = 1.0

_random = random.SystemRandom()


def wait_seconds(error: SqsError, attempt: int, fraction: float) -> float | None:
    """How long to wait after the `attempt`th failure; None: leave it at that. `fraction` (0…1) is chance. Pure."""
    if attempt >= ATTEMPTS_MAX or error.kind not in _WORTH_ANOTHER_ATTEMPT or isinstance(error, QueueOverLimitError):
        return None
    first = _WAIT_SECONDS_THROTTLED if error.kind is FaultKind.THROTTLED else _WAIT_SECONDS
    return float(fraction * first * 2 ** (attempt - 1))


class SignedSqs:
    """`SqsCalls` over signed POSTs. From any thread of the process that made it."""

    def __init__(self, posts: SignedPosts, pause: Callable[[float], None] = time.sleep) -> None:
        self._posts = posts
        self._pause = pause

    @property
    def region(self) -> str:
        """The region that calls are signed for."""
        return self._posts.region

    @property
    def endpoint_url(self) -> str:
        """Where every call goes, whatever the host of the queue's URL."""
        return self._posts.url

    def call(self, operation: Operation, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """See `SqsCalls`."""
        attempt = 1
        while True:
            try:
                return self._attempt(operation, parameters)
            except SqsError as error:
                seconds = wait_seconds(error, attempt, _random.random())
                if seconds is None:
                    raise
            self._pause(seconds)
            attempt += 1

    def _attempt(self, operation: Operation, parameters: Mapping[str, Any]) -> dict[str, Any]:
        queue_url = parameters["QueueUrl"]
        try:
            answer = self._post(operation, orjson.dumps(parameters))
        except Exception as error:  # whatever a library raises: the callers' threads must go on
            failure = sqs_error(explain(error, self._posts.url), operation, queue_url)
            # the text of an error about credentials may hold some
            raise failure from (None if failure.kind is FaultKind.CREDENTIALS else error)
        if answer.status != 200:
            raise sqs_error(_fault(answer), operation, queue_url)
        document = _document(answer.body)
        if document is None:
            raise no_sqs(queue_url)
        return document

    def _post(self, operation: Operation, body: bytes) -> Answer:
        """One attempt; when the credentials have expired meanwhile and there are others, one more with these."""
        headers = {
            "X-Amz-Target": f"AmazonSQS.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            "x-amzn-query-mode": "true",  # as boto3 says: give the error codes that everybody knows, too
        }
        credentials = self._posts.credentials()
        answer = self._posts.post(credentials, headers, body)
        if answer.status != 200 and _fault(answer).kind is FaultKind.EXPIRED and self._posts.renew(credentials):
            return self._posts.post(self._posts.credentials(), headers, body)
        return answer


def _fault(answer: Answer) -> AwsFault:
    """What an answer says went wrong: the code that SQS gives for its older protocol, else the name of the shape,
    else, from what is no SQS, the HTTP status."""
    found = _document(answer.body) or {}
    code, _, _ = answer.headers.get("x-amzn-query-error", "").partition(";")
    code = code or str(found.get("__type", "")).rpartition("#")[2] or str(answer.status)
    return explain_code(code, str(found.get("message") or found.get("Message") or ""), answer.status)


def _document(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a body; None if it is something else."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None
