"""When a run ends: its source is empty, a signal asks for it, or the grace time is over. Pure."""

from dataclasses import dataclass, field
from enum import Enum

from ingester.model.errors import IngesterError

_ASK_EVERY_SECONDS = 0.5
_EMPTY_ANSWERS_NEEDED = 2
SAME_SIGNAL_SECONDS = 1.0
LEAVE_SECONDS = 10.0
"""A worker with nothing in hand leaves within milliseconds; one that hangs must not hold up the end of the run. A
processor of a user may have to write something when it is closed: it has the grace time."""


class Phase(Enum):
    """Where a run is. It only moves down this list."""

    RUNNING = "running"
    DRAINING = "draining"
    ABORTING = "aborting"


@dataclass(slots=True)
class Emptiness:
    """Whether queues are empty: nothing visible, in flight or delayed, twice in a row while nothing is in hand."""

    asked: bool = False
    empty_answers: int = 0
    ask_at_seconds: float = 0.0

    def should_ask(self, now_seconds: float, *, is_idle: bool) -> bool:
        """Whether to ask the queues now. Whatever is in hand starts the count again."""
        if not is_idle:
            self.empty_answers = 0
            return False
        if self.asked or now_seconds < self.ask_at_seconds:
            return False
        self.asked = True
        return True

    def answered(self, messages: int | None, now_seconds: float, *, is_idle: bool) -> bool:
        """Note how many messages all queues report, None if one did not answer; whether the run may end."""
        self.asked = False
        self.ask_at_seconds = now_seconds + _ASK_EVERY_SECONDS
        self.empty_answers = self.empty_answers + 1 if is_idle and messages == 0 else 0
        return self.empty_answers >= _EMPTY_ANSWERS_NEEDED


@dataclass(slots=True)
class Ending:
    """Signals received and the phase that follows from them. `grace_seconds`: how long a drain may take,
    `leave_seconds`: how long workers may take to end that have nothing in hand."""

    grace_seconds: float
    leave_seconds: float = LEAVE_SECONDS
    phase: Phase = Phase.RUNNING
    deadline_seconds: float | None = None
    interrupted: bool = field(default=False)
    """Whether a signal ended the run, not the end of its source."""
    error: IngesterError | None = None
    """What the run ends with."""
    _signalled_at_seconds: float | None = None
    _leave_by_seconds: float | None = None

    @property
    def is_draining(self) -> bool:
        """Whether nothing new is taken in any more."""
        return self.phase is not Phase.RUNNING

    def asked_by_signal(self, now_seconds: float) -> None:
        """The first signal drains within the grace time, the second ends the grace time at once.

        What comes within a second of the first is the same wish told twice: `timeout` signals its child and then
        the child's whole group.
        """
        self.interrupted = True
        if self._signalled_at_seconds is None:
            self._signalled_at_seconds = now_seconds
        elif now_seconds - self._signalled_at_seconds < SAME_SIGNAL_SECONDS:
            return
        if self.phase is Phase.RUNNING or self.deadline_seconds is None:
            self.phase = Phase.DRAINING
            self.deadline_seconds = now_seconds + self.grace_seconds
        else:
            self.phase = Phase.ABORTING
            self.deadline_seconds = min(self.deadline_seconds, now_seconds)

    def fail(self, error: IngesterError, now_seconds: float) -> None:
        """The run is to end with an error, once what is unfinished is given back."""
        self.error = self.error or error
        self.drain(now_seconds)

    def drain(self, now_seconds: float) -> None:
        """The run is to end for another reason than a signal: as by a first signal, unless it ends already."""
        if not self.is_draining:
            self.asked_by_signal(now_seconds)

    def source_is_empty(self, now_seconds: float) -> None:
        """Nothing more will come and nothing is in hand: the workers have nothing left to do but to leave."""
        if self.phase is Phase.RUNNING:
            self.phase = Phase.DRAINING
            self._leave_by_seconds = now_seconds + self.leave_seconds

    def is_overdue(self, now_seconds: float) -> bool:
        """Whether the drain has used up its grace time, or workers with nothing in hand do not leave."""
        limits = (self.deadline_seconds, self._leave_by_seconds)
        return any(limit is not None and now_seconds >= limit for limit in limits)
