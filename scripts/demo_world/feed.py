"""Announces log files to the queue as it drains, in every form in which AWS does.

moto looks at every message of a queue on each call, so only a few hundred may lie there at a time.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice

from scripts.demo_world.notifications import (
    VALIDATION_MESSAGE,
    StoredObject,
    cloudtrail_message,
    eventbridge_event,
    s3_event,
    s3_test_event,
)
from scripts.demo_world.place import Place

VISIBLE_MAX = 100
QUEUED_MAX = 400
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Form:
    """A way of announcing: how the body is made, how many keys it holds, and which way it goes to the queue."""

    name: str
    body: Callable[[list[StoredObject]], str]
    keys: int
    way: str


FORMS = (
    Form("CloudTrail message through SNS", cloudtrail_message, 6, "topic"),
    Form("CloudTrail message through SNS, raw", cloudtrail_message, 4, "raw topic"),
    Form("S3 event", s3_event, 3, "queue"),
    Form("S3 event through SNS", s3_event, 4, "topic"),
    Form("EventBridge event", lambda objects: eventbridge_event(objects[0]), 1, "queue"),
)


@dataclass(frozen=True)
class Announcement:
    """A message to be: its text, and the way that it goes."""

    way: str
    text: str


def announcements(bucket: str, objects: Iterable[StoredObject]) -> Iterator[Announcement]:
    """Messages that announce all objects, each once, in all forms in turn; the set-up tests of AWS come first."""
    yield Announcement("topic", VALIDATION_MESSAGE)
    yield Announcement("queue", s3_test_event(bucket))
    left = iter(objects)
    for form in cycle(FORMS):
        group = list(islice(left, form.keys))
        if not group:
            return
        yield Announcement(form.way, form.body(group))


class Feeder:
    """Sends announcements while the ingester takes them. `sent` and `remaining` may be read from any thread.

    The feeder holds one message of its own in flight from beginning to end. To the queue that looks like the work
    of another consumer, so that `ingester run --until-empty` does not end before everything was announced.
    """

    def __init__(self, place: Place, messages: list[Announcement]) -> None:
        self.total = len(messages)
        self.sent = 0
        self.remaining = 0
        self._place = place
        self._messages = iter(messages)
        self._stop = threading.Event()
        self._held: str | None = None

    def hold(self) -> None:
        """Takes the message that keeps the queue from being empty. Before the ingester starts."""
        self._place.sqs.send_message(QueueUrl=self._place.queue_url, MessageBody="held by the demo")
        answer = self._place.sqs.receive_message(
            QueueUrl=self._place.queue_url, VisibilityTimeout=3600, WaitTimeSeconds=5
        )
        self._held = answer["Messages"][0]["ReceiptHandle"]

    def release(self) -> None:
        """Deletes the held message: the queue is empty once everything is committed."""
        self._place.sqs.delete_message(QueueUrl=self._place.queue_url, ReceiptHandle=self._held)

    def stop(self) -> None:
        """Makes `run` return soon."""
        self._stop.set()

    def run(self) -> None:
        """Sends all, then waits until all are deleted, then releases the held message. Returns early when stopped."""
        while not self._stop.wait(_POLL_SECONDS):
            visible, queued = self._depth()
            self.remaining = queued
            room = min(VISIBLE_MAX - visible, QUEUED_MAX - queued)
            self._send(list(islice(self._messages, max(0, room))))
            if self.sent == self.total and self._depth() == (0, 0):
                self.remaining = 0
                self.release()
                return

    def _send(self, messages: list[Announcement]) -> None:
        for way in ("topic", "raw topic", "queue"):
            texts = [message.text for message in messages if message.way == way]
            for at in range(0, len(texts), 10):
                self._send_ten(way, texts[at : at + 10])
        self.sent += len(messages)

    def _send_ten(self, way: str, texts: list[str]) -> None:
        place = self._place
        if way == "queue":
            entries = [{"Id": str(at), "MessageBody": text} for at, text in enumerate(texts)]
            answer = place.sqs.send_message_batch(QueueUrl=place.queue_url, Entries=entries)
        else:
            entries = [{"Id": str(at), "Message": text} for at, text in enumerate(texts)]
            topic = place.topic_arn if way == "topic" else place.raw_topic_arn
            answer = place.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
        if answer.get("Failed"):
            raise RuntimeError(f"Messages were not taken: {json.dumps(answer['Failed'])}")

    def _depth(self) -> tuple[int, int]:
        """Visible messages, and all of them, but for the one that is held."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._place.sqs.get_queue_attributes(QueueUrl=self._place.queue_url, AttributeNames=names)
        visible, in_flight = (int(answer["Attributes"][name]) for name in names)
        return visible, visible + in_flight - 1
