"""How much room things take, and whether there is enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.exceptions import DiskFull
from backend.file_utils import free_bytes
from backend.platform.deletion import look_at

HEADROOM: Final = 1.05
LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class DiskUse:
    """What a folder takes, in bytes.

    Attributes:
        logical: the sizes of all its files, as a copy of it would take them.
        unique: what deleting it would free: files that are also linked from outside count nothing.
        files: how many file names it holds (links included, folders not).
    """

    logical: int
    unique: int
    files: int


def physical_size(folder: Path, *, check: Callable[[], None] | None = None) -> DiskUse:
    """What `folder` takes on the disk. No link is followed and no other volume is entered.

    `check` is called once a folder. Raises: PathNotFound, NotWritable for a folder that may not
    be read.
    """
    plan = look_at([folder], check=check)
    return DiskUse(logical=plan.logical, unique=plan.frees, files=plan.files + plan.links)


def file_system(path: Path) -> str | None:
    """The kind of the volume of `path`: `ext4`, `exfat` ...; None where the system does not say."""
    import psutil

    folders = {path.resolve(), *path.resolve().parents}
    volumes = [one for one in psutil.disk_partitions(all=True) if Path(one.mountpoint) in folders]
    return max(volumes, key=lambda one: len(one.mountpoint)).fstype if volumes else None


def room_for(needed: int, keep_free: int) -> int:
    """How much has to be free before `needed` bytes are written: 5 % more, and what stays free."""
    return int(needed * HEADROOM) + keep_free


def require_free(path: Path, needed: int, keep_free: int) -> None:
    """Returns when `needed` bytes, and 5 % more, can be written and `keep_free` stay free.

    Raises: DiskFull.
    """
    free = free_bytes(path)
    if free < room_for(needed, keep_free):
        raise DiskFull(path, needed=needed, free=free, kept=keep_free)


class RoomWatch:
    """Ends long work before it has filled the disk: `check` raises once it comes to what is kept.

    So there is room for state files at every moment, and for whatever else runs on this machine.
    Between two looks lies half a second. Raises: DiskFull.
    """

    def __init__(
        self,
        path: Path,
        *,
        needed: int,
        keep_free: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._needed = needed
        self._keep_free = keep_free
        self._clock = clock
        self._next = clock()

    def check(self) -> None:
        """Cheap: it may be called at any time, from any loop."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + LOOK_SECONDS
        free = free_bytes(self._path)
        if free < self._keep_free:
            raise DiskFull(self._path, needed=self._needed, free=free, kept=self._keep_free)


@contextmanager
def naming_needed(needed: int) -> Iterator[None]:
    """A disk that a tool below finds full is told with the bytes that the whole work needs."""
    try:
        yield
    except DiskFull as full:
        if full.context["needed"] is not None:
            raise
        place = Path(str(full.context["path"]))
        raise DiskFull(place, needed=needed, free=free_bytes(place)) from full
