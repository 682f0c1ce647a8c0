"""Notices that the page does not come up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

PATIENCE_SECONDS: Final = 10.0  # from when the page is served
FIRST_PATIENCE_SECONDS: Final = 20.0  # cold disk, no compiled Python yet

UP_SECONDS: Final = 60.0
"""How long the app may take to come up, once its page is made."""


class Watchdog:
    """Calls `bark` once when nobody called `calm` in time after `watch`."""

    def __init__(self, bark: Callable[[], None]) -> None:
        self._bark = bark
        self._guard = threading.Lock()
        self._timer: threading.Timer | None = None

    def watch(self, seconds: float) -> None:
        """From now on the time runs, anew."""
        with self._guard:
            self._stop()
            self._timer = threading.Timer(seconds, self._bark)
            self._timer.daemon = True
            self._timer.start()

    def calm(self) -> None:
        """The page is up, or nobody waits for it any more."""
        with self._guard:
            self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
