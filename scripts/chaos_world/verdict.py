"""What is wrong after a run: the oracle, `ingester verify` with every record compared, and what the runs said."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scripts.demo_world.log_files import GeneratedLogFile
from tests.support.cli import Ended, ingester
from tests.support.lake import Lake
from tests.support.moto import Place, Queue
from tests.support.trail import expected_records

_TRACEBACK = "Traceback (most recent call last)"
_SHOWN_CHARS = 3_000


def oracle(lake: Lake, place: Place, log_files: list[GeneratedLogFile], queue: Queue, last: Ended) -> Iterator[str]:
    """Every record once, an empty queue, nothing staged, nothing in quarantine, and a last run that ended well."""
    if last.exit_code:
        yield f"the last run ended with {last.exit_code}: {last.stderr[-_SHOWN_CHARS:]}"
    expected = Counter(expected_records(place.bucket, log_files).keys())
    found = lake.places()
    for what, places in (("missing", expected - found), ("too many", found - expected)):
        if places:
            yield f"{places.total():,} rows {what}, such as {sorted(places)[:3]}"
    if not queue.is_empty():
        yield f"the queue still has messages: {queue.counts()}"
    if lake.leftovers():
        yield f"staged and left behind: {lake.leftovers()[:3]}"
    if lake.quarantine():
        yield f"quarantined, though all is good: {list(lake.quarantine().values())[:3]}"


def verified(lake: Lake, place: Place, endpoint_url: str, seconds_max: float) -> Iterator[str]:
    """What `ingester verify` finds, each record read again from its log file and compared."""
    options = ["--source", f"s3://{place.bucket}/AWSLogs/", "--endpoint-url", endpoint_url, "--region", "us-east-1"]
    ended = ingester("verify", *lake.arguments[1:], *options, timeout_seconds=seconds_max)
    print("verify:", *ended.stdout.strip().splitlines()[-2:])
    if ended.exit_code:
        yield f"verify ended with {ended.exit_code}: {ended.stdout[-_SHOWN_CHARS:]}{ended.stderr[-_SHOWN_CHARS:]}"


def tracebacks(folder: Path) -> Iterator[str]:
    """Errors of our own code in what the runs wrote, whatever they were recovered by."""
    for path in sorted(folder.glob("*.stderr")):
        said = path.read_text(errors="replace")
        if _TRACEBACK in said:
            yield f"a traceback in {path.name}: {said[said.index(_TRACEBACK) :][:_SHOWN_CHARS]}"
