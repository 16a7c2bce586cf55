"""A body cut short never passes for a whole one."""

import pytest

from ingester.fetch.base import changed, exactly
from ingester.model.errors import FetchError
from ingester.model.log_file import LogFile


def test_a_body_of_the_announced_size_passes_as_it_is() -> None:
    assert list(exactly(5, iter([b"ab", b"", b"cde"]), "uri")) == [b"ab", b"", b"cde"]


@pytest.mark.parametrize("chunks", [[], [b"abcd"], [b"ab", b"cdef"]])
def test_a_body_of_another_size_is_an_error_at_its_end(chunks: list[bytes]) -> None:
    with pytest.raises(FetchError, match=r"s3://b/k: \d bytes arrived where 5 were announced"):
        list(exactly(5, iter(chunks), "s3://b/k"))


def test_a_changed_object_is_named_with_the_etag_that_was_announced() -> None:
    assert "s3://b/k has changed since it was announced (its ETag was e1)" in str(changed(LogFile("b", "k", "e1")))
