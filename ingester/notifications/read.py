"""Any message body → Notification, through the parsers in turn."""

from collections.abc import Callable, Sequence

from ingester.model.errors import UnknownNotificationError
from ingester.model.notification import Notification
from ingester.notifications.cloudtrail_sns import parse_cloudtrail_sns
from ingester.notifications.eventbridge import parse_eventbridge
from ingester.notifications.s3_event import parse_s3_event
from ingester.notifications.sns import parse_text, unwrap
from ingester.notifications.test_messages import parse_test_event, parse_validation_message

Parser = Callable[[object], Notification | None]
"""Reads one form: takes a document (what orjson gives, or the text where the body is no JSON), without the SNS
envelope, and gives None for what is not its form, or is it but broken. Must not raise, and must be quick: it is
called in the run's own thread, in the process that started it."""

PARSERS: tuple[Parser, ...] = (
    parse_cloudtrail_sns,
    parse_s3_event,
    parse_eventbridge,
    parse_validation_message,
    parse_test_event,
)
"""The known forms, the most frequent first. A further one is a function more: `(*PARSERS, my_parser)`."""

_QUOTED_CHARACTERS_MAX = 200


def read_notification(body: str, parsers: Sequence[Parser] = PARSERS) -> Notification:
    """What a message body announces: directly, through SNS, or through SNS with raw delivery.

    Raises UnknownNotificationError, which quotes the body's beginning, if no parser knows the body, and nothing
    else whatever the body (as long as the parsers keep their word). Pure; from any thread.
    """
    document = unwrap(parse_text(body))
    for parser in parsers:
        notification = parser(document)
        if notification is not None:
            return notification
    raise UnknownNotificationError(f"This is no known notification: {_quote(body)}")


def _quote(body: str) -> str:
    """The beginning of a body on one line, with everything escaped that could act on a terminal or a log."""
    beginning = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in body[:_QUOTED_CHARACTERS_MAX]
    )
    return f"“{beginning}”…" if len(body) > _QUOTED_CHARACTERS_MAX else f"“{beginning}”"
