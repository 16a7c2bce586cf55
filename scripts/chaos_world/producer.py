"""Whoever delivers: log files into the bucket, and their announcements, some twice, in every envelope."""

import random
import threading
import time
from collections.abc import Iterator

from scripts.demo_world.log_files import GeneratedLogFile
from tests.support.moto import Place, Queue
from tests.support.trail import message_bodies, small_world, store

_QUEUED_MAX = 150
"""moto looks at every message on each call: more of them, and nothing else would happen."""
_EVENTS_A_BATCH = 300
_ANNOUNCED_AGAIN = 0.3


class Producer(threading.Thread):
    """Goes on as the queue drains, until `until_seconds` of the monotonic clock. `log_files`: all that it stored."""

    def __init__(self, place: Place, queue: Queue, seed: int, until_seconds: float) -> None:
        super().__init__(name="producer", daemon=True)
        self._place, self._queue, self._until_seconds = place, queue, until_seconds
        self._rng = random.Random(seed + 1)
        self.log_files: list[GeneratedLogFile] = []
        self.messages = 0

    def run(self) -> None:
        """The thread's loop."""
        for number in self._rounds():
            some = small_world(_EVENTS_A_BATCH, seed=self._rng.randint(1, 1 << 30) + number)
            bodies = message_bodies(store(self._place, some))
            self.log_files += some
            bodies += [body for body in bodies if self._rng.random() < _ANNOUNCED_AGAIN]
            self._rng.shuffle(bodies)
            self._queue.send(*bodies)
            self.messages += len(bodies)

    def _rounds(self) -> Iterator[int]:
        number = 0
        while time.monotonic() < self._until_seconds:
            if sum(self._queue.counts()) < _QUEUED_MAX:
                number += 1
                yield number
            else:
                time.sleep(0.2)
