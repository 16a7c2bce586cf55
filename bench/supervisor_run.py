"""`ingester run` with its calls to SQS timed by the CPU clock of their thread. Prints JSON, last.

`python -m bench.supervisor_run SETTINGS [boto3]`: with our client, or with boto3's in its place. The clock starts at
the first receive, so that start-up does not count.
"""

import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from bench.peers.with_boto3 import make_boto3_client
from ingester.model.settings import Settings
from ingester.sqs.calls import Operation, SqsCalls
from ingester.supervisor import queues
from ingester.supervisor.run import run_queues

_make_sqs_client = make_boto3_client if sys.argv[2:] == ["boto3"] else queues.make_sqs_client
_calls: Counter[str] = Counter()
_cpu_seconds: Counter[str] = Counter()
_began_at_cpu_seconds: list[float] = []


class TimedSqs:
    """Another client, timed."""

    def __init__(self, client: SqsCalls) -> None:
        self._client = client

    def call(self, operation: Operation, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """See `SqsCalls`."""
        if not _began_at_cpu_seconds and operation == "ReceiveMessage":
            _began_at_cpu_seconds.append(time.process_time())
        began_at_seconds = time.thread_time()
        try:
            return self._client.call(operation, parameters)
        finally:
            if _began_at_cpu_seconds:
                _calls[operation] += 1
                _cpu_seconds[operation] += time.thread_time() - began_at_seconds


def main() -> None:
    """Run with the settings given as JSON."""
    queues.make_sqs_client = lambda settings, url: TimedSqs(_make_sqs_client(settings, url))
    run_queues(msgspec.json.decode(sys.argv[1], type=Settings))
    cpu_seconds = time.process_time() - _began_at_cpu_seconds[0]
    print(
        msgspec.json.encode({"cpu_seconds": cpu_seconds, "calls": _calls, "call_cpu_seconds": _cpu_seconds}).decode()
    )


if __name__ == "__main__":
    main()
