"""A place of its own for each test on the one moto server of the session: a bucket and queues with unique names."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import uuid4

from scripts.demo_world.moto_server import MotoServer

_BATCH = 10
"""The most that SQS takes in one call."""


@dataclass
class Queue:
    """A queue of a test, with a dead-letter queue behind it when `dead_letter_url` is set."""

    client: Any
    url: str
    dead_letter_url: str | None = None

    def send(self, *bodies: str) -> None:
        """Puts messages in, in order."""
        for start in range(0, len(bodies), _BATCH):
            entries = [
                {"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies[start : start + _BATCH])
            ]
            answer = self.client.send_message_batch(QueueUrl=self.url, Entries=entries)
            assert not answer.get("Failed"), answer["Failed"]

    def counts(self, url: str | None = None) -> tuple[int, int, int]:
        """Messages visible, in flight and delayed, as the queue reports them."""
        names = ("", "NotVisible", "Delayed")
        attributes = self.client.get_queue_attributes(QueueUrl=url or self.url, AttributeNames=["All"])["Attributes"]
        visible, in_flight, delayed = (int(attributes[f"ApproximateNumberOfMessages{name}"]) for name in names)
        return visible, in_flight, delayed

    def is_empty(self) -> bool:
        """Whether no message is left, in whatever state."""
        return self.counts() == (0, 0, 0)

    def dead_letters(self) -> list[str]:
        """Bodies of the messages in the dead-letter queue; they are taken out of it."""
        assert self.dead_letter_url is not None
        bodies: list[str] = []
        while messages := self.client.receive_message(
            QueueUrl=self.dead_letter_url, MaxNumberOfMessages=10, WaitTimeSeconds=0
        ).get("Messages"):
            bodies += [message["Body"] for message in messages]
        return bodies


@dataclass
class Place:
    """A test's own bucket and queues. Everything is made on first use, so a test that needs no queue makes none."""

    server: MotoServer
    name: str = field(default_factory=lambda: f"t-{uuid4().hex[:16]}")

    @cached_property
    def s3(self) -> Any:
        """A boto3 S3 client."""
        return self.server.client("s3")

    @cached_property
    def sqs(self) -> Any:
        """A boto3 SQS client."""
        return self.server.client("sqs")

    @cached_property
    def sns(self) -> Any:
        """A boto3 SNS client."""
        return self.server.client("sns")

    @cached_property
    def bucket(self) -> str:
        """The name of the test's bucket."""
        self.s3.create_bucket(Bucket=self.name)
        return self.name

    def put(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """Writes objects, given as key and body, into the bucket."""
        for key, body in objects:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def queue(self, *, visibility_timeout_seconds: int = 30, max_receive_count: int | None = None) -> Queue:
        """A new queue; with `max_receive_count`, one whose messages end in a dead-letter queue."""
        name = f"{self.name}-{uuid4().hex[:8]}"
        attributes = {"VisibilityTimeout": str(visibility_timeout_seconds)}
        dead_letter_url = None
        if max_receive_count is not None:
            dead_letter_url = self.sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
            attributes["RedrivePolicy"] = json.dumps(
                {"deadLetterTargetArn": self.arn(dead_letter_url), "maxReceiveCount": str(max_receive_count)}
            )
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return Queue(self.sqs, url, dead_letter_url)

    def arn(self, queue_url: str) -> str:
        """The ARN of a queue."""
        answer = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])
