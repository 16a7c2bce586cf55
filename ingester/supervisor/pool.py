"""The worker slots: who is alive, who may be spoken to, and who has room. The loop decides, the pool does."""

import heapq
import selectors
from dataclasses import dataclass

from ingester.model.frames import Frame, ToSupervisor
from ingester.model.settings import Settings
from ingester.supervisor.processes import WorkerProcess
from ingester.supervisor.restart import Restarts
from ingester.supervisor.worker_link import Launch, Worker


@dataclass(frozen=True, slots=True)
class Heard:
    """What a worker said."""

    worker: Worker
    frame: ToSupervisor


@dataclass(frozen=True, slots=True)
class Died:
    """A worker's end of the socket is closed; it has been reaped. `how`: in words."""

    worker: Worker
    how: str


class WorkerPool:
    """`slots` workers on one selector, each started by `launch`. Used by the loop's thread only."""

    def __init__(
        self, settings: Settings, slots: int, selector: selectors.BaseSelector, launch: Launch = WorkerProcess
    ) -> None:
        self._settings = settings
        self._launch = launch
        self._selector = selector
        self.slots = slots
        self.workers: dict[int, Worker] = {}
        self._restarts = Restarts()
        self._due: list[tuple[float, int]] = [(0.0, slot) for slot in range(slots)]
        self._generation = 0

    def start_due(self, now_seconds: float) -> None:
        """Start the workers whose time has come."""
        while self._due and self._due[0][0] <= now_seconds:
            _, slot = heapq.heappop(self._due)
            self._generation += 1
            worker = self._launch(slot, self._generation, self._settings)
            self.workers[slot] = worker
            self._selector.register(worker.connection, selectors.EVENT_READ, worker)

    def start_no_more(self) -> None:
        """From now on a worker that ends is not replaced."""
        self._due.clear()

    def send(self, worker: Worker, frame: Frame) -> None:
        """Send without waiting; what the socket does not take goes out when it can."""
        worker.send(frame)
        self._watch(worker)

    def send_all(self, frame: Frame) -> None:
        """Send to every live worker."""
        for worker in self.workers.values():
            self.send(worker, frame)

    def on_ready(self, worker: Worker, events: int) -> list[Heard | Died]:
        """What the selector's readiness of a worker's socket means."""
        if events & selectors.EVENT_WRITE:
            worker.flush()
            self._watch(worker)
        if not events & selectors.EVENT_READ:
            return []
        frames, closed = worker.receive()
        happened: list[Heard | Died] = [Heard(worker, frame) for frame in frames]
        if closed:
            happened.append(self._gone(worker))
        return happened

    def give_up(self, worker: Worker) -> Died:
        """Kill a worker and close its socket without waiting for its end of it: nothing it still says is heard."""
        worker.kill()
        return self._gone(worker)

    def _gone(self, worker: Worker) -> Died:
        self._selector.unregister(worker.connection)
        del self.workers[worker.slot]
        return Died(worker, worker.reap())

    def replace(self, worker: Worker, now_seconds: float) -> bool:
        """Plan a successor of a dead worker; False when workers keep dying at their start: give up."""
        due_seconds = self._restarts.died(worker.slot, now_seconds, had_worked=worker.jobs_done > 0)
        if due_seconds is None:
            return False
        heapq.heappush(self._due, (due_seconds, worker.slot))
        return True

    def worked(self) -> None:
        """Note that a worker has finished a job."""
        self._restarts.worked()

    def kill_all(self) -> None:
        """Kill every worker that lives; their ends are told as usual."""
        for worker in self.workers.values():
            worker.kill()

    def end(self) -> None:
        """Kill every worker that lives, wait for its end, and start no more."""
        self.start_no_more()
        self.kill_all()
        while self.workers:
            _, worker = self.workers.popitem()
            self._selector.unregister(worker.connection)
            worker.reap()

    def _watch(self, worker: Worker) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if worker.has_unsent else 0)
        if self._selector.get_key(worker.connection).events != events:
            self._selector.modify(worker.connection, events, worker)
