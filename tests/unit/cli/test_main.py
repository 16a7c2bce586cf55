"""How commands end: exit codes, and one clear sentence instead of a traceback."""

import os
import sys
from pathlib import Path

import pytest

from ingester.cli.main import _main, app
from ingester.model.errors import ConfigurationError, LakeDamagedError

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/trail"


@pytest.fixture(autouse=True)
def no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("INGESTER_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def ended(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of a command line."""
    monkeypatch.setattr(sys, "argv", ["ingester", *arguments])
    return _main()


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["run", "--help"], ["backfill", "-h"]])
def test_help_is_there_and_ends_well(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, *arguments) == 0
    assert "Usage: ingester" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["swim"], "No such command"),
        (["run"], "--queue-url"),
        (["run", "--queue-url", QUEUE], "--output"),
        (["backfill", "--output", "/o"], "source"),
        (["run", "--queue-url", QUEUE, "--output", "/o", "--workers", "0"], "--workers"),
        (["run", "--queue-url", QUEUE, "--output", "/o", "--workers", "many"], "--workers"),
        (["run", "--queue-url", QUEUE, "--output", "/o", "--log-format", "xml"], "--log-format"),
    ],
)
def test_a_command_line_that_is_wrong_ends_with_2_and_names_what_is_wrong(
    arguments: list[str], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, *arguments) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", " ", "S3://bucket/lake", "s3:/bucket", "gs://bucket/lake", "file:///lake"])
@pytest.mark.parametrize("name", ["source", "--output", "--state-dir"])
def test_what_is_no_place_never_becomes_the_current_directory_or_one_of_that_name(
    name: str,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    places = {"source": str(tmp_path), "--output": "lake", "--state-dir": "state"} | {name: text}

    arguments = [f"{option}={place}" for option, place in places.items() if option != "source"]

    assert ended(monkeypatch, "backfill", places["source"], *arguments) == 2
    assert f"error: “{text}” is no place for files." in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def backfill(tmp_path: Path, *more: str) -> list[str]:
    return ["backfill", str(tmp_path), "--output", str(tmp_path / "lake"), *more]


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--workers", "1025", "--workers 1025 is out of bounds."),
        ("--batch-rows", "0", "--batch-rows 0 is out of bounds."),
        ("--flush-interval", "nan", "--flush-interval nan is out of bounds."),
        ("--target-file-size", "big", "'big' is no size. Write 128MB"),
        ("--target-file-size", "1MB5", "'1MB5' is no size."),
        ("--target-file-size", "12B", "--target-file-size 12 is out of bounds. Give 1000000 to 10000000000."),
        ("--partition-by", "day", "--partition-by day can't be used. Give each of date, hour, account, region"),
    ],
)
def test_a_setting_that_can_not_work_ends_with_2_and_one_sentence(
    option: str,
    value: str,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended(monkeypatch, *backfill(tmp_path, option, value)) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"error: {says}")
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert not (tmp_path / "lake").exists()


def test_a_source_that_is_not_there_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, "backfill", str(tmp_path / "none"), "--output", str(tmp_path / "lake")) == 2
    assert capsys.readouterr().err.startswith(f"error: There is no directory or file {tmp_path / 'none'}.")


def test_an_output_that_can_not_be_written_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")

    assert ended(monkeypatch, "backfill", str(tmp_path), "--output", str(tmp_path / "file")) == 2
    captured = capsys.readouterr().err
    assert captured.startswith(f"error: The output {tmp_path / 'file'} can't be used.")
    assert captured.count("\n") == 1


def test_an_output_on_s3_without_a_place_for_the_ledger_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, "backfill", str(tmp_path), "--output", "s3://lake/x") == 2
    assert "--state-dir" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("queue_url", "says"),
    [("trail", "is no queue URL"), ("arn:aws:sqs:eu-west-1:123456789012:trail", QUEUE), ("", "is no queue URL")],
)
def test_a_queue_url_that_is_none_ends_with_2(
    queue_url: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, "run", "--queue-url", queue_url, "--output", str(tmp_path / "lake")) == 2
    captured = capsys.readouterr().err
    assert captured.startswith("error: ")
    assert says in captured
    assert "Traceback" not in captured


def test_missing_credentials_end_with_2_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, "run", "--queue-url", QUEUE, "--output", str(tmp_path / "lake")) == 2
    captured = capsys.readouterr().err
    assert "credentials" in captured
    assert captured.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (ConfigurationError("No queue.", hint="Give one."), 2, "error: No queue. Give one.\n"),
        (LakeDamagedError("A file is gone."), 1, "error: A file is gone.\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_each_kind_of_error_has_its_exit_code(
    error: BaseException, code: int, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    app.command("fail")(fail)
    try:
        assert ended(monkeypatch, "fail") == code
    finally:
        app.registered_commands.pop()
    assert capsys.readouterr().err == says
