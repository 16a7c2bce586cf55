"""Log files as CloudTrail delivers them: keys, sizes, contents, gzip. The same seed gives the same bytes.

`World(seed=1).log_files(events=200_000)` is an organisation's two days. Most log files are tiny, as real ones are;
a few busy accounts fill the large ones. No file is made before it is asked for.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache

from isal import igzip

from scripts.demo_world.other_shapes import OTHER_SHAPES
from scripts.demo_world.records import Account, cast, pattern, per_record_slots, unique_id
from scripts.demo_world.stories import stories

REGIONS = ("us-east-1", "eu-west-1", "us-west-2", "eu-central-1", "ap-southeast-2", "sa-east-1", "ca-central-1")
_ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_DELIVERY_SECONDS = 300
_WINDOW_SECONDS = 780
"""A log file's events are from so many seconds before its delivery."""
_SORTED_SHARE = 0.73
"""Of real log files, so many are sorted by eventTime."""


@dataclass(frozen=True)
class GeneratedLogFile:
    """A log file ready to be stored. `events` records, `json_bytes` before gzip."""

    key: str
    body: bytes
    events: int
    json_bytes: int


@dataclass(frozen=True)
class Plan:
    """A log file to be: which records and how many, and when it is delivered, in seconds since the first day."""

    delivered_seconds: int
    account: Account
    region: str
    events: int
    kind: str = "CloudTrail"
    story: int | None = None


@dataclass(frozen=True)
class World:
    """An organisation: its accounts, regions and days. `prefix` is the trail's key prefix, ending in `/` if any."""

    seed: int = 1
    account_count: int = 20
    region_count: int = 5
    day_count: int = 2
    first_day: date = date(2025, 11, 3)
    prefix: str = ""

    @cached_property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts, the busiest first."""
        rng = random.Random(self.seed)
        numbers = [f"{rng.randrange(10**11, 10**12)}" for _ in range(self.account_count)]
        return tuple(Account(n, 1 / (at + 1), numbers[0], rng.getrandbits(32)) for at, n in enumerate(numbers))

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions, the busiest first."""
        return REGIONS[: self.region_count]

    def log_files(self, events: int) -> Iterator[GeneratedLogFile]:
        """Log files with exactly `events` events in all, in the order of their delivery."""
        for number, plan in enumerate(sorted(self.plans(events), key=lambda plan: plan.delivered_seconds)):
            yield self.make(plan, number)

    def plans(self, events: int) -> Iterator[Plan]:
        """What `log_files` will make, in no order: stories, one for each place, odd shapes, then the rest."""
        rng = random.Random(self.seed)
        left = events
        for plan in (*self._required_plans(rng), *self._shares(rng, events)):
            size = min(plan.events, left)
            if size == plan.events or (size and plan.story is None):
                left -= size
                yield Plan(plan.delivered_seconds, plan.account, plan.region, size, plan.kind, plan.story)
        while left:
            size = min(tiny_size(rng), left)
            left -= size
            yield self._plan(rng, size)

    def _required_plans(self, rng: random.Random) -> Iterator[Plan]:
        for number, (victim, begins, scenes) in enumerate(stories()):
            if victim < self.account_count:
                delivered = _next_delivery(begins + scenes[-1].after_seconds)
                yield Plan(delivered, self.accounts[victim], self.regions[0], len(scenes), story=number)
        for day in range(self.day_count):
            for account in self.accounts:
                for region in self.regions:
                    yield Plan(self._delivery(rng, day), account, region, tiny_size(rng))
        for kind in OTHER_SHAPES:
            yield from (self._plan(rng, rng.randrange(2, 9), kind) for _ in range(4))

    def _shares(self, rng: random.Random, events: int) -> Iterator[Plan]:
        """Large log files for three quarters of the events, middling ones for an eighth; the rest is tiny."""
        for share, low, high in ((0.76, 2000, 6000), (0.125, 100, 900)):
            left = int(events * share)
            while left > low:
                size = min(rng.randrange(low, high), left)
                left -= size
                yield self._plan(rng, size)

    def _plan(self, rng: random.Random, size: int, kind: str = "CloudTrail") -> Plan:
        account = rng.choices(self.accounts, [account.busyness for account in self.accounts])[0]
        # three quarters of what happens, happens in the home region
        region = self.regions[0] if rng.random() < 0.75 else rng.choice(self.regions)
        return Plan(self._delivery(rng, rng.randrange(self.day_count)), account, region, size, kind)

    def _delivery(self, rng: random.Random, day: int) -> int:
        return day * 86_400 + rng.randrange(1, 86_400 // _DELIVERY_SECONDS) * _DELIVERY_SECONDS

    def make(self, plan: Plan, number: int) -> GeneratedLogFile:
        """The log file of a plan; `number` tells it apart from others with the same plan."""
        rng = random.Random(self.seed << 32 | number)
        midnight = datetime.combine(self.first_day, datetime.min.time(), UTC)
        text = '{"Records":[' + ",".join(_records(plan, int(midnight.timestamp()), rng)) + "]}"
        json_text = text.encode()
        key = self._key(plan, midnight + timedelta(seconds=plan.delivered_seconds), rng)
        return GeneratedLogFile(key, _gzip(json_text), plan.events, len(json_text))

    def _key(self, plan: Plan, delivered: datetime, rng: random.Random) -> str:
        account, kind, region = plan.account.number, plan.kind, plan.region
        name = f"{account}_{kind}_{region}_{delivered:%Y%m%dT%H%MZ}_{''.join(rng.choices(_ALNUM, k=16))}.json.gz"
        return f"{self.prefix}AWSLogs/{account}/{kind}/{region}/{delivered:%Y/%m/%d}/{name}"


def log_file(events: int, *, seed: int = 1) -> GeneratedLogFile:
    """One log file of `events` ordinary events."""
    world = World(seed=seed)
    return world.make(Plan(43_200, world.accounts[0], REGIONS[0], events), seed)


def pack(records: Iterable[bytes | str]) -> bytes:
    """Records, as JSON each, packed into a log file."""
    texts = (record.encode() if isinstance(record, str) else record for record in records)
    return _gzip(b'{"Records":[' + b",".join(texts) + b"]}")


def tiny_size(rng: random.Random) -> int:
    """Records in an ordinary log file of a quiet account: median 5, 95th percentile about 20."""
    return max(1, round(rng.lognormvariate(1.6, 0.85)))


def _gzip(text: bytes) -> bytes:
    # without the time of compression in the header: the same seed gives the same bytes on any day
    return bytes(igzip.compress(text, 1, mtime=0))


def _records(plan: Plan, epoch: int, rng: random.Random) -> list[str]:
    delivered = epoch + plan.delivered_seconds
    session = _time_text(delivered - _WINDOW_SECONDS - rng.randrange(3000))
    log_file_slots = {
        "region": plan.region,
        "session_time": session,
        "session_key": unique_id(rng, 8),
        "expiry": f"{datetime.fromtimestamp(delivered, UTC):%b %d, %Y, %I:%M:%S %p}",
    }
    patterns, seconds = _patterns(plan, rng)
    records = []
    for values, text, second in zip(per_record_slots(rng, plan.events), patterns, seconds, strict=True):
        values |= log_file_slots
        values["time"] = _time_text(delivered - second)
        records.append(text % values)
    return records


def _patterns(plan: Plan, rng: random.Random) -> tuple[list[str], list[int]]:
    """A pattern for each record, and how many seconds before delivery it happened."""
    if plan.story is not None:
        _, begins, scenes = list(stories())[plan.story]
        names = plan.account.cast_names(rng)
        first = plan.delivered_seconds - begins
        return [cast(s.call, s.identity, names, rng) for s in scenes], [first - s.after_seconds for s in scenes]
    seconds = rng.choices(range(60, _WINDOW_SECONDS), k=plan.events)
    if rng.random() < _SORTED_SHARE:
        seconds.sort(reverse=True)
    if plan.kind != "CloudTrail":
        shapes = [pattern(fields, plan.account.cast_names(rng)) for fields in OTHER_SHAPES[plan.kind]]
        return [shapes[at % len(shapes)] for at in range(plan.events)], seconds
    known = plan.account.patterns
    return rng.choices(known.texts, cum_weights=known.cumulated_weights, k=plan.events), seconds


def _next_delivery(second: int) -> int:
    return (second // _DELIVERY_SECONDS + 1) * _DELIVERY_SECONDS


def _time_text(epoch_second: int) -> str:
    hour, second = divmod(epoch_second, 3600)
    return _seconds_of_hour(hour)[second]


@lru_cache(maxsize=64)
def _seconds_of_hour(hour: int) -> list[str]:
    begin = f"{datetime.fromtimestamp(hour * 3600, UTC):%Y-%m-%dT%H:}"
    return [f"{begin}{minute:02}:{second:02}Z" for minute in range(60) for second in range(60)]
