"""A client for a queue, and the question, before a run starts, whether the queue can be used at all."""

import json

from msgspec import Struct

from ingester.aws.clients import make_client, make_session
from ingester.aws.signed_posts import SignedPosts
from ingester.model.errors import ConfigurationError
from ingester.model.settings import Settings
from ingester.sqs.calls import SqsCalls
from ingester.sqs.errors import SqsError, no_sqs
from ingester.sqs.queue_url import check_queue_url, region_of_queue_url
from ingester.sqs.signed import SignedSqs

_REGION_OF_OTHER_SERVERS = "us-east-1"


class QueueInfo(Struct, frozen=True):
    """What a queue says of itself. Without a redrive policy, `max_receive_count` and `dead_letter_arn` are None."""

    queue_url: str
    max_receive_count: int | None
    dead_letter_arn: str | None
    visibility_timeout_seconds: int


def make_sqs_client(settings: Settings, queue_url: str) -> SignedSqs:
    """A client for this queue, for all threads of this process. Sends nothing to SQS yet.

    The region is that of the settings, else the one in the queue URL, else boto3's (environment, profile), else,
    at a server of one's own (`endpoint_url`), us-east-1. Raises ConfigurationError: a URL that is none, no region,
    no credentials, an endpoint that is no URL.
    """
    check_queue_url(queue_url)
    region = settings.sqs_region or settings.region or region_of_queue_url(queue_url)
    session = make_session(settings)
    if region is None and settings.endpoint_url:
        region = session.region_name or _REGION_OF_OTHER_SERVERS
    meta = make_client("sqs", settings, region, session=session).meta
    return SignedSqs(SignedPosts(meta, session.get_credentials(), lambda: make_session(settings).get_credentials()))


def check_queue(client: SqsCalls, queue_url: str) -> QueueInfo:
    """What the queue says of itself. Blocks for one call; needs sqs:GetQueueAttributes.

    Raises ConfigurationError, with a hint: no such queue, credentials that are not accepted or have expired,
    access denied, an endpoint that does not answer or is no SQS. `passing` where SQS is only away.
    """
    parameters = {"QueueUrl": queue_url, "AttributeNames": ["RedrivePolicy", "VisibilityTimeout"]}
    try:
        answer = client.call("GetQueueAttributes", parameters)
    except SqsError as error:
        raise ConfigurationError(error.args[0], hint=error.hint, passing=error.passing) from error.__cause__
    try:
        attributes = answer["Attributes"]
        policy = json.loads(attributes.get("RedrivePolicy") or "{}")
        max_receive_count = policy.get("maxReceiveCount")  # a number, or the same as text
        return QueueInfo(
            queue_url,
            int(max_receive_count) if max_receive_count is not None else None,
            policy.get("deadLetterTargetArn"),
            int(attributes["VisibilityTimeout"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = no_sqs(queue_url)
        raise ConfigurationError(problem.args[0], hint=problem.hint) from error
