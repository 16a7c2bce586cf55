"""The SQS half: one queue over the JSON protocol. Pure: the time is an argument."""

import heapq
from collections import deque
from hashlib import md5
from itertools import islice
from typing import Any

import orjson
from msgspec import Struct

BATCH = 10


class QueuedMessage(Struct, gc=False):
    """A message. `text` is its part of a receive's answer, up to the receipt handle's value."""

    number: int
    text: bytes
    receives: int = 0
    visible_at_seconds: float = 0.0
    is_deleted: bool = False


class FakeQueue:
    """One queue. From the first receive on, messages become visible in bursts of ten, `messages_a_second` of them;
    with 0, all at once."""

    def __init__(self, bodies: list[str], messages_a_second: int) -> None:
        self.received = 0
        self.deleted = 0
        self._messages = [QueuedMessage(number, _text(number, body)) for number, body in enumerate(bodies)]
        self._visible: deque[QueuedMessage] = deque()
        self._hidden: list[tuple[float, int]] = []
        self._a_second = messages_a_second
        self._begun_at_seconds: float | None = None
        self._released = 0

    def receive(self, most: int, visibility_seconds: float, now_seconds: float) -> bytes | None:
        """The answer to ReceiveMessage; None while there is no message."""
        if self._begun_at_seconds is None:
            self._begun_at_seconds = now_seconds
        self._release(now_seconds)
        found: list[bytes] = []
        while self._visible and len(found) < most:
            message = self._visible.popleft()
            if message.is_deleted:
                continue
            message.receives += 1
            message.visible_at_seconds = now_seconds + visibility_seconds
            heapq.heappush(self._hidden, (message.visible_at_seconds, message.number))
            found.append(b'%s%d-%d","Attributes":{"ApproximateReceiveCount":"%d"}}' % (
                message.text, message.number, message.receives, message.receives
            ))  # fmt: skip
        if not found:
            return None
        self.received += len(found)
        return b'{"Messages":[' + b",".join(found) + b"]}"

    def next_release_seconds(self, now_seconds: float) -> float | None:
        """When the next messages become visible; None if nothing is to come."""
        times = [self._hidden[0][0]] if self._hidden else []
        if self._begun_at_seconds is not None and self._a_second and self._released < len(self._messages):
            times.append(self._begun_at_seconds + self._released / self._a_second)
        return max(now_seconds, min(times)) if times else None

    def delete(self, entries: list[dict[str, Any]]) -> bytes:
        """The answer to DeleteMessageBatch. A handle of an earlier receive deletes nothing, as on AWS."""
        for entry in entries:
            message = self._of_handle(entry["ReceiptHandle"])
            if message is not None and not message.is_deleted:
                message.is_deleted = True
                self.deleted += 1
        return orjson.dumps({"Successful": [{"Id": entry["Id"]} for entry in entries], "Failed": []})

    def change_visibility(self, entries: list[dict[str, Any]], now_seconds: float) -> bytes:
        """The answer to ChangeMessageVisibilityBatch."""
        for entry in entries:
            message = self._of_handle(entry["ReceiptHandle"])
            if message is not None and not message.is_deleted:
                message.visible_at_seconds = now_seconds + int(entry["VisibilityTimeout"])
                heapq.heappush(self._hidden, (message.visible_at_seconds, message.number))
        return orjson.dumps({"Successful": [{"Id": entry["Id"]} for entry in entries], "Failed": []})

    def attributes(self, now_seconds: float) -> bytes:
        """The answer to GetQueueAttributes, whatever names were asked for."""
        self._release(now_seconds)
        visible = sum(not message.is_deleted for message in self._visible)
        in_flight = self._released - self.deleted - visible
        return orjson.dumps({"Attributes": {
            "ApproximateNumberOfMessages": str(visible + len(self._messages) - self._released),
            "ApproximateNumberOfMessagesNotVisible": str(in_flight),
            "ApproximateNumberOfMessagesDelayed": "0",
            "VisibilityTimeout": "300",
        }})  # fmt: skip

    def _release(self, now_seconds: float) -> None:
        if self._begun_at_seconds is None:
            return
        due = len(self._messages)
        if self._a_second:
            bursts = int((now_seconds - self._begun_at_seconds) * self._a_second) // BATCH + 1
            due = min(due, bursts * BATCH)
        if due > self._released:
            self._visible.extend(islice(self._messages, self._released, due))
            self._released = due
        while self._hidden and self._hidden[0][0] <= now_seconds:
            at_seconds, number = heapq.heappop(self._hidden)
            message = self._messages[number]
            # its visibility may have been changed since this entry was made
            if message.visible_at_seconds == at_seconds and not message.is_deleted:
                self._visible.append(message)

    def _of_handle(self, handle: str) -> QueuedMessage | None:
        number, _, receive = handle.partition("-")
        message = self._messages[int(number)]
        return message if message.receives == int(receive) else None


def _text(number: int, body: str) -> bytes:
    digest = md5(body.encode(), usedforsecurity=False).hexdigest()
    return b'{"MessageId":"%08d-0000-4000-8000-000000000000","MD5OfBody":"%s","Body":%s,"ReceiptHandle":"' % (
        number, digest.encode(), orjson.dumps(body),
    )  # fmt: skip
