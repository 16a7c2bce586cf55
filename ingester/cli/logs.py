"""Log lines on standard error, for people or for machines."""

import json
import logging
import sys
import time
from contextlib import suppress

from ingester.model.settings import LogFormat

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def set_up_logging(log_format: LogFormat) -> None:
    """Send the project's log lines to standard error. Times are UTC."""
    handler = _StandardError()
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    root = logging.getLogger("ingester")
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    root.propagate = False


class _StandardError(logging.Handler):
    """Looks `sys.stderr` up for every line, as a live display puts itself in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        # a standard error that nobody reads any more is no reason to end a run
        with suppress(OSError, ValueError):
            sys.stderr.write(self.format(record) + "\n")


class TextFormatter(logging.Formatter):
    """`2026-01-31T12:00:00Z WARNING queue: what happened`."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(room)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever a key or a message body holds; a traceback follows on lines of its own."""
        record.room = record.name.removeprefix("ingester.")
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """The line with everything escaped that could act on a terminal or forge another line."""
        return "".join(
            character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
            for character in super().formatMessage(record)
        )


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what the call gave as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
