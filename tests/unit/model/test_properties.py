"""A properties file of CPL becomes settings."""

from pathlib import Path

import pytest

from ingester.model.errors import ConfigurationError
from ingester.model.properties import CPL_KEYS, parse_properties
from ingester.model.settings import Settings

_SAMPLE = """
# The sqs url where you wish to pull CloudTrail notification from (required)
sqsUrl = https://sqs.eu-west-1.amazonaws.com/123456789012/trail
sqsRegion = eu-west-1
visibilityTimeout = 60
s3Region: eu-central-1
threadCount = 3
numOfParallelReaders=4
threadTerminationDelaySeconds = 90
maxEventsPerEmit 10
! another way to write a comment
enableRawEventInfo = true
deleteMessageUponFailure = False
accessKey =
"""


def test_every_key_of_cpl_is_read_under_its_own_name(tmp_path: Path) -> None:
    file = tmp_path / "cpl.properties"
    file.write_text(_SAMPLE)

    assert Settings.from_properties(file) == Settings(
        queue_url="https://sqs.eu-west-1.amazonaws.com/123456789012/trail",
        sqs_region="eu-west-1",
        s3_region="eu-central-1",
        visibility_timeout_seconds=60,
        threads=3,
        receivers_per_queue=4,
        grace_seconds=90,
        max_events_per_emit=10,
        raw_event_info=True,
        delete_message_upon_failure=False,
    )
    assert {key for key in CPL_KEYS if f"\n{key}" not in _SAMPLE} == set()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("sqsUrl=q\naccessKey=AKIA\nsecretKey=s", "holds credentials"),
        ("sqsUrl=q\nthreadcount=3", "threadcount, which CPL does not know"),
        ("threadCount=many", "threadCount is 'many'"),
        ("threadCount=0", "threads 0 is out of bounds"),
    ],
)
def test_what_can_not_be_used_is_told_in_one_sentence(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "cpl.properties"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match=says):
        Settings.from_properties(file)


def test_a_secret_in_the_file_is_not_repeated_in_the_error(tmp_path: Path) -> None:
    file = tmp_path / "cpl.properties"
    file.write_text("accessKey=AKIAEXAMPLE\nsecretKey=hunter2")
    with pytest.raises(ConfigurationError) as error:
        Settings.from_properties(file)
    assert "hunter2" not in str(error.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.properties can't be read"):
        Settings.from_properties(tmp_path / "nowhere.properties")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=b=c", {"a": "b=c"}),
        ("a b c", {"a": "b c"}),
        ("a", {"a": ""}),
        ("  a\\ b : c", {"a b": "c"}),
        ("a = one, \\\n   two", {"a": "one, two"}),
        ("a = c:\\\\tmp\\\\\nb = 2", {"a": "c:\\tmp\\", "b": "2"}),
        ("a = \\u00e9\\n", {"a": "é\n"}),
    ],
)
def test_java_properties_are_read_as_java_does(text: str, expected: dict[str, str]) -> None:
    assert parse_properties(text) == expected
