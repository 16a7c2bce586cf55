"""Properties files of AWS's CloudTrail Processing Library (CPL): its keys, and what they are called here."""

import re
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

from ingester.model.errors import ConfigurationError

_CREDENTIALS = ("accessKey", "secretKey")


def _text(value: str) -> str:
    return value


def _number(value: str) -> int:
    return int(value)


def _truth(value: str) -> bool:
    return value.lower() == "true"  # as Java's Boolean.parseBoolean has it


CPL_KEYS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "sqsUrl": ("queue_url", _text),
    "sqsRegion": ("sqs_region", _text),
    "s3Region": ("s3_region", _text),
    "visibilityTimeout": ("visibility_timeout_seconds", _number),
    "threadCount": ("threads", _number),
    "numOfParallelReaders": ("receivers_per_queue", _number),
    "threadTerminationDelaySeconds": ("grace_seconds", _number),
    "maxEventsPerEmit": ("max_events_per_emit", _number),
    "enableRawEventInfo": ("raw_event_info", _truth),
    "deleteMessageUponFailure": ("delete_message_upon_failure", _truth),
}
"""CPL's key → the setting here, and how its value is read."""

_LINE_GOES_ON = re.compile(r"(?<!\\)(?:\\\\)*\\$")
_PAIR = re.compile(r"((?:\\.|[^\\=:\s])*)\s*[=:]?\s*(.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}


def settings_in(path: Path) -> dict[str, Any]:
    """The settings in a CPL properties file, by the names here, but for those that it sets to nothing.

    Raises ConfigurationError.
    """
    try:
        properties = parse_properties(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} can't be read: {error}.") from error
    if any(properties.pop(key, "") for key in _CREDENTIALS):
        raise ConfigurationError(
            f"{path} holds credentials, which are not read from a file of settings.",
            hint="Remove accessKey and secretKey: boto3 finds credentials itself, or give Settings a boto3 session.",
        )
    unknown = sorted(properties.keys() - CPL_KEYS.keys())
    if unknown:
        raise ConfigurationError(
            f"{path} sets {', '.join(unknown)}, which CPL does not know.", hint=f"It knows {', '.join(CPL_KEYS)}."
        )
    found = {}
    for key, value in filter(itemgetter(1), properties.items()):
        name, read = CPL_KEYS[key]
        try:
            found[name] = read(value)
        except ValueError as error:
            raise ConfigurationError(f"{path}: {key} is {value!r}.", hint="Give it a whole number.") from error
    return found


def parse_properties(text: str) -> dict[str, str]:
    """Keys and values of Java's properties format: `=`, `:` or a space between them, `#` and `!` before comments, a
    backslash before a line's end that goes on and before characters that stand for themselves."""
    properties = {}
    lines = iter(text.splitlines())
    for line in lines:
        line = line.lstrip()
        if not line or line[0] in "#!":
            continue
        while _LINE_GOES_ON.search(line):
            line = line[:-1] + next(lines, "").lstrip()
        pair = _PAIR.match(line)
        assert pair is not None  # noqa: S101 (it matches any text)
        properties[_unescape(pair[1])] = _unescape(pair[2])
    return properties


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPED.get(found[2], found[2]), text)
