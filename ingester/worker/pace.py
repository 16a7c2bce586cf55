"""How many jobs a worker asks for: about a second of its own work, so that no worker hoards and none runs dry."""

JOBS_AT_FIRST = 16
JOBS_AT_FIRST_OF_OTHERS = 1
"""Where a function of a user does the work, which may take any time: no job waits behind a slow one while another
worker has nothing to do."""
JOBS_MAX = 4096
_SECONDS_OF_WORK = 1.0


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
        elapsed_seconds = now_seconds - self._since_seconds
        if elapsed_seconds > 0 and jobs_done > self._done_before:
            jobs_a_second = (jobs_done - self._done_before) / elapsed_seconds
            self.jobs_wanted = self._bounded(jobs_a_second * _SECONDS_OF_WORK)
        self._since_seconds, self._done_before = now_seconds, jobs_done

    def is_hungry(self, jobs_received: int, jobs_done: int) -> bool:
        """Whether more than half of what was wanted is done before the next measure was due, and more may be."""
        wanted = self.jobs_wanted
        return (
            wanted < JOBS_MAX
            and jobs_received - jobs_done <= wanted // 2
            and jobs_done - self._done_before > wanted // 2
        )

    def double(self) -> None:
        """Want twice as much: what was wanted did not last from one measure to the next."""
        self.jobs_wanted = self._bounded(self.jobs_wanted * 2)

    def _bounded(self, jobs: float) -> int:
        return max(self._jobs_min, min(JOBS_MAX, int(jobs)))
