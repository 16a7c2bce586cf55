"""Every command and option: documented, settable from the environment, with the library's defaults."""

import inspect
from pathlib import Path
from typing import Any

import pytest
import typer

from ingester.cli.main import app
from ingester.cli.options import partition_keys
from ingester.model.setting_names import OPTIONS as SETTING_OPTIONS
from ingester.model.settings import Settings, parse_size

README = Path(__file__).resolve().parents[3] / "README.md"

ALL_COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
COMMANDS = {name: command for name, command in ALL_COMMANDS.items() if not hasattr(command, "commands")}
INGESTING = {name: COMMANDS[name] for name in ("run", "backfill")}
OPTIONS = [
    pytest.param(command, parameter, id=f"{command}-{parameter.name}")
    for command, some in COMMANDS.items()
    for parameter in some.params
    if parameter.name != "help"
]

OTHER_VALUES = {
    "queue_url": "https://q/1/a",
    "output": "/lake",
    "source": "/logs",
    "until_empty": "true",
    "verify_sns": "true",
    "sns_topic": "arn:aws:sns:us-east-1:123456789012:a",
    "repair": "true",
    "rebuild_ledger": "true",
    "visibility_timeout": "77",
    "endpoint_url": "http://localhost:1",
    "region": "eu-west-3",
    "state_dir": "/state",
    "partition_by": "hour,account",
    "flush_interval": "7.5",
    "target_file_size": "7MB",
    "workers": "7",
    "batch_rows": "77",
    "fetches_ahead": "7",
    "max_attempts": "7",
    "grace": "7.5",
    "worker_silence": "7.5",
    "worker_memory": "700MB",
    "include": "eventName=A",
    "exclude": "eventName=B",
    "processor": "a:b",
    "event_filter": "a:c",
    "source_filter": "a:d",
    "log_format": "json",
}
"""A value for each option that is not its default."""

REQUIRED = {
    "run": ["--queue-url", "https://q/1/q", "--output", "/o"],
    "backfill": ["/s", "--output", "/o"],
    "verify": ["/o"],
}


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for _, parameter in (param.values for param in OPTIONS):
        monkeypatch.delenv(parameter.envvar, raising=False)


def parsed(command: str, arguments: list[str]) -> dict[str, Any]:
    """The values that a command line gives."""
    with COMMANDS[command].make_context(command, [*arguments]) as context:
        return dict(context.params)


def test_the_commands_are_those_that_the_documentation_names() -> None:
    assert sorted(ALL_COMMANDS) == ["backfill", "quarantine", "run", "verify"]
    assert sorted(ALL_COMMANDS["quarantine"].commands) == ["list", "retry", "show"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_in_a_sentence_what_it_does(command: str) -> None:
    first_line = (COMMANDS[command].help or "").splitlines()[0]

    assert first_line.endswith(".")
    assert len(first_line) > 20


@pytest.mark.parametrize(("command", "parameter"), OPTIONS)
def test_every_option_has_help_that_is_a_sentence(command: str, parameter: Any) -> None:
    assert parameter.help
    assert parameter.help[0].isupper()
    assert parameter.help.endswith(".")


@pytest.mark.parametrize(("command", "parameter"), OPTIONS)
def test_every_option_has_an_environment_variable_of_its_own_name(command: str, parameter: Any) -> None:
    name = parameter.name if parameter.param_type_name == "argument" else parameter.opts[0].removeprefix("--")

    assert parameter.envvar == "INGESTER_" + name.upper().replace("-", "_")


@pytest.mark.parametrize("command", INGESTING)
def test_every_option_has_a_name_in_the_library(command: str) -> None:
    options = {
        parameter.opts[0] for parameter in INGESTING[command].params if parameter.param_type_name != "argument"
    }

    assert options - {"--help"} <= set(SETTING_OPTIONS)


def command_line(command: str, parameter: Any, value: str | None) -> list[str]:
    """A command line with what is required, and this parameter with a value or not at all."""
    required = [*REQUIRED[command]]
    if parameter.param_type_name == "argument":
        return [*([] if value is None else [value]), *required[1:]]
    name = parameter.opts[0]
    if name in required:
        place = required.index(name)
        del required[place : place + 2]
    if value is None:
        return required
    return [*required, name] if parameter.is_flag else [*required, name, value]


@pytest.mark.parametrize(("command", "parameter"), OPTIONS)
def test_an_environment_variable_says_the_same_as_its_option(
    command: str, parameter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = OTHER_VALUES[parameter.name]
    default = parsed(command, REQUIRED[command])
    given = parsed(command, command_line(command, parameter, value))
    monkeypatch.setenv(parameter.envvar, value)

    assert parsed(command, command_line(command, parameter, None)) == given
    assert given[parameter.name] != default[parameter.name]


@pytest.mark.parametrize(("command", "parameter"), OPTIONS)
def test_an_option_wins_over_its_environment_variable(
    command: str, parameter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = command_line(command, parameter, OTHER_VALUES[parameter.name])
    given = parsed(command, arguments)
    monkeypatch.setenv(parameter.envvar, "nonsense")

    assert parsed(command, arguments) == given


def test_several_queues_may_be_given_in_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    by_options = parsed("run", ["--queue-url", "https://q/1/a", "--queue-url", "https://q/1/b", "--output", "/o"])
    monkeypatch.setenv("INGESTER_QUEUE_URL", "https://q/1/a https://q/1/b")

    assert list(by_options["queue_url"]) == ["https://q/1/a", "https://q/1/b"]
    assert parsed("run", ["--output", "/o"]) == by_options


@pytest.mark.parametrize("command", INGESTING)
def test_defaults_are_the_library_s(command: str) -> None:
    given, defaults = parsed(command, REQUIRED[command]), Settings()

    assert partition_keys(given["partition_by"]) == defaults.partition_by
    assert parse_size(given["target_file_size"]) == defaults.target_file_size_bytes
    assert given["flush_interval"] == defaults.flush_interval_seconds
    assert given["workers"] is defaults.workers is None
    assert given["batch_rows"] == defaults.batch_rows
    assert given["fetches_ahead"] == defaults.fetches_ahead
    assert given["max_attempts"] == defaults.max_attempts
    assert given["grace"] == defaults.grace_seconds
    assert given["log_format"] == defaults.log_format
    assert given["state_dir"] is given["endpoint_url"] is given["region"] is None


def test_both_commands_have_the_same_options_but_those_of_a_queue() -> None:
    names = {command: {parameter.name for parameter in some.params} for command, some in COMMANDS.items()}

    of_a_queue = {"queue_url", "until_empty", "visibility_timeout", "verify_sns", "sns_topic"}
    assert names["run"] - names["backfill"] == of_a_queue
    assert names["backfill"] - names["run"] == {"source"}


@pytest.mark.parametrize(
    ("text", "keys"),
    [("date", ("date",)), ("hour, account", ("hour", "account")), ("", ()), ("date,,region,", ("date", "region"))],
)
def test_partition_keys_are_separated_by_commas(text: str, keys: tuple[str, ...]) -> None:
    assert partition_keys(text) == keys


def test_every_option_is_a_setting_of_the_library() -> None:
    settings = {field.removesuffix("_seconds").removesuffix("_bytes") for field in Settings.__struct_fields__}
    options = {parameter.name for some in INGESTING.values() for parameter in some.params}

    assert options - {field.removesuffix("s") for field in settings} - settings <= {"source"}


@pytest.mark.skipif(not README.exists(), reason="there is no README yet")
@pytest.mark.parametrize(("command", "parameter"), OPTIONS)
def test_every_command_and_option_is_in_the_readme(command: str, parameter: Any) -> None:
    readme = README.read_text()

    assert f"ingester {command}" in readme
    assert parameter.param_type_name == "argument" or parameter.opts[0] in readme


def test_every_command_s_function_takes_its_defaults_from_one_place() -> None:
    """A default that is written into one command only would make the two differ."""
    shared = {
        name: parameter.default
        for command in INGESTING.values()
        for name, parameter in inspect.signature(command.callback).parameters.items()
    }
    for command in INGESTING.values():
        for name, parameter in inspect.signature(command.callback).parameters.items():
            assert parameter.default == shared[name]
