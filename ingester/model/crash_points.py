"""Named places at which a test kills, stops or fails a process, exactly there and not about there.

Armed through the environment, read once when the process starts; unarmed, a place costs one call of a function that
returns at once. The names say in which process a place lies, so that a worker's and the supervisor's are armed apart.

    INGESTER_CRASH_POINT        name[:nth][:kill|stop|hang|raise]   the nth time that the process comes by; 1 and kill
    INGESTER_CRASH_POINT_ONLY   only where the subject, such as a log file's key, contains this text
    INGESTER_CRASH_POINT_FILE   made when the point fires, with the process id in it; where it exists, none fires:
                                the successor of a killed worker lives
"""

import os
import signal
import threading

WORKER_START = "worker-start"
WORKER_MID_DOWNLOAD = "worker-mid-download"
WORKER_BEGIN_LOG_FILE = "worker-begin-log-file"
WORKER_MID_LOG_FILE = "worker-mid-log-file"
WORKER_BEFORE_STAGE_FINISH = "worker-before-stage-finish"
WORKER_AFTER_STAGE_FINISH = "worker-after-stage-finish"
WORKER_MID_FRAME = "worker-mid-frame"
WORKER_AFTER_PREPARED = "worker-after-prepared"
SUPERVISOR_BEFORE_COMMIT = "supervisor-before-commit"
SUPERVISOR_AFTER_COMMIT = "supervisor-after-commit"
SUPERVISOR_MID_PUBLISH = "supervisor-mid-publish"
SUPERVISOR_AFTER_PUBLISH = "supervisor-after-publish"
SUPERVISOR_BEFORE_DELETE = "supervisor-before-delete"


class CrashPointError(Exception):
    """An armed point whose action is `raise`: stands for a bug."""


def _armed() -> tuple[str, int, str]:
    name, _, rest = os.environ.get("INGESTER_CRASH_POINT", "").partition(":")
    words = rest.split(":") if rest else []
    nth = next((int(word) for word in words if word.isdigit()), 1)
    action = next((word for word in words if not word.isdigit()), "kill")
    return name, nth, action


ARMED_POINT, _NTH, _ACTION = _armed()
"""The name of the point that is armed in this process; empty, as ever outside of tests."""
_ONLY = os.environ.get("INGESTER_CRASH_POINT_ONLY", "")
_FILE = os.environ.get("INGESTER_CRASH_POINT_FILE", "")
_passed = 0


def crash_point(name: str, subject: str = "") -> None:
    """Kill, stop or fail this process here, if a test has armed this point; nothing otherwise. Any thread.

    Raises CrashPointError where that is the armed action.
    """
    if ARMED_POINT and name == ARMED_POINT and _ONLY in subject:
        _pass_by()


def _pass_by() -> None:
    global _passed
    _passed += 1
    if _passed != _NTH or not _is_first():
        return
    if _ACTION == "raise":
        raise CrashPointError(ARMED_POINT)
    if _ACTION == "hang":
        threading.Event().wait()
    os.kill(os.getpid(), signal.SIGSTOP if _ACTION == "stop" else signal.SIGKILL)


def _is_first() -> bool:
    """Whether no process has fired before this one."""
    if not _FILE:
        return True
    try:
        descriptor = os.open(_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return False
    os.write(descriptor, str(os.getpid()).encode())
    os.close(descriptor)
    return True
