"""Receiving: a thread that long-polls one queue and hands on what it gets."""

import logging
import random
import threading
import time
from collections.abc import Callable
from hashlib import md5
from typing import Any

from ingester.model.message import Message
from ingester.model.settings import Settings
from ingester.sqs.batch import MESSAGES_IN_BATCH_MAX
from ingester.sqs.calls import SqsCalls
from ingester.sqs.errors import SqsError, shown
from ingester.sqs.visibility import change_visibility

LONG_POLL_SECONDS = 5
"""SQS allows 20, but a drain waits for the call under way: an idle receiver makes twelve calls a minute instead of
three, half a million a month, and a run that is told to stop is gone in five seconds."""
EMPTYING_POLL_SECONDS = 1
"""When a run ends with its queue; a long poll still asks all of SQS's servers, a short one does not."""

_BACKOFF_SECONDS_MIN = 0.5
_BACKOFF_SECONDS_MAX = 30.0

_log = logging.getLogger("ingester.queue")
_random = random.SystemRandom()


def backoff_seconds(consecutive: int, fraction: float) -> float:
    """How long to wait after the `consecutive`th error in a row: 0.5, 1, 2, … 30 seconds, of which `fraction`
    (0…1) decides the second half, so that many receivers do not come back at once. Pure."""
    longest = min(_BACKOFF_SECONDS_MAX, _BACKOFF_SECONDS_MIN * (1 << min(consecutive - 1, 10)))
    return longest * (0.5 + 0.5 * fraction)


def receive_messages(
    client: SqsCalls, queue_url: str, *, wait_seconds: int, visibility_timeout_seconds: int
) -> list[Message]:
    """Up to ten messages, hidden from others for `visibility_timeout_seconds`; none after `wait_seconds`.

    Blocks; from any thread; needs sqs:ReceiveMessage. Raises SqsError.
    """
    answer = client.call(
        "ReceiveMessage",
        {
            "QueueUrl": queue_url,
            "MaxNumberOfMessages": MESSAGES_IN_BATCH_MAX,
            "WaitTimeSeconds": wait_seconds,
            "VisibilityTimeout": visibility_timeout_seconds,
            "MessageSystemAttributeNames": ["ApproximateReceiveCount"],
        },
    )
    now_seconds = time.monotonic()
    return [_message(queue_url, found, now_seconds) for found in answer.get("Messages") or ()]


def _message(queue_url: str, found: dict[str, Any], now_seconds: float) -> Message:
    body = found.get("Body", "")
    digest = found.get("MD5OfBody")
    if digest and md5(body.encode(), usedforsecurity=False).hexdigest() != digest:
        # a body that names another object would be deleted without its own log file being in
        raise SqsError(
            f"A message of queue {shown(queue_url)} was damaged on its way: its MD5 is another. "
            "It and those with it come back after the visibility timeout."
        )
    count = int(found.get("Attributes", {}).get("ApproximateReceiveCount", 1))
    return Message(queue_url, found["MessageId"], found["ReceiptHandle"], body, count, now_seconds)


class Receiver(threading.Thread):
    """Receives from one queue until it is stopped; never dies before. A daemon thread: it does not keep a process.

    `deliver` gets the messages of each call, none if the queue gave none; `on_error` gets each error (SqsError:
    network, throttling, expired credentials, …; QueueOverLimitError among them) and which in a row it is. Both
    are called in this thread, and receiving goes on when they return; after an error only with a backoff.

    The other methods are for any thread and return at once:
    after `pause`, no further call is made; the one under way may still deliver up to ten messages.
    After `stop`, what the call under way brings is not delivered but made visible in the queue again, by this
    thread, as whoever stopped it may be past taking anything in. `join` then takes at most the long poll's 5
    seconds (1 when emptying). A process that ends without it leaves those few messages hidden for the visibility
    timeout; nothing is lost.
    """

    def __init__(
        self,
        client: SqsCalls,
        queue_url: str,
        settings: Settings,
        *,
        deliver: Callable[[list[Message]], None],
        on_error: Callable[[Exception, int], None],
    ) -> None:
        super().__init__(name="receive", daemon=True)
        self._client = client
        self._queue_url = queue_url
        self._wait_seconds = EMPTYING_POLL_SECONDS if settings.until_empty else LONG_POLL_SECONDS
        self._visibility_timeout_seconds = settings.visibility_timeout_seconds
        self._deliver = deliver
        self._on_error = on_error
        self._changed = threading.Condition()
        self._is_paused = False
        self._has_to_stop = False  # `_is_stopped` is Thread's own: setting it told is_alive that the thread had ended

    def pause(self) -> None:
        """Make no further call until `resume`."""
        with self._changed:
            self._is_paused = True

    def resume(self) -> None:
        """Go on after `pause`."""
        with self._changed:
            self._is_paused = False
            self._changed.notify_all()

    def stop(self) -> None:
        """Receive nothing more, for good; also while paused, or before `start`."""
        with self._changed:
            self._has_to_stop = True
            self._changed.notify_all()

    def run(self) -> None:
        """The thread's own; call `start`."""
        errors = 0
        while self._may_go_on():
            try:
                self._receive()
                errors = 0
            except Exception as error:  # of whatever kind: a receiver that dies would be a queue forgotten
                errors += 1
                self._report(error, errors)
                self._wait_unless_stopped(backoff_seconds(errors, _random.random()))

    def _may_go_on(self) -> bool:
        """Wait while paused; whether to make another call."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_to_stop or not self._is_paused)
            return not self._has_to_stop

    def _wait_unless_stopped(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._has_to_stop, seconds)

    def _receive(self) -> None:
        messages = receive_messages(
            self._client,
            self._queue_url,
            wait_seconds=self._wait_seconds,
            visibility_timeout_seconds=self._visibility_timeout_seconds,
        )
        if self._has_to_stop:
            self._give_back(messages)
            return
        try:
            self._deliver(messages)
        except Exception:
            self._give_back(messages)
            raise

    def _give_back(self, messages: list[Message]) -> None:
        outcome = change_visibility(self._client, self._queue_url, [(message, 0) for message in messages])
        if outcome.retry:
            problem = SqsError(
                f"{len(outcome.retry)} messages of queue {shown(self._queue_url)} could not be given back at once; "
                f"they come back after {self._visibility_timeout_seconds} seconds. {outcome.reason}"
            )
            self._report(problem, 1)

    def _report(self, error: Exception, consecutive: int) -> None:
        try:
            self._on_error(error, consecutive)
        except Exception:
            _log.exception("the receiver of %s could not report: %s", shown(self._queue_url), error)
