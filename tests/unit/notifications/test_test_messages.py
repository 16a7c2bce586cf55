"""Messages that announce nothing."""

import pytest

from ingester.model.notification import Notification, NotificationKind
from ingester.notifications.test_messages import parse_test_event, parse_validation_message


@pytest.mark.parametrize("text", ["CloudTrail validation message.", " CloudTrail validation message.\r\n"])
def test_the_validation_message_is_known_whatever_space_surrounds_it(text: str) -> None:
    assert parse_validation_message(text) == Notification(NotificationKind.VALIDATION_MESSAGE)


@pytest.mark.parametrize("document", ["CloudTrail", "", None, {"Message": "CloudTrail validation message."}])
def test_nothing_else_is_a_validation_message(document: object) -> None:
    assert parse_validation_message(document) is None


def test_a_test_event_is_known_by_its_event() -> None:
    document = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}

    assert parse_test_event(document) == Notification(NotificationKind.TEST_EVENT)


@pytest.mark.parametrize(
    "document", [{}, {"Event": "s3:Other"}, {"Event": ["s3:TestEvent"]}, {"Event": "s3:TestEvent", "Records": [{}]}]
)
def test_nothing_else_is_a_test_event(document: object) -> None:
    assert parse_test_event(document) is None
