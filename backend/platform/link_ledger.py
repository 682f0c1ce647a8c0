"""Which links are ours: written down before they are made, and believed only as far as it agrees.

A link of ours can be deleted and made again; one that a person made in its place, however much it
looks like ours, cannot. So a ledger keeps for each link its place, where it leads, and which inode
it is. It is written before links are made (without inodes, which they do not have yet) and after:
a crash in between leaves links that the ledger knows.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from backend.file_utils import (
    PREVIOUS_SUFFIX,
    Absent,
    Corrupt,
    atomic_write_json,
    read_json,
    refuse_newer_schema,
    storage_errors,
    sync_folder,
)
from backend.logging_config import get_logger
from backend.platform.links import opened_below

SCHEMA: Final = 1

_IN_THE_WAY: Final = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EEXIST, errno.ENAMETOOLONG}
)

_log: Final = get_logger(__name__)


def _as_text(name: str) -> str:
    """A name in Unicode, so that JSON can hold it: file names may be any bytes."""
    return name.replace("\\", "\\\\").encode("utf-8", "backslashreplace").decode()


def _as_name(text: str) -> str:
    """The name that was written as this text."""

    def original(found: re.Match[str]) -> str:
        return chr(int(found[1][1:], 16)) if found[1][0] == "u" else "\\"

    return re.sub(r"\\(\\|ud[89a-f][0-9a-f]{2})", original, text)


def _a_place_inside(text: str) -> str:
    """Refuses what does not name a place below the root, so that no record leads out of it."""
    if "\0" in text or any(part in {"", ".", ".."} for part in text.split("/")):
        raise ValueError("not a place inside")
    return text


class _OnRecord(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )


class LinkOnRecord(_OnRecord):
    """A link of ours: where it leads and what it is (null: it was about to be made)."""

    target: str
    device: int | None = Field(None, ge=0)
    inode: int | None = Field(None, ge=0)


class LinksOnRecord(_OnRecord):
    """All links below one folder. `device` and `inode` are of that folder, when this was written.

    Where it is another one now, the tree was moved, copied or taken from a backup.
    """

    schema_version: Literal[1] = Field(1, alias="schema")
    root: str
    device: int = Field(ge=0)
    inode: int = Field(ge=0)
    links: dict[Annotated[str, AfterValidator(_a_place_inside)], LinkOnRecord]


class LinkLedger:
    """The links of ours below the folder `root`, as the file `file` knows them.

    A link is ours when its place, its target, its device and its inode are on record. One that was
    about to be made has no inode on record, and in a tree that was moved or copied the inodes are
    others: place and target decide there. Nothing here follows a link below `root`. A ledger that
    cannot be read, nor the version before it, makes no link ours: then none is unlinked.

    Used by one process at a time. Raises (every method): DiskFull, NotWritable,
    MetadataFromTheFuture.
    """

    def __init__(self, file: Path, root: Path) -> None:
        self._file = file
        self._root = root

    def has_begun(self) -> bool:
        """Whether links were ever written down here; damage is a beginning too."""
        return not isinstance(read_json(self._file, LinksOnRecord), Absent)

    def ours(self) -> dict[Path, Path]:
        """The links of ours that are there, and where each leads."""
        standing = self._standing(self._known())
        return {self._root / name: Path(link.target) for name, link in standing.items()}

    def make(self, links: Mapping[Path, Path]) -> tuple[Path, ...]:
        """After this each of the links leads to its target; where that could not be, is told.

        It cannot be where something stands that is not a link of ours: that stays as it is. Folders
        on the way are made. Other links of ours stay.
        """
        known = self._known()
        standing = self._standing(known)
        wanted = {self._name(link): os.fspath(target) for link, target in links.items()}
        with storage_errors(self._root):
            self._root.mkdir(parents=True, exist_ok=True)
            changed = [
                n for n, link in standing.items() if wanted.get(n, link.target) != link.target
            ]
            rest = _without(standing, self._unlink(changed, standing))
            missing = wanted.keys() - rest.keys()
            free = missing - self._taken(missing)
            planned = {name: _Link(wanted[name]) for name in sorted(free)}
            if planned:
                known = self._write({**rest, **planned}, known)
            made = self._link(planned)
            self._write({**rest, **made}, known)
        return tuple(self._root / name for name in sorted(missing - made.keys()))

    def unlink(self, links: Iterable[Path]) -> tuple[Path, ...]:
        """Those of the links that were ours: they are gone, what they led to is untouched."""
        known = self._known()
        standing = self._standing(known)
        with storage_errors(self._root):
            gone = self._unlink({self._name(link) for link in links} & standing.keys(), standing)
            self._write(_without(standing, gone), known)
        return tuple(self._root / name for name in sorted(gone))

    def adopt(self, links: Iterable[Path]) -> None:
        """These links, made before there was a ledger, are ours from now on, as they are."""
        known = self._known()
        now = self._standing(known)
        with storage_errors(self._root):
            self._write({**now, **dict(self._look(map(self._name, links)))}, known)

    def forget(self) -> None:
        """Nothing is on record any more; links that are left are nobody's."""
        with storage_errors(self._file):
            # The version before goes first: it must not come to count when the other is gone.
            self._file.with_name(self._file.name + PREVIOUS_SUFFIX).unlink(missing_ok=True)
            self._file.unlink(missing_ok=True)
            if self._file.parent.is_dir():
                sync_folder(self._file.parent)

    # --- On record

    def _name(self, link: Path) -> str:
        return _a_place_inside(link.relative_to(self._root).as_posix())

    def _known(self) -> LinksOnRecord | None:
        refuse_newer_schema(self._file, SCHEMA)
        result = read_json(self._file, LinksOnRecord)
        if isinstance(result, Absent):
            return None
        if not isinstance(result, Corrupt):
            return result.value
        if result.previous is None:
            _log.warning("%s is damaged: no link in %s counts as ours", self._file, self._root)
        else:
            _log.warning("%s is damaged; the version before it counts", self._file)
        return result.previous

    def _write(
        self, links: Mapping[str, _Link], known: LinksOnRecord | None
    ) -> LinksOnRecord | None:
        """What is on record now. Nothing is written that is on record already."""
        if not links and known is None:
            return None
        root = self._root.stat()
        record = LinksOnRecord(
            root=_as_text(str(self._root)),
            device=root.st_dev,
            inode=root.st_ino,
            links={_as_text(name): link.on_record() for name, link in links.items()},
        )
        if record != known:
            atomic_write_json(self._file, record)
        return record

    # --- On the disk

    def _standing(self, known: LinksOnRecord | None) -> dict[str, _Link]:
        """The links on record that are there and agree with it, as they are now."""
        if known is None:
            return {}
        with storage_errors(self._root):
            try:
                root = self._root.stat()
            except (FileNotFoundError, NotADirectoryError):
                return {}
            same_tree = (known.root, known.inode) == (_as_text(str(self._root)), root.st_ino)
            on_record = {_as_name(name): link for name, link in known.links.items()}
            found = {}
            for name, now in self._look(on_record):
                then = on_record[name]
                # The number of a volume can be another one after each start of the system.
                device = root.st_dev if then.device == known.device else then.device
                agrees = (device, then.inode) == (now.device, now.inode)
                planned = then.inode is None
                if _as_name(then.target) == now.target and (agrees or planned or not same_tree):
                    found[name] = now
        return found

    def _look(self, names: Iterable[str]) -> Iterator[tuple[str, _Link]]:
        """Those of the places where a link is, with the link."""
        for opened, folder, leaves in self._folders(names):
            for leaf in leaves:
                if (link := _link_at(leaf, opened)) is not None:
                    yield f"{folder}{leaf}", link

    def _taken(self, names: Iterable[str]) -> set[str]:
        """Those of the places where something stands."""
        taken: set[str] = set()
        for opened, folder, leaves in self._folders(names):
            with os.scandir(opened) as entries:
                there = {entry.name for entry in entries}
            taken |= {f"{folder}{leaf}" for leaf in there.intersection(leaves)}
        return taken

    def _link(self, planned: Mapping[str, _Link]) -> dict[str, _Link]:
        """The links that were made; where something came into the way, there is none."""
        made = {}
        for opened, folder, leaves in self._folders(planned, make=True):
            for leaf in leaves:
                name = f"{folder}{leaf}"
                with _unless_in_the_way():
                    os.symlink(planned[name].target, leaf, dir_fd=opened)
                    if (link := _link_at(leaf, opened)) is not None:
                        made[name] = link
            os.fsync(opened)
        return made

    def _unlink(self, names: Iterable[str], standing: Mapping[str, _Link]) -> set[str]:
        """Those of the places that are empty now; each link is looked at once more before."""
        gone = set()
        for opened, folder, leaves in self._folders(names):
            for leaf in leaves:
                name = f"{folder}{leaf}"
                if _link_at(leaf, opened) == standing[name]:
                    os.unlink(leaf, dir_fd=opened)
                    gone.add(name)
            os.fsync(opened)
        return gone

    def _folders(
        self, names: Iterable[str], *, make: bool = False
    ) -> Iterator[tuple[int, str, list[str]]]:
        """Each folder of these places, opened, with its name and theirs in it.

        Left out are those that are not there, or not real folders all the way.
        """
        folders: dict[str, list[str]] = {}
        for name in names:
            folder, slash, leaf = name.rpartition("/")
            folders.setdefault(folder + slash, []).append(leaf)
        for folder, leaves in folders.items():
            with contextlib.ExitStack() as stack:
                opened = -1
                with _unless_in_the_way():
                    opened = stack.enter_context(opened_below(self._root, folder, make=make))
                if opened >= 0:
                    yield opened, folder, leaves


@dataclass(frozen=True, slots=True)
class _Link:
    """A link on the disk; without an inode it is about to be made."""

    target: str
    device: int | None = None
    inode: int | None = None

    def on_record(self) -> LinkOnRecord:
        return LinkOnRecord(target=_as_text(self.target), device=self.device, inode=self.inode)


def _link_at(leaf: str, folder: int) -> _Link | None:
    with _unless_in_the_way():
        status = os.lstat(leaf, dir_fd=folder)
        if stat.S_ISLNK(status.st_mode):
            return _Link(os.readlink(leaf, dir_fd=folder), status.st_dev, status.st_ino)
    return None


def _without(links: Mapping[str, _Link], gone: Collection[str]) -> dict[str, _Link]:
    return {name: link for name, link in links.items() if name not in gone}


@contextlib.contextmanager
def _unless_in_the_way() -> Iterator[None]:
    """Ends what is inside when a place is taken, missing, or cannot be named on this disk."""
    try:
        yield
    except OSError as error:
        if error.errno not in _IN_THE_WAY:
            raise
