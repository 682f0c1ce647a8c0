"""Ctrl-C, SIGTERM and the end of the terminal end the launcher tidily, from the first moment on."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Final

ENDS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(BaseException):
    """Raised in the main thread by a signal that comes before there is anything to close."""


class Signals:
    """The first one closes what is open; the second one is final. Made in the main thread."""

    def __init__(self) -> None:
        self._leave: Callable[[], None] | None = None
        self.first: signal.Signals | None = None
        for number in ENDS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, self._take)

    def close_by(self, leave: Callable[[], None]) -> None:
        """From now on the first signal calls `leave`; it is called now if one has come already."""
        self._leave = leave
        if self.first is not None:  # and got lost where nothing can be raised
            leave()

    def _take(self, number: int, _frame: FrameType | None) -> None:
        if self.first is not None:
            sys.exit(128 + number)
        self.first = signal.Signals(number)
        if self._leave is None:
            raise Ended
        self._leave()
