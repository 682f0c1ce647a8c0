"""How much room things take, and whether there is enough."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.exceptions import DiskFull, PathNotFound
from backend.file_utils import free_bytes, storage_errors

BLOCK_BYTES: Final = 512  # the unit of st_blocks, whatever the file system's own block is
HEADROOM: Final = 1.05


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
    if folder.is_symlink() or not folder.is_dir():
        raise PathNotFound(folder, wanted="a folder")
    logical = files = unique = 0
    linked: dict[int, tuple[int, int, int]] = {}  # inode -> names seen, names there are, bytes
    with storage_errors(folder):
        for found in _files_below(folder, check):
            files += 1
            logical += found.st_size
            taken = found.st_blocks * BLOCK_BYTES
            if found.st_nlink == 1:
                unique += taken
            else:
                seen = linked.get(found.st_ino, (0, 0, 0))[0]
                linked[found.st_ino] = (seen + 1, found.st_nlink, taken)
    unique += sum(taken for seen, names, taken in linked.values() if seen >= names)
    return DiskUse(logical=logical, unique=unique, files=files)


def file_system(path: Path) -> str | None:
    """The kind of the volume of `path`: `ext4`, `exfat` ...; None where the system does not say."""
    import psutil

    folders = {path.resolve(), *path.resolve().parents}
    volumes = [one for one in psutil.disk_partitions(all=True) if Path(one.mountpoint) in folders]
    return max(volumes, key=lambda one: len(one.mountpoint)).fstype if volumes else None


def require_free(path: Path, needed: int) -> None:
    """Returns when `needed` bytes, and 5 % more, are free on the volume of `path`.

    Raises: DiskFull.
    """
    free = free_bytes(path)
    if free < needed * HEADROOM:
        raise DiskFull(path, needed=needed, free=free)


def _files_below(folder: Path, check: Callable[[], None] | None) -> Iterator[os.stat_result]:
    volume = folder.lstat().st_dev
    waiting = [os.fspath(folder)]
    while waiting:
        if check is not None:
            check()
        for path, found in _children(waiting.pop()):
            if not stat.S_ISDIR(found.st_mode):
                yield found
            elif found.st_dev == volume:
                waiting.append(path)


def _children(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """What a folder holds; what is removed while we look takes no room and is left out."""
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                yield entry.path, entry.stat(follow_symlinks=False)
