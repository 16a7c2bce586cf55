"""Errors say what happened and what to do."""

from ingester.model.errors import ConfigurationError, FetchError, IngesterError, LedgerConflictError


def test_an_error_says_what_happened_and_then_what_to_do() -> None:
    assert str(ConfigurationError("No queue is given.", hint="Give --queue-url.")) == (
        "No queue is given. Give --queue-url."
    )
    assert str(IngesterError("It broke.")) == "It broke."


def test_a_conflict_names_the_log_files_that_are_in() -> None:
    error = LedgerConflictError("2 log files are in already.", frozenset({b"1", b"2"}))

    assert error.identities == {b"1", b"2"}
    assert str(error) == "2 log files are in already."


def test_throttling_is_told_apart_from_failing() -> None:
    assert FetchError("SlowDown", throttled=True).throttled
    assert not FetchError("NoSuchKey").throttled
