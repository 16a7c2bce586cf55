"""The same errors in the words of the library and of the command line."""

import pytest

from ingester.model.errors import ConfigurationError, FunctionError, LedgerConflictError
from ingester.model.setting_names import OPTIONS, in_options, in_settings
from ingester.model.settings import Settings


def test_every_option_is_an_attribute_of_the_settings_and_back() -> None:
    for option, attribute in OPTIONS.items():
        assert attribute in Settings.__struct_fields__
        assert in_settings(f"Check {option}.") == f"Check Settings.{attribute}."
        assert in_options(f"Check Settings.{attribute}.") == f"Check {option}."


@pytest.mark.parametrize(
    "text",
    [
        "Restore it with `ingester verify OUTPUT --rebuild-ledger`.",
        "s3://lake/x--output-y/ can't be written.",
        "There is no queue https://q/1/a--region.",
        "-- nothing --",
    ],
)
def test_what_is_no_option_that_sets_something_stays(text: str) -> None:
    assert in_settings(text) == text


def test_what_no_option_sets_stays() -> None:
    assert in_options("Settings.threads 0 is out of bounds.") == "Settings.threads 0 is out of bounds."


def test_an_error_says_the_same_in_other_words() -> None:
    error = ConfigurationError("No --output is given.", hint="Give --output a directory.")
    error.reword(in_settings)

    assert str(error) == "No Settings.output is given. Give Settings.output a directory."
    assert error.hint == "Give Settings.output a directory."


def test_what_a_user_s_function_raised_is_told_as_it_is() -> None:
    error = FunctionError("process raised ValueError: --output is missing")
    error.reword(in_settings)

    assert str(error) == "process raised ValueError: --output is missing"


def test_an_error_keeps_what_else_it_knows() -> None:
    error = LedgerConflictError("Give --state-dir.", frozenset({b"1"}))
    error.reword(in_settings)

    assert error.identities == {b"1"}
