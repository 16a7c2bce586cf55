"""Which files are log files, told by name and place."""

import pytest

from ingester.fetch.listing_names import Skipped

NAME = "123456789012_CloudTrail_us-east-1_20240313T1200Z_abcdefghijklmnop.json.gz"


@pytest.mark.parametrize(
    "path",
    [NAME, f"AWSLogs/123456789012/CloudTrail/us-east-1/2024/03/13/{NAME}", "a.json", "deep/er/a.gz", ".json.gz"],
)
def test_a_log_file_is_told_by_its_suffix(path: str) -> None:
    skipped = Skipped()
    assert skipped.is_log_file(path)
    assert (skipped.skipped, skipped.digests_skipped) == (0, 0)


@pytest.mark.parametrize(
    "path",
    [
        "AWSLogs/1/CloudTrail-Digest/us-east-1/2024/03/13/1_CloudTrail-Digest_us-east-1_t_us-east-1_2024.json.gz",
        "AWSLogs/o-abc/1/CloudTrail-Digest/us-east-1/a.json.gz",
        "1_CloudTrail-Digest_us-east-1_trail_us-east-1_20240313T120000Z.json.gz",
    ],
)
def test_a_digest_is_passed_over_and_counted_as_one(path: str) -> None:
    skipped = Skipped()
    assert not skipped.is_log_file(path)
    assert (skipped.skipped, skipped.digests_skipped) == (1, 1)


@pytest.mark.parametrize(
    "path", ["a.parquet", "AWSLogs/", "readme", "a.json.zst", "_ingester/quarantine/a.json", "x/_ingester/a.json.gz"]
)
def test_everything_else_is_passed_over_and_counted(path: str) -> None:
    skipped = Skipped()
    assert not skipped.is_log_file(path)
    assert (skipped.skipped, skipped.digests_skipped) == (1, 0)
