"""Where removed folders wait: only ours get in, they come back whole, and only they are deleted.

A folder of ours carries a marker from its first moment on. Below the trash lie, for each entry,
`<id>.json` (what it was) and `<id>/` (the folder itself, moved by a rename); `<id>.doomed/` is
one whose deletion has begun.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from backend.exceptions import (
    ForeignFolder,
    MetadataCorrupt,
    MetadataError,
    NotInTrash,
    NotWritable,
    StorageError,
)
from backend.file_utils import (
    atomic_write_json,
    names_in,
    read_json,
    storage_errors,
    sync_folder,
    value_or_none,
)
from backend.logging_config import get_logger
from backend.platform.erasing import erase, refuse_mounts
from backend.platform.locks import FileLock
from backend.platform.trash_entries import (
    DOOMED_SUFFIX,
    ENTRY_SUFFIX,
    MARKER_NAME,
    Marker,
    TrashEntry,
    UnreadableEntry,
    is_an_entry,
    is_doomed,
    marker_of,
    read_marker,
    write_marker,
)

__all__ = [
    "MARKER_NAME",
    "Marker",
    "Trash",
    "TrashEntry",
    "UnreadableEntry",
    "read_marker",
    "write_marker",
]

_MOVE_REFUSED: Final = frozenset({errno.EXDEV, errno.EBUSY, errno.EINVAL, errno.ENOTEMPTY})

_log: Final = get_logger(__name__)


class Trash:
    """The trash in `folder`, which has to be on the volume of what is put in.

    Several processes may use it at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._base = folder.absolute().parent
        self._lock = FileLock(folder / ".lock")

    def put(
        self, path: Path, *, reason: str, operation_id: str, size: int | None = None
    ) -> TrashEntry:
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
            bytes=size,
            kept_since=now,
            seen_at=now,
            inode=path.lstat().st_ino,
        )
        with self._lock:
            self._write(entry)
            try:
                _move(path, self._folder / entry.id)
            finally:
                if not os.path.lexists(self._folder / entry.id):
                    self._drop_record(entry.id)
        return entry

    def doom(self, path: Path) -> None:
        """A folder of ours is out of the way, for good, at once: unfinished work no one wants back.

        It is only moved; `sweep` deletes it. Nothing is written for it, so it works on a full disk.
        Raises: what `put` raises, NotWritable when a volume is mounted inside.
        """
        if path.is_symlink() or not path.is_dir() or read_marker(path) is None:
            raise ForeignFolder(path)
        refuse_mounts(path)
        with storage_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        _move(path, self._folder / f"{path.name}{DOOMED_SUFFIX}")

    def doomed(self) -> list[Path]:
        """The folders whose deletion has begun: a crash, or nobody's time, left them half done.

        Raises: NotWritable when the trash may not be read.
        """
        return [folder for folder in self._folders() if is_doomed(folder)]

    def sweep(self, *, check: Callable[[], None]) -> int:
        """The bytes that were freed by ending the deletions that had begun. Else as `empty`."""
        return _erase_all(self.doomed(), check, [])

    def entries(self) -> list[TrashEntry]:
        """What can be taken back, the latest first; a record that cannot be read is left out.

        Raises: NotWritable when the trash itself may not be read: that is not the same as empty.
        """
        return self._look()[0]

    def unreadable(self) -> list[UnreadableEntry]:
        """What cannot be read: records, or the whole trash."""
        try:
            return self._look()[1]
        except StorageError as error:
            return [UnreadableEntry(self._folder, error.message)]

    def _look(self) -> tuple[list[TrashEntry], list[UnreadableEntry]]:
        found, damaged = [], []
        for record in self._records():
            try:
                entry = self._read(record)
            except (MetadataCorrupt, StorageError) as damage:  # it must not hide the others
                _log.warning("%s is left out: %s", record, damage.message)
                damaged.append(UnreadableEntry(record, damage.message))
                continue
            if entry is not None:
                found.append(entry)
        found.sort(key=lambda entry: (entry.trashed_at, entry.id), reverse=True)
        return found, damaged

    def note_look(
        self,
        entry_id: str,
        *,
        kept_since: datetime,
        seen_at: datetime,
        overdue_since: datetime | None,
    ) -> None:
        """Writes down what a look at the days of an entry found.

        Raises: NotInTrash, MetadataCorrupt, DiskFull, NotWritable.
        """
        with self._lock:
            entry = self._entry(entry_id)
            with storage_errors(self._folder):
                inode = (self._folder / entry.id).lstat().st_ino
            found = {"kept_since": kept_since, "seen_at": seen_at, "overdue_since": overdue_since}
            self._write(entry.model_copy(update={**found, "inode": inode}))

    def tidy(self) -> None:
        """Drops records without a folder, which a crash between two steps leaves behind."""
        if self._folder.is_dir():
            with self._lock:
                self._forget_the_gone()

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
            self._drop_record(entry.id)
        return entry.original

    def empty(self, entry_ids: Collection[str] | None = None, *, check: Callable[[], None]) -> int:
        """The bytes that were freed by deleting these entries, or (None) all of them, for good.

        No link is followed and no mounted volume entered; what lies here without our marker stays.
        `check` ends it by raising, between two files: the rest of that entry cannot be taken back
        then, and goes with the next `sweep`, as after a crash. One that cannot be deleted does not
        keep the others: what is raised for the first such comes when they are gone.
        Raises: NotInTrash, MetadataCorrupt, NotWritable when a volume is mounted inside or the disk
        refuses, what `check` raises.
        """
        if not self._folder.is_dir():
            if entry_ids:
                raise NotInTrash(min(entry_ids), reason="there is no such entry")
            return 0
        doomed: list[Path] = []
        failures: list[StorageError | MetadataError] = []
        with self._lock:
            for chosen in self._all_of_ours() if entry_ids is None else entry_ids:
                with _kept_in(failures):
                    payload = self._deletable(chosen) if isinstance(chosen, str) else chosen
                    refuse_mounts(payload)
                    doomed.append(self._doom(payload))
            if entry_ids is None:
                self._forget_the_gone()
        return _erase_all(doomed, check, failures)

    def _record(self, entry_id: str) -> Path:
        return self._folder / f"{entry_id}{ENTRY_SUFFIX}"

    def _write(self, entry: TrashEntry) -> None:
        relative = entry.original.relative_to(self._base)
        on_disk = entry.model_copy(update={"original": relative})
        atomic_write_json(self._record(entry.id), on_disk, keep_previous=False)

    def _drop_record(self, entry_id: str) -> None:
        with storage_errors(self._record(entry_id)):
            self._record(entry_id).unlink(missing_ok=True)
            sync_folder(self._folder)

    def _folders(self) -> list[Path]:
        places = [self._folder / name for name in names_in(self._folder)]
        with storage_errors(self._folder):
            return [path for path in places if path.is_dir() and not path.is_symlink()]

    def _entry(self, entry_id: str) -> TrashEntry:
        for record in self._records():  # compared, never joined to a path: it comes from a person
            if record.stem == entry_id and (entry := self._read(record)) is not None:
                return entry
        raise NotInTrash(entry_id, reason="there is no such entry")

    def _records(self) -> list[Path]:
        names = names_in(self._folder)
        return [self._folder / name for name in names if name.endswith(ENTRY_SUFFIX)]

    def _read(self, record: Path) -> TrashEntry | None:
        """The entry of a record; None when it, or its folder, is gone."""
        entry = value_or_none(read_json(record, TrashEntry))
        if entry is None:
            return None
        with storage_errors(self._folder):
            folder = self._folder / entry.id
            if not folder.is_dir():
                return None
            if folder.lstat().st_ino != entry.inode:
                looks = ("kept_since", "seen_at", "overdue_since")
                entry = entry.model_copy(update=dict.fromkeys(looks))
        if entry.id != record.stem:
            raise MetadataCorrupt(record, reason=f"it tells of {entry.id}")
        original = Path(os.path.normpath(self._base / entry.original))
        way = Path(os.path.realpath(original.parent))
        inside = way.is_relative_to(os.path.realpath(self._base))
        if self._base not in original.parents or not inside:
            raise MetadataCorrupt(record, reason=f"it leads out of {self._base}")
        return entry.model_copy(update={"original": original})

    def _deletable(self, entry_id: str) -> Path:
        payload = self.payload(entry_id)
        if marker_of(payload) is None:
            raise NotInTrash(payload.name, reason="its marker is gone, so it is left alone")
        return payload

    def _all_of_ours(self) -> list[Path]:
        folders = self._folders()
        doomed = set(self.doomed())
        ours = [f for f in folders if f in doomed or is_an_entry(f)]
        for other in sorted(set(folders) - set(ours)):
            _log.warning("%s lies in the trash without our marker and is left alone", other)
        return ours

    def _doom(self, payload: Path) -> Path:
        """From here on the entry cannot be taken back, so that no half of it ever is."""
        if payload.name.endswith(DOOMED_SUFFIX):
            return payload
        doomed = payload.with_name(payload.name + DOOMED_SUFFIX)
        _move(payload, doomed)
        self._drop_record(payload.name)
        return doomed

    def _forget_the_gone(self) -> None:
        for record in self._records():
            # What is damaged, or not of ours, stays.
            with contextlib.suppress(MetadataCorrupt, NotWritable):
                gone = not os.path.lexists(record.with_suffix(""))
                if gone and value_or_none(read_json(record, TrashEntry)) is not None:
                    record.unlink(missing_ok=True)


@contextlib.contextmanager
def _kept_in(failures: list[StorageError | MetadataError]) -> Iterator[None]:
    """What goes wrong inside is told later."""
    try:
        yield
    except (StorageError, MetadataError) as failure:
        failures.append(failure)


def _erase_all(
    folders: list[Path], check: Callable[[], None], failures: list[StorageError | MetadataError]
) -> int:
    """The bytes that were freed. The first failure is raised when all the others are deleted."""
    freed = 0
    for folder in folders:
        with _kept_in(failures):
            freed += erase(folder, MARKER_NAME, check)
    if failures:
        raise failures[0]
    return freed


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
