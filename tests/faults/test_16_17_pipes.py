"""Rows 16 and 17: the pipe between supervisor and worker, cut in the middle of a frame, and full."""

import signal
from pathlib import Path

from scripts.demo_world.log_files import log_file
from scripts.demo_world.notifications import s3_event
from tests.faults.patched import patched
from tests.faults.proxy import Proxy
from tests.faults.scene import Scene, kill
from tests.support.moto import Place
from tests.support.trail import generated, store
from tests.support.waiting import wait_until


def test_row_16_a_worker_killed_in_the_middle_of_a_frame_does_not_affect_the_others(
    moto_place: Place, tmp_path: Path
) -> None:
    """Breaks with `ingester/supervisor/worker_link.py`: `if not data: return [], True` →
    `if not data: raise EOFError`.
    """
    scene = Scene(moto_place, tmp_path, log_files=[log_file(20, seed=number) for number in range(60)])

    with scene.service(environ=scene.armed("worker-mid-frame", only="Prepared")) as running:
        workers = scene.worker_pids(running)
        killed = scene.wait_fired()
        wait_until(scene.queue.is_empty, what="all messages to be deleted")
        [other] = [pid for pid in workers if pid != killed]
        assert other in running.worker_pids()
        running.send(signal.SIGTERM)
        ended = running.wait()

    assert ended.exit_code == 0, ended.stderr
    assert "1 workers replaced" in " ".join(ended.stdout.split())
    scene.assert_oracle()


SMALL_PIPES = """
import socket
make = socket.socketpair
def socketpair(*arguments):
    pair = make(*arguments)
    for end in pair:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2304)
    return pair
socket.socketpair = socketpair
"""


def test_row_17_visibility_is_extended_while_a_worker_that_reads_nothing_has_a_full_pipe(
    moto_place: Place, tmp_path: Path, proxy: Proxy
) -> None:
    """Breaks with `ingester/supervisor/worker_link.py`: `self.connection.setblocking(False)` →
    `self.connection.setblocking(True)`.
    """
    scene = Scene(moto_place, tmp_path, log_files=[log_file(3)])
    options = ["--workers", "1", "--visibility-timeout", "10", "--endpoint-url", proxy.endpoint_url]

    with scene.service(*options, environ=patched(tmp_path, SMALL_PIPES)) as running:
        [worker] = scene.worker_pids(running, 1)
        wait_until(scene.queue.is_empty, what="the worker to be at work")
        kill(worker, signal.SIGSTOP)
        long_keys = [
            generated(f"AWSLogs/{number}{'x' * 240}/{'y' * 240}/{'z' * 240}.json.gz", log_file(3, seed=number).body)
            for number in range(2, 42)
        ]
        scene.log_files = [*scene.log_files, *long_keys]
        scene.queue.send(*[s3_event([stored]) for stored in store(moto_place, long_keys)])
        wait_until(lambda: scene.queue.counts()[0] == 0, what="all messages to be received")
        # longer than they were hidden for
        answer = moto_place.sqs.receive_message(QueueUrl=scene.queue.url, WaitTimeSeconds=11)
        assert "Messages" not in answer
        kill(worker, signal.SIGCONT)
        wait_until(scene.queue.is_empty, what="all messages to be deleted")
        running.send(signal.SIGTERM)
        ended = running.wait()

    assert ended.exit_code == 0, ended.stderr
    assert set(proxy.received.values()) == {1}
    scene.assert_oracle()
