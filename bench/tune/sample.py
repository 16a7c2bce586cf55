"""The log files that trials run over: a bounded part of a directory, an S3 prefix, or what a live queue announces."""

import itertools
import time
from collections.abc import Callable

from ingester.fetch.listing import list_log_files
from ingester.model.errors import ConfigurationError, UnknownNotificationError
from ingester.model.log_file import LogFile
from ingester.model.message import Message
from ingester.model.settings import Settings
from ingester.notifications.read import read_notification
from ingester.sqs.calls import SqsCalls
from ingester.sqs.client import check_queue, make_sqs_client
from ingester.sqs.receive import receive_messages
from ingester.sqs.visibility import change_visibility

LOG_FILES_MAX = 20_000
"""As many log files as are looked at; a trial takes as many of them as fill its time."""

_MESSAGES_MAX = 2000
_RECEIVING_SECONDS_MAX = 20.0
_HIDDEN_SECONDS = 60
"""How long a message of a live queue would stay hidden if this process died before it gives it back."""
_RECEIVES_LEFT_MIN = 3


def is_queue(source: str) -> bool:
    """Whether a source is a queue's URL."""
    return source.startswith(("http://", "https://"))


def take_sample(source: str, settings: Settings, say: Callable[[str], None]) -> list[LogFile]:
    """Log files of a source, LOG_FILES_MAX at most. Raises ConfigurationError: nothing there, or no access.

    Of a queue, messages are received and made visible again at once; none is ever deleted.
    """
    if is_queue(source):
        found = _of_queue(source, settings, say)
    else:
        found = list(itertools.islice(list_log_files(source, settings), LOG_FILES_MAX))
    if not found:
        raise ConfigurationError(f"There are no log files in {source}.", hint="Give a source that has some.")
    return found


def _of_queue(queue_url: str, settings: Settings, say: Callable[[str], None]) -> list[LogFile]:
    client = make_sqs_client(settings, queue_url)
    receives_max = check_queue(client, queue_url).max_receive_count
    if receives_max is not None and receives_max < _RECEIVES_LEFT_MIN:
        raise ConfigurationError(
            f"Queue {queue_url} moves a message away after {receives_max} receives, and a look is one of them.",
            hint=f"Give the bucket as source (s3://bucket/prefix), or raise maxReceiveCount to {_RECEIVES_LEFT_MIN}.",
        )
    messages: list[Message] = []
    try:
        _receive(client, queue_url, messages)
    finally:
        given_back = change_visibility(client, queue_url, [(message, 0) for message in messages])
        if given_back.retry or given_back.stale:
            late = len(given_back.retry) + len(given_back.stale)
            say(
                f"{late} messages could not be given back at once; they are visible again within {_HIDDEN_SECONDS} s."
            )
    say(f"{len(messages):,} messages looked at and given back; none deleted.")
    return _announced(messages)


def _receive(client: SqsCalls, queue_url: str, messages: list[Message]) -> None:
    """Fill `messages`, which the caller gives back whatever happens here."""
    until_seconds = time.monotonic() + _RECEIVING_SECONDS_MAX
    while len(messages) < _MESSAGES_MAX and time.monotonic() < until_seconds:
        some = receive_messages(client, queue_url, wait_seconds=1, visibility_timeout_seconds=_HIDDEN_SECONDS)
        if not some:
            break
        messages += some


def _announced(messages: list[Message]) -> list[LogFile]:
    found: dict[bytes, LogFile] = {}
    for message in messages:
        try:
            notification = read_notification(message.body)
        except UnknownNotificationError:
            continue
        found |= {log_file.place: log_file for log_file in notification.log_files if not log_file.is_digest}
    return list(found.values())[:LOG_FILES_MAX]
