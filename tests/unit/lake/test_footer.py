"""The list of log files survives its way through a footer, and stays small."""

import pytest

from ingester.lake.footer import decode_log_files, encode_log_files
from tests.unit.lake.rows import committed_log_file


def test_the_list_of_log_files_comes_back_as_it_went_in() -> None:
    log_files = [committed_log_file(number) for number in range(3)]
    found = decode_log_files(encode_log_files(log_files))
    assert [bytes.fromhex(entry["identity"]) for entry in found] == [log_file.identity for log_file in log_files]
    assert [(entry["uri"], entry["etag"], entry["rows"]) for entry in found] == [
        (log_file.uri, log_file.etag, log_file.rows) for log_file in log_files
    ]


def test_a_log_file_takes_less_than_a_hundred_bytes() -> None:
    assert len(encode_log_files([committed_log_file(number) for number in range(2000)])) < 100 * 2000


@pytest.mark.parametrize("text", ["", "AAAA", "é", encode_log_files([committed_log_file()])[:-8]])
def test_a_damaged_list_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="the list of log files is damaged"):
        decode_log_files(text)
