"""How many jobs a worker asks for: a little of its own work, so that no worker hoards and none runs dry."""

JOBS_AT_FIRST = 16
JOBS_AT_FIRST_OF_OTHERS = 1
"""Where a function of a user does the work, which may take any time: no job waits behind a slow one while another
worker has nothing to do."""
JOBS_MAX = 4096
_SECONDS_OF_WORK = 0.4
"""More than lies between two measures and than a fetch takes; what one worker has in hand at the end of a source, the
others can't help with. With a second of it two workers had 71 and 41 of 112 log files (measured)."""


class Pace:
    """Measures how fast jobs get done. Pure: the time is an argument."""

    def __init__(self, now_seconds: float, jobs_at_first: int = JOBS_AT_FIRST) -> None:
        self._since_seconds = now_seconds
        self._done_before = 0
        self._jobs_min = jobs_at_first
        self.jobs_wanted = jobs_at_first
        """Jobs to have in hand, waiting or being worked on."""

    def measure(self, now_seconds: float, jobs_done: int) -> None:
        """Note that `jobs_done` jobs are done in all, counting from the previous call."""
        if jobs_done > self._done_before:
            self.jobs_wanted = self._measured(now_seconds, jobs_done)
        self._since_seconds, self._done_before = now_seconds, jobs_done

    def is_hungry(self, jobs_welcome: int, jobs_received: int, jobs_done: int) -> bool:
        """Whether no more than half of what is wanted is left, though all came that was asked for: `jobs_welcome`."""
        return jobs_received >= jobs_welcome and jobs_received - jobs_done <= self.jobs_wanted // 2

    def grow(self, now_seconds: float, jobs_done: int) -> None:
        """Want up to twice as much, if it gets done so fast: what was wanted may not last to the next measure."""
        most = self._bounded(self.jobs_wanted * 2)
        self.jobs_wanted = max(self.jobs_wanted, min(most, self._measured(now_seconds, jobs_done)))

    def _measured(self, now_seconds: float, jobs_done: int) -> int:
        elapsed_seconds = now_seconds - self._since_seconds
        if elapsed_seconds <= 0:
            return self.jobs_wanted
        return self._bounded((jobs_done - self._done_before) / elapsed_seconds * _SECONDS_OF_WORK)

    def _bounded(self, jobs: float) -> int:
        return max(self._jobs_min, min(JOBS_MAX, int(jobs)))
