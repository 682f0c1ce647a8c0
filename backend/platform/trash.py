"""Where removed folders wait: only ours get in, they come back whole, and only they are deleted.

A folder of ours carries a marker from its first moment on. Below the trash lie, for each entry,
`<id>.json` (what it was) and `<id>/` (the folder itself, moved by a rename); `<id>.doomed/` is
one whose deletion has begun.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from backend.exceptions import ForeignFolder, MetadataCorrupt, NotInTrash, NotWritable
from backend.file_utils import (
    atomic_write_json,
    read_json,
    storage_errors,
    sync_folder,
    value_or_none,
)
from backend.logging_config import get_logger
from backend.platform.disk import BLOCK_BYTES
from backend.platform.locks import FileLock

MARKER_NAME: Final = ".comfyui-launcher.json"
ENTRY_SUFFIX: Final = ".json"
DOOMED_SUFFIX: Final = ".doomed"
DEEPEST: Final = 60  # folders opened at once while deleting

_MOVE_REFUSED: Final = frozenset({errno.EXDEV, errno.EBUSY, errno.EINVAL, errno.ENOTEMPTY})
_DELETE_REFUSED: Final = frozenset({errno.EBUSY, errno.ENOTEMPTY, errno.ELOOP})

_log: Final = get_logger(__name__)


class Marker(BaseModel):
    """What says that a folder is ours, and which operation made it."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )

    schema_version: Literal[1] = Field(1, alias="schema")
    operation_id: str
    tag: str
    created_at: AwareDatetime


class TrashEntry(BaseModel):
    """A folder in the trash. `operation_id` is of the operation that put it there.

    `original` is absolute here, and on disk relative to the folder that the trash lies in: when
    that is moved or copied, what is taken back stays in the copy.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )

    schema_version: Literal[1] = Field(1, alias="schema")
    id: str = Field(pattern=r"^\d{8}-\d{6}-[0-9a-f]{6}$")
    original: Path
    reason: str
    operation_id: str
    trashed_at: AwareDatetime
    tag: str


def write_marker(folder: Path, marker: Marker) -> None:
    """Makes `folder` (which exists) ours. Raises: DiskFull, NotWritable."""
    atomic_write_json(folder / MARKER_NAME, marker)


def read_marker(folder: Path) -> Marker | None:
    """The marker of a folder; None when it has none, so it is not ours.

    Raises: MetadataCorrupt when it has one that cannot be read, NotWritable.
    """
    return value_or_none(read_json(folder / MARKER_NAME, Marker))


class Trash:
    """The trash in `folder`, which has to be on the volume of what is put in.

    Several processes may use it at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._base = folder.absolute().parent
        self._lock = FileLock(folder / ".lock")

    def put(self, path: Path, *, reason: str, operation_id: str) -> TrashEntry:
        """The entry for `path`, which is then in the trash, whole. A crash leaves it there or here.

        Raises: ForeignFolder for anything but a real folder with our marker in the folder that the
        trash lies in, MetadataCorrupt for a marker that cannot be read, DiskFull, NotWritable (also
        if the trash is on another volume).
        """
        marker = None if path.is_symlink() or not path.is_dir() else read_marker(path)
        if marker is None or not path.absolute().is_relative_to(self._base):
            raise ForeignFolder(path)
        now = datetime.now(UTC)
        entry = TrashEntry(
            id=f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
            original=path.absolute(),
            reason=reason,
            operation_id=operation_id,
            trashed_at=now,
            tag=marker.tag,
        )
        with self._lock:
            relative = entry.original.relative_to(self._base)
            on_disk = entry.model_copy(update={"original": relative})
            atomic_write_json(self._record(entry.id), on_disk)
            try:
                _move(path, self._folder / entry.id)
            finally:
                if not os.path.lexists(self._folder / entry.id):
                    self._record(entry.id).unlink(missing_ok=True)
        return entry

    def discard(self, path: Path, *, check: Callable[[], None] = lambda: None) -> int:
        """The bytes freed by deleting a folder of ours at once: unfinished work no one wants back.

        Nothing is written for it, so it works on a full disk. Raises: what `put` and `empty` raise.
        """
        if path.is_symlink() or not path.is_dir() or read_marker(path) is None:
            raise ForeignFolder(path)
        _refuse_mounts(path)
        with storage_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        doomed = self._folder / f"{path.name}{DOOMED_SUFFIX}"
        _move(path, doomed)
        return _delete(doomed, check)

    def entries(self) -> list[TrashEntry]:
        """What can be taken back, the latest first; a record that cannot be read is left out."""
        found = []
        for record in self._records():
            try:
                entry = self._read(record)
            except (MetadataCorrupt, NotWritable) as damage:  # it must not hide the others
                _log.warning("%s is left out: %s", record, damage.message)
                continue
            if entry is not None:
                found.append(entry)
        return sorted(found, key=lambda entry: (entry.trashed_at, entry.id), reverse=True)

    def payload(self, entry_id: str) -> Path:
        """The folder of an entry, where it lies in the trash: to look into, not to change.

        Raises: NotInTrash; MetadataCorrupt or NotWritable when its record cannot be read.
        """
        return self._folder / self._entry(entry_id).id

    def restore(self, entry_id: str) -> Path:
        """The folder, back where it was.

        Raises: NotInTrash when there is no such entry or its place is taken; MetadataCorrupt when
        its record is damaged or leads out of the folder that the trash lies in; NotWritable.
        """
        with self._lock:
            entry = self._entry(entry_id)
            if os.path.lexists(entry.original):
                raise NotInTrash(entry_id, reason=f"{entry.original} is there already")
            with storage_errors(entry.original):
                entry.original.parent.mkdir(parents=True, exist_ok=True)
            _move(self._folder / entry.id, entry.original)
            self._record(entry.id).unlink(missing_ok=True)
        return entry.original

    def empty(self, entry_ids: Collection[str] | None = None, *, check: Callable[[], None]) -> int:
        """The bytes that were freed by deleting these entries, or (None) all of them, for good.

        No link is followed and no mounted volume entered; what lies here without our marker stays.
        `check` ends it by raising, between two files: the rest of that entry cannot be taken back
        then, and goes with the next `empty(None)`, as after a crash.
        Raises: NotInTrash, NotWritable when a volume is mounted inside (both before anything is
        deleted) or the disk refuses, what `check` raises.
        """
        if not self._folder.is_dir():
            if entry_ids:
                raise NotInTrash(min(entry_ids), reason="there is no such entry")
            return 0
        with self._lock:
            chosen = self._all_of_ours() if entry_ids is None else self._chosen(entry_ids)
            for payload in chosen:
                _refuse_mounts(payload)
            doomed = [self._doom(payload) for payload in chosen]
            if entry_ids is None:
                self._forget_the_gone()
        return sum(_delete(payload, check) for payload in doomed)

    def _record(self, entry_id: str) -> Path:
        return self._folder / f"{entry_id}{ENTRY_SUFFIX}"

    def _entry(self, entry_id: str) -> TrashEntry:
        for record in self._records():  # compared, never joined to a path: it comes from a person
            if record.stem == entry_id and (entry := self._read(record)) is not None:
                return entry
        raise NotInTrash(entry_id, reason="there is no such entry")

    def _records(self) -> list[Path]:
        return list(self._folder.glob(f"*{ENTRY_SUFFIX}"))

    def _read(self, record: Path) -> TrashEntry | None:
        """The entry of a record; None when it, or its folder, is gone."""
        entry = value_or_none(read_json(record, TrashEntry))
        if entry is None or not (self._folder / entry.id).is_dir():
            return None
        if entry.id != record.stem:
            raise MetadataCorrupt(record, reason=f"it tells of {entry.id}")
        original = Path(os.path.normpath(self._base / entry.original))
        way = Path(os.path.realpath(original.parent))
        inside = way.is_relative_to(os.path.realpath(self._base))
        if self._base not in original.parents or not inside:
            raise MetadataCorrupt(record, reason=f"it leads out of {self._base}")
        return entry.model_copy(update={"original": original})

    def _chosen(self, entry_ids: Collection[str]) -> list[Path]:
        payloads = [self._folder / self._entry(entry_id).id for entry_id in entry_ids]
        for payload in payloads:
            if not _is_ours(payload):
                raise NotInTrash(payload.name, reason="its marker is gone, so it is left alone")
        return payloads

    def _all_of_ours(self) -> list[Path]:
        folders = [p for p in self._folder.iterdir() if p.is_dir() and not p.is_symlink()]
        ours = [folder for folder in folders if _is_ours(folder) or _is_last_bit(folder)]
        for other in sorted(set(folders) - set(ours)):
            _log.warning("%s lies in the trash without our marker and is left alone", other)
        return ours

    def _doom(self, payload: Path) -> Path:
        """From here on the entry cannot be taken back, so that no half of it ever is."""
        if payload.name.endswith(DOOMED_SUFFIX):
            return payload
        doomed = payload.with_name(payload.name + DOOMED_SUFFIX)
        _move(payload, doomed)
        self._record(payload.name).unlink(missing_ok=True)
        return doomed

    def _forget_the_gone(self) -> None:
        """Drops records without a folder, which a crash between two steps leaves behind."""
        for record in self._records():
            # What is damaged, or not of ours, stays.
            with contextlib.suppress(MetadataCorrupt, NotWritable):
                gone = not os.path.lexists(record.with_suffix(""))
                if gone and value_or_none(read_json(record, TrashEntry)) is not None:
                    record.unlink(missing_ok=True)


def _is_ours(folder: Path) -> bool:
    try:
        return read_marker(folder) is not None
    except MetadataCorrupt:  # what cannot be proved to be ours is not deleted
        return False


def _is_last_bit(folder: Path) -> bool:
    """Whether only this is left of a deletion: a crash came between the marker and the folder."""
    if not folder.name.endswith(DOOMED_SUFFIX):
        return False
    try:
        return not any(folder.iterdir())
    except FileNotFoundError:  # another process was faster: nothing of it is left
        return True


def _move(source: Path, target: Path) -> None:
    with storage_errors(source):
        try:
            source.rename(target)
        except OSError as error:
            if error.errno in _MOVE_REFUSED:
                reason = f"it cannot be moved to {target}: {os.strerror(error.errno)}"
                raise NotWritable(source, reason=reason) from error
            raise
        sync_folder(target.parent)
        sync_folder(source.parent)


# --- Deleting for good ----------------------------------------------------------------------------
#
# Everything goes through descriptors of opened folders, never through a path, so a folder that is
# swapped for a link meanwhile leads nowhere. The marker goes last: what is left after a crash is
# still known as ours.


def _delete(payload: Path, check: Callable[[], None]) -> int:
    """The bytes freed by deleting a doomed folder; 0 when another process was faster."""
    _refuse_mounts(payload)
    deletion = _Deletion(check)
    try:
        with storage_errors(payload), contextlib.suppress(FileNotFoundError):
            deletion.run(payload)
            sync_folder(payload.parent)
    except OSError as error:
        if error.errno in _DELETE_REFUSED:
            raise NotWritable(payload, reason=os.strerror(error.errno)) from error
        raise
    return deletion.freed


class _Deletion:
    """One walk through one folder. `freed` counts the bytes that the disk got back so far."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._top = -1
        self._volume = -1
        self.freed = 0

    def run(self, payload: Path) -> None:
        with _opened(payload, None) as self._top:
            self._volume = os.fstat(self._top).st_dev
            while self._clear(self._top, depth=0):
                pass  # folders that lay very deep have been moved up: their turn now
            with contextlib.suppress(FileNotFoundError):
                self._remove(MARKER_NAME, self._top, 0)
        payload.rmdir()

    def _clear(self, folder: int, depth: int) -> bool:
        """Whether there was anything in the folder; it is empty now, but for what is moved up."""
        names = set(os.listdir(folder)) - ({MARKER_NAME} if folder == self._top else set())
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


def _refuse_mounts(payload: Path) -> None:
    if mounts := _mounts_below(payload):
        raise NotWritable(payload, reason=f"{mounts[0]} is mounted inside it")


def _mounts_below(folder: Path) -> list[str]:
    """Where something is mounted inside `folder`, also from the same volume (Linux; else none)."""
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except FileNotFoundError:
        return []
    base = os.fsencode(folder.resolve()) + b"/"
    points = (
        re.sub(rb"\\([0-7]{3})", lambda code: bytes([int(code[1], 8)]), line.split(b" ")[4])
        for line in lines
    )
    return [os.fsdecode(point) for point in points if point.startswith(base)]
