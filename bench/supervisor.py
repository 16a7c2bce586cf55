"""CPU time of the supervisor for each message: its own code, and its calls to SQS, beside those of boto3.

A real run against the fakes, at a steady rate of messages, each with one tiny log file. The calls are timed inside
the process, by the CPU clock of the thread that makes them; what is left of the process is the supervisor's own.
"""

import sys
import tempfile
from pathlib import Path

import msgspec

from bench.conversion import Say
from bench.data import CACHE, TINY, prepare
from bench.end_to_end import aws_environment
from bench.fakes.server import fake_aws
from bench.fakes.world import World
from bench.measure import run
from bench.results import Result
from ingester.model.settings import Settings

MESSAGES_A_SECOND = 2000
"""The rate that figures are told for."""
_SECONDS = 8


def run_section(say: Say, *, quick: bool) -> Result:
    """At the full rate, with boto3's client too, and with all messages there from the beginning."""
    messages = 2000 if quick else MESSAGES_A_SECOND * _SECONDS
    found = {
        "paced": _measure(messages, MESSAGES_A_SECOND),
        "paced, boto3": _measure(messages, MESSAGES_A_SECOND, "boto3"),
        "backlog": _measure(messages, 0),
    }
    for name, told in found.items():
        say(f"{name}: {told['own_us']:.0f} µs own code, {told['calls_us']:.0f} µs SQS calls a message")
    return found


def _measure(messages: int, messages_a_second: int, *client: str) -> Result:
    folder = prepare(TINY.of(1000)).folder
    with fake_aws(World(folder, messages, 0.0, 0, messages_a_second)) as fake:
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            settings = Settings(
                queue_urls=(fake.queue_url,),
                endpoint_url=fake.endpoint_url,
                output=str(Path(scratch) / "output"),
                until_empty=True,
                workers=1,
                fetches_ahead=16,
            )
            command = [sys.executable, "-m", "bench.supervisor_run", msgspec.json.encode(settings).decode(), *client]
            _, output = run(command, aws_environment())
        counts = fake.counts()
    told: Result = msgspec.json.decode(output.splitlines()[-1])
    calls_us = 1e6 * sum(told["call_cpu_seconds"].values()) / messages
    return {
        "messages": messages,
        "messages_a_second_offered": messages_a_second,
        "messages_a_second": messages / (counts.last_delete_seconds - counts.first_receive_seconds),
        "own_us": 1e6 * told["cpu_seconds"] / messages - calls_us,
        "calls_us": calls_us,
        "call_us": {name: 1e6 * cpu / told["calls"][name] for name, cpu in told["call_cpu_seconds"].items()},
        "calls": told["calls"],
        "received_a_call": counts.messages_received / counts.calls["ReceiveMessage"],
        "fake_cpu_share": counts.cpu_seconds / counts.seconds,
    }
