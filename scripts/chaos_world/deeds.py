"""What goes wrong in a chaos run, and when: drawn from the seed alone, so that the seed says it all again. Pure.

The middle half of a run spares the life of the supervisor: only a process that lives for long can show that its
memory, its descriptors and its ledger stay flat.
"""

import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.proxy import Fault, cut, entries_refused, no_answer, reset, stall, status

_PAUSE_SECONDS = (0.4, 2.0)
_STOPPED_SECONDS = (0.1, 9.0)
"""Up to above `--worker-silence` of a chaos run: some wake up only after they were replaced."""
_CALLS_MAX = 8
_RECEIVES_MAX = 2
"""Each failure in a row lengthens a receiver's backoff: more, and it would sleep through the rest of the run."""
_SPARED = (0.25, 0.75)

_NETWORK: dict[str, tuple[str, Fault]] = {
    "GET reset": ("GetObject", reset),
    "GET cut": ("GetObject", cut(500)),
    "GET stalls": ("GetObject", stall(1)),
    "GET SlowDown": ("GetObject", status(503, "SlowDown")),
    "GET 500": ("GetObject", status(500, "InternalError")),
    "receive lost": ("ReceiveMessage", no_answer),
    "receive 503": ("ReceiveMessage", status(503, "ServiceUnavailable")),
    "delete refused for some": ("DeleteMessageBatch", entries_refused("InternalError", every=2)),
    "delete unanswered": ("DeleteMessageBatch", no_answer),
    "delete reset": ("DeleteMessageBatch", reset),
    "extend reset": ("ChangeMessageVisibilityBatch", reset),
    "extend unanswered": ("ChangeMessageVisibilityBatch", no_answer),
}

_OUTPUT: dict[str, tuple[str, Fault]] = {
    "part reset": ("UploadPart", reset),
    "part unanswered": ("UploadPart", no_answer),
    "part 503": ("UploadPart", status(503, "SlowDown")),
    "begin 503": ("CreateMultipartUpload", status(503, "SlowDown")),
    "begin unanswered": ("CreateMultipartUpload", no_answer),
    "complete unanswered": ("CompleteMultipartUpload", no_answer),
    "complete reset": ("CompleteMultipartUpload", reset),
    "complete 500": ("CompleteMultipartUpload", status(500, "InternalError")),
    "abort unanswered": ("AbortMultipartUpload", no_answer),
    "list 500": ("ListMultipartUploads", status(500, "InternalError")),
}
"""Calls that only an output on S3 makes."""


@dataclass(frozen=True)
class NetworkFault:
    """The next `times` calls of `operation` meet `fault`."""

    name: str
    operation: str
    fault: Fault
    times: int


@dataclass(frozen=True)
class Signal:
    """A signal for a process. `which`, 0 to 1: the place of a worker among those that live, or -1 for the supervisor.
    `seconds`: when a stopped one goes on."""

    number: signal.Signals
    which: float
    seconds: float

    @property
    def name(self) -> str:
        """Told at the end of a run."""
        return f"{self.number.name} {'supervisor' if self.which < 0 else 'worker'}"


@dataclass(frozen=True)
class Deed:
    """One bad thing, `at_seconds` after the run's beginning."""

    at_seconds: float
    what: NetworkFault | Signal


def deeds(seed: int, seconds: float, *, output: str) -> Iterator[Deed]:
    """All bad things of a run, in order."""
    rng = random.Random(seed)
    network = list((_NETWORK | (_OUTPUT if output == "s3" else {})).items())
    at_seconds = 0.0
    while (at_seconds := at_seconds + rng.uniform(*_PAUSE_SECONDS)) < seconds:
        kind = rng.choices(("network", "worker", "supervisor"), (6, 3, 1))[0]
        if kind == "network":
            name, (operation, fault) = rng.choice(network)
            calls_max = _RECEIVES_MAX if operation == "ReceiveMessage" else _CALLS_MAX
            yield Deed(at_seconds, NetworkFault(name, operation, fault, rng.randint(1, calls_max)))
            continue
        which = rng.random() if kind == "worker" else -1
        is_spared = which < 0 and _SPARED[0] <= at_seconds / seconds < _SPARED[1]
        numbers = (signal.SIGKILL, signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM)
        number = signal.SIGSTOP if is_spared else rng.choice(numbers)
        yield Deed(at_seconds, Signal(number, which, rng.uniform(*_STOPPED_SECONDS)))
