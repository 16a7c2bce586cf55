"""The life of a worker process: set itself up, run the loop, leave no orphan and no hang behind."""

import ctypes
import faulthandler
import gc
import os
import signal
import socket
import sys
from contextlib import suppress

from ingester.model.crash_points import WORKER_START, crash_point
from ingester.model.errors import ConfigurationError
from ingester.model.frames import CannotBegin, Start, ToWorker
from ingester.worker.channel import Channel, SupervisorGoneError

_PR_SET_PDEATHSIG = 1


def main(descriptor: int) -> None:
    """Run one worker on the inherited socket `descriptor`; ends the process and never returns.

    Exits 0 after a drain or when the supervisor is gone, 1 when it has told that it can't begin, or after an
    unexpected error with its traceback. By `os._exit`, as pyarrow's and obstore's threads can hang an interpreter
    that shuts down.
    """
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    faulthandler.enable()
    exit_code = 0
    try:
        exit_code = _work(Channel(socket.socket(fileno=descriptor)))
    except SupervisorGoneError:
        pass
    except BaseException:
        sys.excepthook(*sys.exc_info())
        exit_code = 1
    finally:
        _flush_output()
        os._exit(exit_code)


def _work(channel: Channel) -> int:
    """The exit code."""
    crash_point(WORKER_START)
    frames: list[ToWorker] = []
    while not frames:
        frames = channel.receive(60)
    start = frames.pop(0)
    if not isinstance(start, Start):
        raise TypeError(f"the first frame was {type(start).__name__}, not Start")
    # Events are trees without cycles, so the collector finds nothing, and costs a tenth of the decode (measured).
    gc.disable()
    # Imported only now: pyarrow takes a tenth of a second of CPU, and a supervisor that is gone is noticed first.
    from ingester.worker.loop import WorkerLoop

    try:
        loop = WorkerLoop(
            start.settings, channel, reports_progress=start.reports_progress, commit_prefix=start.commit_prefix
        )
    except ConfigurationError as error:
        channel.send(CannotBegin(error.args[0], error.hint))
        return 1
    gc.freeze()
    if start.settings.processor or start.settings.event_filter:
        gc.enable()  # a user's function may make cycles
    loop.run(frames)
    loop.close()
    return 0


def _flush_output() -> None:
    """What a user's function has printed must not be lost: nothing else writes it out at this end."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()


def _die_with_parent() -> None:
    """Ask Linux for SIGKILL at the parent's death; everywhere else the end of the socket's stream tells."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)
