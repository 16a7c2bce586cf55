"""Runs one command and says what it and all of its descendants took. A program of its own, so small that its memory
does not count: Linux hands the peak of a parent down to what it spawns.

`python -I -S reap.py DESCRIPTOR COMMAND …` writes two lines of JSON to the descriptor: the pid, then what it took.
"""

import json
import os
import resource
import sys
import time

_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Run it, wait for it and for the orphans that it leaves, tell."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    began_at_seconds = time.monotonic()
    descriptor, command = int(sys.argv[1]), sys.argv[2:]
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_CLOSE, descriptor)])
    os.write(descriptor, b'{"pid":%d}\n' % pid)
    exit_code, ended_at_seconds = 0, 0.0
    while True:
        try:
            found, status = os.wait()
        except ChildProcessError:
            break
        if found == pid:
            exit_code, ended_at_seconds = os.waitstatus_to_exitcode(status), time.monotonic()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    told = {
        "exit_code": exit_code,
        "seconds": ended_at_seconds - began_at_seconds,
        "user_seconds": used.ru_utime,
        "system_seconds": used.ru_stime,
        "peak_rss_bytes": peak,
    }
    os.write(descriptor, json.dumps(told).encode() + b"\n")


main()
