"""What goes wrong in a chaos run: processes are killed, stopped and told to end, and the network misbehaves."""

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress

from tests.faults.proxy import Fault, Proxy, cut, entries_refused, no_answer, reset, stall, status
from tests.support.cli import Running

_STOPPED_SECONDS_MAX = 2.0

_NETWORK: tuple[tuple[str, str, Fault], ...] = (
    ("GET reset", "GetObject", reset),
    ("GET cut", "GetObject", cut(500)),
    ("GET stalls", "GetObject", stall(1)),
    ("GET SlowDown", "GetObject", status(503, "SlowDown")),
    ("GET 500", "GetObject", status(500, "InternalError")),
    ("receive lost", "ReceiveMessage", no_answer),
    ("receive 503", "ReceiveMessage", status(503, "ServiceUnavailable")),
    ("delete refused for some", "DeleteMessageBatch", entries_refused("InternalError", every=2)),
    ("delete unanswered", "DeleteMessageBatch", no_answer),
    ("delete reset", "DeleteMessageBatch", reset),
    ("extend reset", "ChangeMessageVisibilityBatch", reset),
    ("part reset", "UploadPart", reset),
    ("part unanswered", "UploadPart", no_answer),
    ("begin 503", "CreateMultipartUpload", status(503, "SlowDown")),
    ("complete unanswered", "CompleteMultipartUpload", no_answer),
    ("complete 500", "CompleteMultipartUpload", status(500, "InternalError")),
)


class Mischief:
    """Does one thing after another, drawn from the seed. `done`: what, and how often."""

    def __init__(self, rng: random.Random, proxy: Proxy) -> None:
        self._rng = rng
        self._proxy = proxy
        self.done: Counter[str] = Counter()

    def do(self, running: Running) -> None:
        """One bad thing, now."""
        kind = self._rng.choices(("network", "worker", "supervisor"), (6, 4, 1))[0]
        if kind == "network":
            name, operation, fault = self._rng.choice(_NETWORK)
            self._proxy.inject(operation, fault, times=self._rng.randint(1, 12))
            self.done[name] += 1
            return
        number = self._rng.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM))
        draw = self._rng.random()
        pids = running.worker_pids() if kind == "worker" else [running.process.pid]
        if pids:
            self.done[f"{signal.Signals(number).name} {kind}"] += 1
            self._send(pids[int(draw * len(pids))], number)

    def _send(self, pid: int, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            if number is signal.SIGSTOP:
                time.sleep(self._rng.random() * _STOPPED_SECONDS_MAX)
                os.kill(pid, signal.SIGCONT)
