"""What an app that stays open does by itself, now and once a day."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

DAY_SECONDS: Final = 24 * 60 * 60.0


class Daily:
    """Calls `work` in a thread of its own: when it is started, and then once a day, until closed.

    A day is one of running: a machine that sleeps delays it. `work` does not raise.
    """

    def __init__(self, work: Callable[[], None], *, every_seconds: float = DAY_SECONDS) -> None:
        self._work = work
        self._every = every_seconds
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """A second start changes nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="daily", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Nothing is begun after this; what was begun ends."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._work()
            self._closed.wait(self._every)
