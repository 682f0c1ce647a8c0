"""What deleting folders would do to the disk: looked at name by name, before anything is done."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.exceptions import PathNotFound
from backend.file_utils import storage_errors

BLOCK_BYTES: Final = 512  # the unit of st_blocks, whatever the file system's own block is
LONGEST_WAY: Final = 2000  # characters; one path cannot name what lies much deeper

Identity = tuple[int, int]  # device and inode: what a file is, whatever it is called

_NOWHERE: Final = (-1, -1)
# What a name can turn into between our finding it and our looking into it.
_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


@dataclass(frozen=True, slots=True)
class PhysicalPlan:
    """What lies in some folders, and what becomes of the disk when they are deleted.

    Attributes:
        frees: bytes that come back to the disk, those of the folders themselves included.
        shared: bytes that stay, because the files have other names elsewhere (hardlinks).
        files: names of files, links not counted.
        folders: real folders, those asked about included.
        links: symbolic links. They are unlinked; what they lead to is not looked at.
        outside: bytes in folders that were met on the way but do not lie physically inside. It is
            found out, not assumed: the system tells of each folder which one it lies in (`..`), and
            that has to be the folder in which we met its name. It is not where a link was followed,
            or where a folder was swapped or moved out while we looked.
        logical: the sizes of all files and links, as a copy would take them.
        mounts: where something is mounted inside, or another volume begins. It is not entered, and
            nothing can be deleted while it is there.
    """

    frees: int
    shared: int
    files: int
    folders: int
    links: int
    outside: int
    logical: int
    mounts: tuple[str, ...]


def look_at(folders: Sequence[Path], *, check: Callable[[], None] | None = None) -> PhysicalPlan:
    """What deleting these folders, all of them, would do. Changes nothing.

    No link is followed; no other volume, mount or bind mount is entered. A file with several names
    is freed when all of them lie in these folders. `check` is called once a folder, and ends the
    walk by raising. Raises: PathNotFound, NotWritable for a folder that may not be read.
    """
    walk = _Walk(check or (lambda: None))
    for folder in folders:
        with storage_errors(folder):
            if folder.is_symlink() or not folder.is_dir():
                raise PathNotFound(folder, wanted="a folder")
            walk.through(folder)
    return walk.plan()


def summary(plan: PhysicalPlan) -> str:
    """The plan in words: `frees 412 MB; 37 links unlinked; 0 bytes outside`."""
    links = "1 link" if plan.links == 1 else f"{plan.links} links"
    frees, outside = bytes_in_words(plan.frees), bytes_in_words(plan.outside)
    return f"frees {frees}; {links} unlinked; {outside} outside"


def bytes_in_words(count: int) -> str:
    """`0 bytes`, `4.1 kB`, `412 MB`: two digits at least, as many as a person reads at a glance."""
    if count < 1000:
        return "1 byte" if count == 1 else f"{count} bytes"
    size, unit = count / 1000, "kB"
    for larger in ("MB", "GB", "TB"):
        if size < 999.5:
            break
        size, unit = size / 1000, larger
    return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"


def mounts_below(folder: Path) -> list[str]:
    """Where something is mounted inside `folder`, also from the same volume (Linux; else none)."""
    base = os.path.join(os.path.realpath(folder), "")  # noqa: PTH118 (a slash at the end)
    return [point for point in _mount_points() if point.startswith(base)]


def _mount_points() -> Iterator[str]:
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        point = line.split(b" ")[4]
        octal = re.compile(rb"\\([0-7]{3})")  # how spaces and the like are written there
        yield os.fsdecode(octal.sub(lambda code: bytes([int(code[1], 8)]), point))


class _Walk:
    """One look through some folders. It holds one of them open for each 2,000 characters of way."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._entered: set[Identity] = set()  # a folder that is asked about twice counts once
        self._named: dict[Identity, tuple[int, int, int]] = {}  # names seen, names there are, bytes
        self._mount_points: frozenset[str] = frozenset()
        self._mounts: dict[str, None] = {}
        self._volume = -1
        self._freed = self._outside = self._logical = 0
        self._files = self._folders = self._links = 0

    def through(self, folder: Path) -> None:
        place = os.path.realpath(folder)
        self._mount_points = frozenset(_mount_points())
        if place in self._mount_points:  # it cannot be moved away, so it is told; but looked into
            self._mounts[place] = None
        with _opened(place, None) as top:
            self._volume = os.fstat(top).st_dev
            self._below(top, place, None)

    def plan(self) -> PhysicalPlan:
        whole = [taken for seen, names, taken in self._named.values() if seen >= names]
        rest = [taken for seen, names, taken in self._named.values() if seen < names]
        return PhysicalPlan(
            frees=self._freed + sum(whole),
            shared=sum(rest),
            files=self._files,
            folders=self._folders,
            links=self._links,
            outside=self._outside,
            logical=self._logical,
            mounts=tuple(self._mounts),
        )

    def _below(self, base: int, place: str, above: Identity | None) -> None:
        """Everything in the opened folder `base`, which lies at `place`, in the folder `above`."""
        waiting: list[tuple[str, Identity | None]] = [("", above)]
        while waiting:
            self._check()
            way, holder = waiting.pop()
            with _still(), _opened(way or ".", base) as one:
                if len(way) > LONGEST_WAY:
                    self._below(one, f"{place}/{way}", holder)
                else:
                    waiting += self._look_into(one, place, way, holder)

    def _look_into(
        self, folder: int, place: str, way: str, above: Identity | None
    ) -> list[tuple[str, Identity | None]]:
        """The folders in this one; all else in it is counted."""
        status = os.fstat(folder)
        identity = (status.st_dev, status.st_ino)
        if identity in self._entered:
            return []
        self._entered.add(identity)
        if above is not None and above != _identity(os.stat("..", dir_fd=folder)):
            identity = _NOWHERE
        self._count(status, inside=identity != _NOWHERE)
        inner: list[tuple[str, Identity | None]] = []
        with os.scandir(folder) as entries:
            for entry in entries:
                below = f"{way}/{entry.name}" if way else entry.name
                with contextlib.suppress(FileNotFoundError):  # removed while we look
                    found = entry.stat(follow_symlinks=False)
                    is_folder = stat.S_ISDIR(found.st_mode)
                    if self._is_mounted(f"{place}/{below}", found):
                        self._mounts[f"{place}/{below}"] = None
                    elif is_folder:
                        inner.append((below, identity))
                    else:
                        self._count(found, inside=identity != _NOWHERE)
        return inner

    def _is_mounted(self, path: str, found: os.stat_result) -> bool:
        return found.st_dev != self._volume or path in self._mount_points

    def _count(self, found: os.stat_result, *, inside: bool) -> None:
        taken = found.st_blocks * BLOCK_BYTES
        if not inside:
            self._outside += taken
            return
        if stat.S_ISDIR(found.st_mode):
            self._folders += 1
            self._freed += taken
            return
        self._logical += found.st_size
        self._links += stat.S_ISLNK(found.st_mode)
        self._files += not stat.S_ISLNK(found.st_mode)
        if found.st_nlink == 1:
            self._freed += taken
        else:
            seen = self._named.get(_identity(found), (0, 0, 0))[0]
            self._named[_identity(found)] = (seen + 1, found.st_nlink, taken)


@contextlib.contextmanager
def _opened(folder: str, base: int | None) -> Iterator[int]:
    """A descriptor of a real folder; a link in its place is not followed."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=base)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _still() -> Iterator[None]:
    """Leaves out what is no folder any more when we come to it."""
    try:
        yield
    except OSError as error:
        if error.errno not in _GONE:
            raise


def _identity(found: os.stat_result) -> Identity:
    return found.st_dev, found.st_ino
