"""What may be printed of a URL."""

import pytest

from ingester.model.shown import without_secrets


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/1/q", "https://sqs.eu-west-1.amazonaws.com/1/q"),
        ("https://joe:hunter2@host:1/q", "https://host:1/q"),
        ("joe:hunter2@host", "host"),
        ("joe:hun@ter2@host/x", "host/x"),
        ("https://host/q?X-Amz-Signature=hunter2", "https://host/q?…"),
        ("Invalid endpoint: http://joe:hunter2@a b", "Invalid endpoint: http://a b"),
        ("lake", "lake"),
    ],
)
def test_neither_user_nor_password_nor_query_is_shown(given: str, shown: str) -> None:
    assert without_secrets(given) == shown
