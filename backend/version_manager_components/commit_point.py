"""From built to installed, and what a crash in between leaves to settle.

`install.json` is the commit point: with it an installation is complete, without it unfinished. The
record and the link follow from it and can be made again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from backend.exceptions import (
    ComfyUILauncherError,
    ForeignFolder,
    InstallationDamaged,
    MetadataCorrupt,
    MetadataError,
    MetadataFromTheFuture,
    StorageError,
    VersionAlreadyInstalled,
)
from backend.file_utils import Corrupt, Value, atomic_write_json, read_json
from backend.logging_config import get_logger
from backend.metadata_manager import ActiveVersion, InstalledVersion
from backend.operations.events import VersionsChanged
from backend.platform.links import replace_link
from backend.platform.trash import Marker
from backend.version_manager_components.context import VersionContext
from backend.version_manager_components.estimate import size_key_of
from backend.version_manager_components.layout import (
    INSTALL_RECORD,
    link_of,
    missing_parts,
    store_of,
)

# How a store ends in the id of its operation; a marker that was not yet in its place.
_OF_AN_OPERATION: Final = re.compile(r"-(\d{14}-[0-9a-f]{6})$")
_UNWRITTEN: Final = re.compile(r"\.[0-9a-f]{16}\.tmp")

_log = get_logger(__name__)


def refuse_taken(context: VersionContext, tag: str) -> None:
    """Raises: VersionAlreadyInstalled, InstallationDamaged, ForeignFolder: what is in the way."""
    known = context.store.version(tag)
    if known is not None and (missing := missing_parts(store_of(context.paths, known))):
        raise InstallationDamaged(tag, missing=missing)
    if known is not None:
        raise VersionAlreadyInstalled(tag)
    link = link_of(context.paths, tag)
    if link.exists() and not link.is_symlink():
        raise ForeignFolder(link)


def commit(context: VersionContext, version: InstalledVersion, store: Path) -> None:
    """The installation counts from here on. Raises: VersionAlreadyInstalled, ForeignFolder."""
    with context.lock:
        refuse_taken(context, version.tag)
        atomic_write_json(store / INSTALL_RECORD, version)
        try:
            enlist(context, version, store)
        except StorageError:  # not surely listed, so not installed: it can be tried again
            _take_back(context, version, store)
            raise
    try:
        context.store.remember_environment_size(size_key_of(version), version.logical_bytes)
    except StorageError as error:  # the version is installed; only the next estimate is rougher
        _log.warning("the size of %s could not be noted: %s", version.tag, error)


def _take_back(context: VersionContext, version: InstalledVersion, store: Path) -> None:
    with suppress(StorageError):
        context.store.remove(version.tag)
    (store / INSTALL_RECORD).unlink(missing_ok=True)


def enlist(context: VersionContext, version: InstalledVersion, store: Path) -> None:
    """The version has its record and its link, and is active if none was."""
    context.store.put(version)
    replace_link(link_of(context.paths, version.tag), store)
    try:
        context.store.change_active(
            lambda now: ActiveVersion(
                active=now.active or version.tag, default=now.default or version.tag
            )
        )
    except MetadataError as error:  # installed all the same; which one is active can be said later
        _log.warning("%s is not made active: %s", version.tag, error)
    context.events.publish(VersionsChanged(tag=version.tag))


@contextmanager
def cleared_on_failure(context: VersionContext, store: Path) -> Iterator[None]:
    """What was built so far goes, unless it was committed."""
    try:
        yield
    except BaseException:
        if store.is_dir() and not (store / INSTALL_RECORD).exists():
            try:
                _clear(context, store)
            except ComfyUILauncherError as error:  # why the installation failed matters more
                _log.warning("%s is cleared at the next start: %s", store, error)
        raise


def unlisted(folder: Path, listed: set[str]) -> list[Path]:
    """The folders of the store that no record names."""
    if not folder.is_dir():
        return []
    return [
        entry
        for entry in sorted(folder.iterdir())
        if entry.is_dir() and not entry.is_symlink() and entry.name not in listed
    ]


def clear_stillborn(context: VersionContext, store: Path) -> None:
    """Removes what a kill leaves between making a folder and marking it as ours: next to nothing.

    It is ours by its name, of an operation that no longer runs; what else is in it lets it stay.
    """
    named = _OF_AN_OPERATION.search(store.name)
    if named is None or context.operations.is_running(named[1]):
        return
    with suppress(OSError):
        unwritten = list(store.iterdir())
        if all(_UNWRITTEN.fullmatch(entry.name) for entry in unwritten):
            for entry in unwritten:
                entry.unlink()
            store.rmdir()


def settle(context: VersionContext, store: Path, marker: Marker) -> str:
    """Lists what is complete, clears what is not; says in words what was done."""
    record = read_json(store / INSTALL_RECORD, InstalledVersion)
    with context.lock:
        if isinstance(record, Value):
            return _list_after_all(context, record.value, store)
        if isinstance(record, Corrupt):  # it was complete once: damage is no reason to delete it
            return f"{store.name}: it is left as it is, for {record.path} is damaged."
    _clear(context, store)  # gigabytes: not under the lock that every launcher waits for
    _log.warning("cleared the unfinished installation %s", store.name)
    return f"{marker.tag}: the installation was interrupted; what it left was cleared away."


def _list_after_all(context: VersionContext, version: InstalledVersion, store: Path) -> str:
    """A complete installation speaks for itself, also when our record of it is damaged."""
    try:
        known = context.store.version(version.tag)
    except MetadataFromTheFuture:
        return f"{version.tag}: its record is of a newer launcher; it is left alone."
    except MetadataCorrupt:
        known = None
    if known is not None and known.store == store.name:
        return f"{version.tag}: another launcher has listed it meanwhile."
    if known is not None:
        return f"{store.name}: a second copy of {version.tag}; it is left alone."
    enlist(context, version, store)
    return f"{version.tag}: the installation is complete and is listed again."


def _clear(context: VersionContext, store: Path) -> None:
    """Unfinished work goes at once, without a stay in the trash: the disk may be full."""
    context.trash.discard(store)
    context.sources.forget_worktrees([store / "source"])
