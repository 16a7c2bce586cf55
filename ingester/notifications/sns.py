"""The envelope that SNS puts around a message on its way into SQS, unless raw delivery is on."""

import orjson


def parse_text(text: str) -> object:
    """The JSON document in `text`; the text itself where it is no JSON (CloudTrail's validation message)."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # also for nesting deeper than orjson's limit, and for lone surrogates
        return text


def unwrap(document: object) -> object:
    """What an SNS envelope carries, as a document; any other document as it is.

    One envelope only: SNS puts one around a message, and what is wrapped twice is nobody's notification.
    """
    if isinstance(document, dict) and document.get("Type") == "Notification":
        message = document.get("Message")
        if isinstance(message, str):
            return parse_text(message)
    return document
