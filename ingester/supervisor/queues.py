"""SQS for the supervisor: receivers that fill the mailbox, and a few threads that extend, delete and look.

The loop never waits for SQS: it says what to do, and what came of it is posted.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from ingester.model.errors import Doubt
from ingester.model.message import Message
from ingester.model.settings import Settings
from ingester.sqs.client import QueueInfo, check_queue, make_sqs_client
from ingester.sqs.delete import delete_messages
from ingester.sqs.depth import queue_depth
from ingester.sqs.receive import Receiver
from ingester.sqs.visibility import change_visibility
from ingester.supervisor.hooks import HookThread
from ingester.supervisor.queue_events import Checked, Deleted, Depths, Extended, Received, ReceiveTrouble
from ingester.supervisor.telling import telling_of_receives
from ingester.supervisor.verifying import make_verifier

_CALL_THREADS = 4
_MESSAGES_IN_TASK_MAX = 50


class Queues:
    """The queues of a run: an `Intake`, and the acknowledgements. Raises ConfigurationError when made."""

    def __init__(self, settings: Settings, post: Callable[[object], None], hooks: HookThread | None = None) -> None:
        self._post = post
        self._clients = {
            url: telling_of_receives(make_sqs_client(settings, url), hooks) for url in settings.queue_urls
        }
        self.info: dict[str, QueueInfo] = {url: check_queue(client, url) for url, client in self._clients.items()}
        self._verifier = make_verifier(settings)
        self._receivers = [
            Receiver(
                client,
                url,
                settings,
                deliver=lambda messages, url=url: post(self._received(url, messages)),  # type: ignore[misc]
                on_error=lambda error, times, url=url: post(ReceiveTrouble(url, error, times)),  # type: ignore[misc]
            )
            for url, client in self._clients.items()
            for _ in range(settings.receivers_per_queue)
        ]
        self._threads = ThreadPoolExecutor(_CALL_THREADS, thread_name_prefix="queue-calls")

    def start(self) -> None:
        """Begin to receive."""
        for receiver in self._receivers:
            receiver.start()

    def pause(self) -> None:
        """Receive nothing more until `resume`."""
        for receiver in self._receivers:
            receiver.pause()

    def resume(self) -> None:
        """Go on after `pause`."""
        for receiver in self._receivers:
            receiver.resume()

    def stop(self) -> None:
        """Receive nothing more, for good; what a call under way still brings is made visible again."""
        for receiver in self._receivers:
            receiver.stop()

    @property
    def has_stopped(self) -> bool:
        """Whether no receive call is under way any more that might bring messages which nobody takes in."""
        return not any(receiver.is_alive() for receiver in self._receivers)

    def delete(self, messages: Iterable[Message]) -> int:
        """Delete messages; how many calls will post Deleted."""
        return self._submit(messages, lambda url, some: Deleted(delete_messages(self._clients[url], url, some)))

    def change_visibility(self, changes: Sequence[tuple[Message, int]]) -> int:
        """Hide messages for so many more seconds, 0 for making them visible; how many calls will post Extended."""
        seconds = {message.receipt_handle: hidden for message, hidden in changes}
        messages = [message for message, _ in changes]
        return self._submit(
            messages,
            lambda url, some: Extended(
                change_visibility(self._clients[url], url, [(m, seconds[m.receipt_handle]) for m in some])
            ),
        )

    def check_again(self, messages: list[Message]) -> None:
        """Ask once more whether messages are to be believed; posts Checked."""
        self._threads.submit(lambda: self._post(Checked(messages, self._doubts(messages))))

    def ask_depths(self) -> None:
        """Ask every queue how many messages it has; posts Depths."""
        self._threads.submit(lambda: self._post(self._depths()))

    def close(self) -> None:
        """Begin no further call. Does not wait for those that are under way: SQS may not answer."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _received(self, queue_url: str, messages: list[Message]) -> Received:
        """In a receiver's thread, which may wait for a certificate."""
        return Received(queue_url, messages, self._doubts(messages))

    def _doubts(self, messages: list[Message]) -> Mapping[str, Doubt]:
        return self._verifier.doubts(messages) if self._verifier is not None else {}

    def _submit(self, messages: Iterable[Message], call: Callable[[str, list[Message]], object]) -> int:
        by_queue: dict[str, list[Message]] = {}
        for message in messages:
            by_queue.setdefault(message.queue_url, []).append(message)
        calls = 0
        for url, of_queue in by_queue.items():
            rest = iter(of_queue)
            while some := list(islice(rest, _MESSAGES_IN_TASK_MAX)):
                self._threads.submit(lambda url=url, some=some: self._post(call(url, some)))  # type: ignore[misc]
                calls += 1
        return calls

    def _depths(self) -> Depths:
        try:
            return Depths({url: queue_depth(client, url) for url, client in self._clients.items()})
        except Exception as error:
            return Depths(None, str(error))
