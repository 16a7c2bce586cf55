"""Which worker gets which job. Pure.

Log files of one (account, region) go to the same worker while it has room, so that partitions are not scattered
over as many files as there are workers; what finds no room there goes to the worker with the most room.
"""

from collections import deque
from functools import lru_cache
from zlib import crc32

from ingester.model.log_file import LogFile
from ingester.supervisor.in_flight import Job


def assign(
    waiting: deque[Job], room: dict[int, int], slots: int, *, keeps_affinity: bool = True
) -> dict[int, list[Job]]:
    """Take jobs from the front of `waiting` as long as a worker has room; the jobs of each worker slot.

    `room`: how many more jobs each live worker may get. `slots`: workers when all are alive, so that a death
    does not move every account's log files to another worker. Without `keeps_affinity` each job goes to the worker
    with the most room.
    """
    room = {slot: jobs for slot, jobs in room.items() if jobs > 0}
    assigned: dict[int, list[Job]] = {}
    while waiting and room:
        job = waiting.popleft()
        slot = preferred_slot(job, slots) if keeps_affinity else -1
        if slot not in room:
            slot = max(room, key=room.__getitem__)
        assigned.setdefault(slot, []).append(job)
        room[slot] -= 1
        if not room[slot]:
            del room[slot]
    return assigned


def preferred_slot(job: Job, slots: int) -> int:
    """The worker slot of the log file's account and region; spread by key where the key names none."""
    number = _number_of(job.log_file.key.rpartition("/")[0])
    return (crc32(job.place) if number is None else number) % slots


@lru_cache(4096)
def _number_of(folder: str) -> int | None:
    """A number for account and region, of which the folder of a key tells; few folders are in use at a time."""
    affinity = LogFile("", f"{folder}/").account_and_region
    return crc32("/".join(affinity).encode()) if affinity else None
