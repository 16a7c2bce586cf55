"""Log lines on standard error, for people and for machines."""

import io
import json
import logging
import re
import sys
from collections.abc import Iterator

import pytest

from ingester.cli.logs import JsonFormatter, TextFormatter, set_up_logging


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger("ingester")
    handlers, level, propagate = [*root.handlers], root.level, root.propagate
    yield
    root.handlers[:], root.propagate = handlers, propagate
    root.setLevel(level)


def record(message: str = "message %s stays", *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.getLogger("ingester.queue").makeRecord(
        "ingester.queue", logging.WARNING, "file.py", 1, message, arguments or ("m1",), None, extra=extra
    )
    made.created, made.msecs = 1_710_331_200.25, 250.0
    return made


def test_a_text_line_has_utc_time_level_room_and_message() -> None:
    assert TextFormatter().format(record()) == "2024-03-13T12:00:00Z WARNING queue: message m1 stays"


def test_a_json_line_has_everything_and_what_was_given_besides() -> None:
    line = JsonFormatter().format(record(log_file="s3://b/k", attempt=3, kind="fetch"))

    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2024-03-13T12:00:00.250Z",
        "level": "warning",
        "logger": "ingester.queue",
        "message": "message m1 stays",
        "log_file": "s3://b/k",
        "attempt": 3,
        "kind": "fetch",
    }


def test_a_json_line_takes_what_json_can_not_say_as_text() -> None:
    line = json.loads(JsonFormatter().format(record(places={b"\x01"}, error_kind=ValueError("x"))))

    assert line["places"] == "{b'\\x01'}"
    assert line["error_kind"] == "x"


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_a_traceback_is_kept(formatter: logging.Formatter) -> None:
    made = record()
    try:
        raise ValueError("why")
    except ValueError:
        made.exc_info = sys.exc_info()
    line = formatter.format(made)

    assert "ValueError: why" in line
    assert isinstance(formatter, TextFormatter) or "Traceback" in json.loads(line)["error"]


def test_a_text_line_stays_one_line_whatever_a_key_or_a_message_body_holds() -> None:
    line = TextFormatter().format(
        record("%s failed", "s3://b/k\n2024-03-13T12:00:00Z INFO x: forged \x1b[2J\r\u2028")
    )

    assert line.isprintable()
    assert line.endswith(r"s3://b/k\n2024-03-13T12:00:00Z INFO x: forged \x1b[2J\r\u2028 failed")


@pytest.mark.parametrize(
    ("log_format", "pattern"),
    [
        ("text", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ WARNING queue: hello\n"),
        ("json", r'\{"time": "[0-9T:.-]+Z", "level": "warning", "logger": "ingester.queue", "message": "hello"\}\n'),
    ],
)
def test_lines_go_to_standard_error_once_however_often_logging_is_set_up(
    log_format: str, pattern: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(log_format)  # type: ignore[arg-type]
    set_up_logging(log_format)  # type: ignore[arg-type]
    logging.getLogger("ingester.queue").debug("not shown")
    logging.getLogger("ingester.queue").warning("hello")

    captured = capsys.readouterr()
    assert re.fullmatch(pattern, captured.err)
    assert captured.out == ""


def test_lines_follow_standard_error_where_a_live_display_puts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up_logging("text")
    display = io.StringIO()
    monkeypatch.setattr(sys, "stderr", display)
    logging.getLogger("ingester.queue").warning("hello")

    assert display.getvalue().endswith("queue: hello\n")


def test_a_standard_error_that_is_gone_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    set_up_logging("text")
    monkeypatch.setattr(sys, "stderr", Gone())

    logging.getLogger("ingester.queue").warning("hello")
