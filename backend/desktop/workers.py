"""Threads of our own that end with the process, whatever they wait for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

Task = Callable[[], None]


class Workers:
    """Up to `most` daemon threads, started as they are needed; up to `waiting` tasks wait for one.

    Daemons, because a window that was closed must not stay a process until a dialog or a network
    has answered. A task must not raise.
    """

    def __init__(self, most: int, *, waiting: int, name: str) -> None:
        self._most = most
        self._name = name
        self._tasks: queue.Queue[Task] = queue.Queue(waiting)
        self._guard = threading.Lock()
        self._threads = 0
        self._idle = 0

    def take(self, task: Task) -> bool:
        """Whether there was room for the task; it is done soon then."""
        try:
            self._tasks.put_nowait(task)
        except queue.Full:
            return False
        with self._guard:
            if self._tasks.qsize() > self._idle and self._threads < self._most:
                self._threads += 1
                name = f"{self._name} {self._threads}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
        return True

    def _work(self) -> None:
        while True:
            with self._guard:
                self._idle += 1
            task = self._tasks.get()
            with self._guard:
                self._idle -= 1
            task()
