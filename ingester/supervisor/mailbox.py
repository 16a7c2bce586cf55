"""Where the supervisor's threads leave what they have for its loop. The only way from another thread into it."""

import socket
from collections import deque
from contextlib import suppress


class Mailbox:
    """A queue with a file descriptor to wait on. `post` from any thread, `take` in the loop's thread."""

    def __init__(self) -> None:
        self._items: deque[object] = deque()
        self._is_woken = False
        self._receiver, self._sender = socket.socketpair()
        self._receiver.setblocking(False)
        self._sender.setblocking(False)

    def fileno(self) -> int:
        """Readable when something was posted."""
        return self._receiver.fileno()

    @property
    def wakeup_fd(self) -> int:
        """For `signal.set_wakeup_fd`: a signal wakes the loop as well."""
        return self._sender.fileno()

    def post(self, item: object) -> None:
        """Leave an item and wake the loop. Raises OSError once the mailbox is closed: nobody will take it."""
        self._items.append(item)
        if not self._is_woken:  # else a wake-up is under way, and whoever takes it sees this item
            self._is_woken = True
            # A full buffer is full of wake-ups that the loop has not read yet: it will wake.
            with suppress(BlockingIOError):
                self._sender.send(b"\0")

    def take(self) -> list[object]:
        """All items that were posted, in order."""
        with suppress(BlockingIOError):
            while len(self._receiver.recv(4096)) == 4096:
                pass
        self._is_woken = False  # after the wake-ups are read and before the items are: what comes now wakes again
        items = []
        while self._items:
            items.append(self._items.popleft())
        return items

    def close(self) -> None:
        """Free the descriptors."""
        self._receiver.close()
        self._sender.close()
        self._is_woken = False
