"""One way to stop work: a token that the work looks at."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Final

from backend.exceptions import OperationCancelled

FILE_CHECK_SECONDS: Final = 0.25


class CancelToken:
    """Set by whoever wants the work to end; looked at by the work.

    Another process sets it by putting a file at `request_file`; that file is looked for at most
    four times a second.
    """

    __slots__ = ("_asked_for", "_event", "_looked_at", "_request_file", "operation_id")

    def __init__(self, operation_id: str, request_file: Path) -> None:
        self.operation_id = operation_id
        self._request_file = request_file
        self._event = threading.Event()
        self._looked_at = 0.0
        self._asked_for = False

    def set(self, *, closing: bool = False) -> None:
        """`closing`: the launcher ends; nobody asked for the end of this very work."""
        self._asked_for = self._asked_for or not closing
        self._event.set()

    def is_asked_for(self) -> bool:
        """Whether someone asked for the end of this very work: not when its launcher closes."""
        return self._asked_for or self._request_file.exists()

    def is_set(self) -> bool:
        now = time.monotonic()
        if not self._event.is_set() and now - self._looked_at >= FILE_CHECK_SECONDS:
            self._looked_at = now
            if self._request_file.exists():
                self._event.set()
        return self._event.is_set()

    def check(self) -> None:
        """Raises OperationCancelled once the token is set."""
        if self.is_set():
            raise OperationCancelled(self.operation_id)

    def wait(self, seconds: float) -> None:
        """Sleeps that long, or raises OperationCancelled as soon as the token is set."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._event.wait(min(left, FILE_CHECK_SECONDS))
            self.check()
        self.check()
