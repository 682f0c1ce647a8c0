"""Programs of the user's that are started from the window and outlive it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from backend.platform.subprocesses import creation_time, reap, spawn_detached


class Programs:
    """Starts them in one environment, and takes those that have ended off the process table."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self._guard = threading.Lock()
        self._started: list[int] = []

    def start(self, command: Sequence[str]) -> None:
        """Raises OSError when it does not start."""
        with self._guard:
            for pid in self._started:
                reap(pid)
            self._started = [pid for pid in self._started if creation_time(pid) is not None]
            self._started.append(spawn_detached(command, environment=self.environment))

    @property
    def running(self) -> int:
        """How many are remembered: those that run, and those that ended since the last start."""
        return len(self._started)
