"""The log files that benches run on: generated once for each profile, kept in `bench/data-cache/`.

Contents come from `scripts/demo_world`, the same bytes for the same seed; compressed as CloudTrail does, level 6.
"""

import json
import shutil
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from isal import igzip

from scripts.demo_world.log_files import Plan, World

CACHE = Path(__file__).resolve().parent / "data-cache"
_VERSION = 2
"""To be raised when the same profile would hold other bytes."""
_WORLD = World(seed=5)


@dataclass(frozen=True)
class Profile:
    """`log_files` files of `events` records each."""

    name: str
    events: int
    log_files: int

    @property
    def folder_name(self) -> str:
        """The folder in the cache."""
        return f"{self.name}-{self.events}x{self.log_files}"

    def of(self, log_files: int) -> "Profile":
        """The same with another number of log files."""
        return replace(self, log_files=log_files)


TINY = Profile("tiny", 5, 8000)
TYPICAL = Profile("typical", 500, 400)
BUSY = Profile("busy", 4000, 56)
LARGE = Profile("large", 35_000, 5)
PROFILES = (TINY, TYPICAL, BUSY, LARGE)
QUICK_PROFILES = (TINY.of(1000), TYPICAL.of(40), BUSY.of(8), LARGE.of(1))


@dataclass(frozen=True)
class Data:
    """A profile's log files on disk."""

    profile: Profile
    folder: Path
    log_files: int
    events: int
    json_bytes: int
    gzip_bytes: int

    @property
    def paths(self) -> list[Path]:
        """All log files, sorted."""
        return sorted(self.folder.rglob("*.json.gz"))


def prepare(profile: Profile) -> Data:
    """The log files of a profile, generated if they are not there yet."""
    folder = CACHE / profile.folder_name
    description = CACHE / f"{profile.folder_name}.json"
    if not description.exists() or json.loads(description.read_text())["version"] != _VERSION:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with ProcessPoolExecutor() as processes:
            chunk = max(1, profile.log_files // 64)
            write = partial(_write, folder, profile.events)
            sizes = list(processes.map(write, range(profile.log_files), chunksize=chunk))
        sums = {"json_bytes": sum(size for size, _ in sizes), "gzip_bytes": sum(size for _, size in sizes)}
        description.write_text(json.dumps({"version": _VERSION, **sums}))
    sums = json.loads(description.read_text())
    del sums["version"]
    return Data(profile, folder, profile.log_files, profile.log_files * profile.events, **sums)


def json_of(data: Data, log_files: int | None = None) -> list[bytes]:
    """The content of the first log files."""
    return [zlib.decompress(path.read_bytes(), 31) for path in data.paths[:log_files]]


def gigantic(json_bytes: int) -> Path:
    """One log file that inflates to `json_bytes` or somewhat more: the records of `LARGE` again and again."""
    path = CACHE / f"gigantic-{json_bytes}" / "AWSLogs/100000000000/CloudTrail/us-east-1/2025/11/03/gigantic.json.gz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        (content,) = json_of(prepare(LARGE.of(1)))
        records = content[len(b'{"Records":[') : -len(b"]}")]
        written = 0
        unfinished = path.with_suffix(".unfinished")
        with igzip.open(unfinished, "wb", compresslevel=2) as file:
            while written < json_bytes:
                file.write((b"," if written else b'{"Records":[') + records)
                written += len(records) + 1
            file.write(b"]}")
        unfinished.rename(path)
    return path


def _write(folder: Path, events: int, number: int) -> tuple[int, int]:
    """One log file; its bytes of JSON and of gzip."""
    account = _WORLD.accounts[number % _WORLD.account_count]
    region = _WORLD.regions[number // _WORLD.account_count % _WORLD.region_count]
    delivered_seconds = 300 * (1 + number * 7 % 286)
    generated = _WORLD.make(Plan(delivered_seconds, account, region, events), number)
    content = igzip.decompress(generated.body)
    compressor = zlib.compressobj(6, zlib.DEFLATED, 31)
    body = compressor.compress(content) + compressor.flush()
    path = folder / generated.key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return len(content), len(body)
