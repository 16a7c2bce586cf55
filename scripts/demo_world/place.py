"""What the demo needs in AWS: a bucket, two topics, a queue with a dead-letter queue, and the subscriptions."""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from obstore.store import S3Store

from scripts.demo_world.log_files import GeneratedLogFile
from scripts.demo_world.moto_server import CREDENTIALS, REGION, MotoServer
from scripts.demo_world.notifications import StoredObject

_PUTS_AT_ONCE = 4


@dataclass(frozen=True)
class Place:
    """Names of what was set up, and clients for it."""

    server: MotoServer
    bucket: str
    queue_url: str
    dead_letter_url: str
    topic_arn: str
    raw_topic_arn: str
    sqs: Any
    sns: Any


def set_up(server: MotoServer, bucket: str = "org-trail-logs") -> Place:
    """Makes bucket, topics and queues; `raw_topic_arn` is subscribed to with raw message delivery."""
    sqs, sns = server.client("sqs"), server.client("sns")
    server.client("s3").create_bucket(Bucket=bucket)
    dead_letter_url = sqs.create_queue(QueueName="cloudtrail-dead-letters")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": _arn(sqs, dead_letter_url), "maxReceiveCount": "10"})
    attributes = {"RedrivePolicy": redrive, "VisibilityTimeout": "60"}
    queue_url = sqs.create_queue(QueueName="cloudtrail", Attributes=attributes)["QueueUrl"]
    topics = []
    for name, raw in (("cloudtrail", "false"), ("cloudtrail-raw", "true")):
        topics.append(sns.create_topic(Name=name)["TopicArn"])
        sns.subscribe(
            TopicArn=topics[-1],
            Protocol="sqs",
            Endpoint=_arn(sqs, queue_url),
            Attributes={"RawMessageDelivery": raw},
        )
    return Place(server, bucket, queue_url, dead_letter_url, topics[0], topics[1], sqs, sns)


def store(
    place: Place, log_files: Iterable[GeneratedLogFile], on_stored: Callable[[GeneratedLogFile], None]
) -> Iterator[StoredObject]:
    """Puts log files into the bucket, a few at once, and names them once they are there, in no order."""
    bucket = S3Store(
        place.bucket,
        endpoint=place.server.endpoint_url,
        region=REGION,
        access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )

    def put(log_file: GeneratedLogFile) -> StoredObject:
        etag = bucket.put(log_file.key, log_file.body)["e_tag"] or ""
        on_stored(log_file)
        return StoredObject(place.bucket, log_file.key, etag.strip('"'), len(log_file.body))

    with ThreadPoolExecutor(_PUTS_AT_ONCE) as threads:
        running: set[Future[StoredObject]] = set()
        try:
            for log_file in log_files:
                running.add(threads.submit(put, log_file))
                if len(running) > 2 * _PUTS_AT_ONCE:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            yield from (future.result() for future in running)
        finally:
            threads.shutdown(cancel_futures=True)


def _arn(sqs: Any, queue_url: str) -> str:
    answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])
