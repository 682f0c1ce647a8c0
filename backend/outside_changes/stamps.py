"""Files that change: seen by a stamp, told about once."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from backend.config import PathsConfig
from backend.operations.events import EventData

COARSE_SECONDS: Final = 2.0  # as long may two changes of a folder have one time stamp (exFAT)

Stamp = tuple[int, int, int] | None
Publish = Callable[[EventData], object]


def stamp_of(path: Path) -> Stamp:
    """Names one state of a file, or of the list of names in a folder. None: not there, or not
    ours to see."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def is_fresh(stamp: Stamp) -> bool:
    """Whether the next change could still bear the same stamp."""
    return stamp is not None and abs(time.time() - stamp[1] / 1e9) < COARSE_SECONDS


def records_of(paths: PathsConfig) -> Path:
    """Where each version has a record. Every write there makes a new file."""
    return paths.metadata / "versions"


class Told:
    """Files that are told about when they have changed, unless we told it ourselves.

    A change is told at the second look that sees it: our own is told a moment after it is made.
    """

    def __init__(self, files: tuple[Path, ...], data: EventData, publish: Publish) -> None:
        self.files = files
        self._data = data
        self._publish = publish
        self._known: tuple[Stamp, ...] = ()
        self._seen: tuple[Stamp, ...] = ()

    @property
    def restless(self) -> bool:
        return self._seen != self._known

    def begin(self) -> None:
        self._known = self._seen = self._stamp()

    def told(self) -> None:
        """Who hears of the change that is told now reads what is there now."""
        self._known = self._stamp()

    def look(self) -> None:
        now = self._stamp()
        if now != self._known and now == self._seen:
            self._known = now
            self._publish(self._data)
        self._seen = now

    def _stamp(self) -> tuple[Stamp, ...]:
        return tuple(stamp_of(file) for file in self.files)
