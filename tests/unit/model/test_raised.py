"""What a user's function raised, as an error that can be sent, whatever it says."""

from typing import NoReturn

import pytest

from ingester.model.errors import FunctionError, ProcessorUnusableError
from ingester.model.frames import CannotBegin, Failed, Raised, encode_frame
from ingester.model.raised import cannot_be_made, function_error


class SpeechlessError(Exception):
    def __str__(self) -> NoReturn:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no such user"), "process raised ValueError: no such user"),
        (OSError("name \udcff\ud800"), "process raised OSError: name \\udcff\\ud800"),
        (SpeechlessError(), "process raised SpeechlessError: (str() of it raises RuntimeError)"),
    ],
)
def test_whatever_a_function_raises_can_be_told_to_the_supervisor(error: Exception, said: str) -> None:
    told = function_error("process", error)

    assert told.args[0] == said
    raised = Raised(told.function, told.cause_type, told.traceback)
    assert encode_frame(Failed(job=1, kind="function", reason=str(told), raised=raised))


def test_a_text_without_end_is_cut() -> None:
    assert len(function_error("process", ValueError("x" * 100_000_000)).args[0]) < 3_000


def test_a_class_that_can_not_be_made_is_told_in_the_users_own_words() -> None:
    error = cannot_be_made(SpeechlessError, OSError("give --output \udcff"))
    error.reword(lambda _: "in other words")

    assert error.args[0] == (
        "The processor SpeechlessError can't be made: SpeechlessError() raised OSError: give --output \\udcff."
    )
    assert encode_frame(CannotBegin(error.args[0], error.hint))
    assert isinstance(error, ProcessorUnusableError)
    assert not isinstance(error, FunctionError)
