"""Deleting a folder of ours for good, without ever leaving it.

Everything goes through descriptors of opened folders, never through a path, so a folder that is
swapped for a link meanwhile leads nowhere. The marker goes last: what is left after a crash is
still known as ours.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from backend.exceptions import NotWritable
from backend.file_utils import storage_errors, sync_folder
from backend.platform.deletion import BLOCK_BYTES, mounts_below

DEEPEST: Final = 60  # folders opened at once while deleting

_DELETE_REFUSED: Final = frozenset({errno.EBUSY, errno.ENOTEMPTY, errno.ELOOP})


def erase(folder: Path, marker: str, check: Callable[[], None]) -> int:
    """The bytes freed by deleting a folder of ours; 0 when another process was faster.

    `marker`: the name in it that says so, which goes last. `check` ends it by raising, between two
    files. Raises: NotWritable when a volume is mounted inside, or the disk refuses.
    """
    refuse_mounts(folder)
    deletion = _Deletion(marker, check)
    try:
        with storage_errors(folder), contextlib.suppress(FileNotFoundError):
            deletion.run(folder)
            sync_folder(folder.parent)
    except OSError as error:
        if error.errno in _DELETE_REFUSED:
            raise NotWritable(folder, reason=os.strerror(error.errno)) from error
        raise
    return deletion.freed


class _Deletion:
    """One walk through one folder. `freed` counts the bytes that the disk got back so far."""

    def __init__(self, marker: str, check: Callable[[], None]) -> None:
        self._marker = marker
        self._check = check
        self._top = -1
        self._volume = -1
        self.freed = 0

    def run(self, whole: Path) -> None:
        with _opened(whole, None) as self._top:
            status = os.fstat(self._top)
            self._volume = status.st_dev
            while self._clear(self._top, depth=0):
                pass  # folders that lay very deep have been moved up: their turn now
            with contextlib.suppress(FileNotFoundError):
                self._remove(self._marker, self._top, 0)
        whole.rmdir()
        self.freed += status.st_blocks * BLOCK_BYTES

    def _clear(self, folder: int, depth: int) -> bool:
        """Whether there was anything in the folder; it is empty now, but for what is moved up."""
        names = set(os.listdir(folder)) - ({self._marker} if folder == self._top else set())
        for name in names:
            self._check()
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                self._remove(name, folder, depth)
        return bool(names)

    def _remove(self, name: str, folder: int, depth: int) -> None:
        found = os.lstat(name, dir_fd=folder)
        if not stat.S_ISDIR(found.st_mode):
            os.unlink(name, dir_fd=folder)
            if found.st_nlink == 1:  # else its bytes stay, under another name
                self.freed += found.st_blocks * BLOCK_BYTES
        elif depth == DEEPEST:
            moved = f".moved-{secrets.token_hex(8)}"
            os.rename(name, moved, src_dir_fd=folder, dst_dir_fd=self._top)
        else:
            with _opened(name, folder) as inner:
                if os.fstat(inner).st_dev != self._volume:
                    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), name)
                self._clear(inner, depth + 1)
            os.rmdir(name, dir_fd=folder)
            self.freed += found.st_blocks * BLOCK_BYTES


@contextlib.contextmanager
def _opened(folder: Path | str, parent: int | None) -> Iterator[int]:
    """A descriptor of a real folder, made writable for its owner: ours may hold read-only ones."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    descriptor = os.open(folder, flags, dir_fd=parent)
    try:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            os.fchmod(descriptor, mode | stat.S_IRWXU)
        yield descriptor
    finally:
        os.close(descriptor)


def refuse_mounts(folder: Path) -> None:
    """Returns when nothing is mounted inside `folder`. Raises: NotWritable."""
    if mounts := mounts_below(folder):
        raise NotWritable(folder, reason=f"{mounts[0]} is mounted inside it")
