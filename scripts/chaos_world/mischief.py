"""Does what the seed says, at its time, to the ingester that runs then."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from scripts.chaos_world.deeds import Deed, NetworkFault, Signal
from tests.faults.proxy import Proxy, Rule
from tests.support.cli import Running


class Mischief:
    """`done`: what was done, and how often; `calls_met`: how many calls met a fault of the network."""

    def __init__(self, deeds: Iterator[Deed], proxy: Proxy) -> None:
        self._deeds = deeds
        self._proxy = proxy
        self._next: Deed | None = next(deeds, None)
        self._rules: list[Rule] = []
        self._stopped: list[tuple[float, int]] = []
        self.done: Counter[str] = Counter()
        self.calls_met = 0

    def do_due(self, running: Running, now_seconds: float) -> None:
        """All that is due, `now_seconds` after the run's beginning."""
        self._let_go_on(now_seconds)
        self._forget_used_up()
        while self._next is not None and self._next.at_seconds <= now_seconds:
            what = self._next.what
            self._next = next(self._deeds, None)
            if isinstance(what, NetworkFault):
                self._rules.append(self._proxy.inject(what.operation, what.fault, times=what.times))
                self.done[what.name] += 1
            else:
                self._send(what, running, now_seconds)

    def end(self) -> None:
        """The network is well again."""
        self._proxy.heal()
        self.calls_met += sum(rule.met for rule in self._rules)

    def _send(self, what: Signal, running: Running, now_seconds: float) -> None:
        pids = [running.process.pid] if what.which < 0 else running.worker_pids()
        if not pids:
            return
        pid = pids[int(what.which * len(pids))] if what.which >= 0 else pids[0]
        with suppress(ProcessLookupError):
            os.kill(pid, what.number)
            self.done[what.name] += 1
            if what.number is signal.SIGSTOP:
                self._stopped.append((now_seconds + what.seconds, pid))

    def _let_go_on(self, now_seconds: float) -> None:
        due = [(at, pid) for at, pid in self._stopped if at <= now_seconds]
        self._stopped = [(at, pid) for at, pid in self._stopped if at > now_seconds]
        for _, pid in due:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def _forget_used_up(self) -> None:
        for rule in [rule for rule in self._rules if rule.times == rule.met]:
            self._rules.remove(rule)
            self._proxy.rules.remove(rule)
            self.calls_met += rule.met
