"""From built to installed, and what a crash in between leaves to settle.

`install.json` is the commit point: with it an installation is complete, without it unfinished. The
record and the link follow from it and can be made again.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from backend.exceptions import (
    ForeignFolder,
    InstallationDamaged,
    MetadataCorrupt,
    MetadataError,
    MetadataFromTheFuture,
    StorageError,
    VersionAlreadyInstalled,
)
from backend.file_utils import (
    Corrupt,
    Value,
    atomic_write_json,
    names_in,
    read_json,
    storage_errors,
    sync_folder,
)
from backend.logging_config import get_logger
from backend.metadata_manager import ActiveVersion, InstalledVersion
from backend.operations.events import VersionsChanged
from backend.operations.model import Recovery
from backend.platform.links import leads_to, remove_link, replace_link
from backend.platform.trash import Marker, read_marker
from backend.temporaries import is_temporary
from backend.version_manager_components.context import VersionContext
from backend.version_manager_components.estimate import size_key_of
from backend.version_manager_components.intents import Intent
from backend.version_manager_components.layout import (
    INSTALL_RECORD,
    link_of,
    missing_parts,
    store_of,
)

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
    """What cannot be taken back is there still, and whoever settles the installation lists it."""
    link, record = link_of(context.paths, version.tag), store / INSTALL_RECORD
    with suppress(StorageError, MetadataError), storage_errors(record):
        context.store.remove(version.tag)
        if leads_to(link, store):
            remove_link(link)
        record.unlink(missing_ok=True)  # last: what is on record has one
        sync_folder(store)


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


def unlisted(folder: Path, listed: set[str]) -> list[Path]:
    """The folders of the store that no record names. Raises: NotWritable: it may not be read."""
    entries = [folder / name for name in names_in(folder) if name not in listed]
    with storage_errors(folder):
        return [entry for entry in entries if entry.is_dir() and not entry.is_symlink()]


def settle_installation(context: VersionContext, intent: Intent) -> Recovery:
    """Lists what is complete, puts away what is not. Under the lock."""
    store, tag = intent.folder(context.paths), intent.version()
    with storage_errors(store):
        is_folder = store.is_dir() and not store.is_symlink()
    if not is_folder:
        return Recovery(outcome="undone", words=f"{tag}: the installation had not begun.")
    marker = read_marker(store)
    if marker is None:
        return _clear_unmarked(store, tag)
    if marker.operation_id != intent.operation_id:
        words = f"{store.name}: it is left as it is, for another operation made it."
        return Recovery(outcome="left", words=words)
    return settle_store(context, store, marker)


def settle_store(
    context: VersionContext, store: Path, marker: Marker, *, may_clear: bool = True
) -> Recovery:
    """As `settle_installation`, for a folder of ours that no record names.

    `may_clear`: something on record says that it is unfinished. In doubt it is left and told.
    """
    record = read_json(store / INSTALL_RECORD, InstalledVersion)
    if isinstance(record, Value):
        return list_after_all(context, record.value, store)
    if isinstance(record, Corrupt):  # it was complete once: damage is no reason to delete it
        words = f"{store.name}: it is left as it is, for {record.path} is damaged."
        return Recovery(outcome="left", words=words)
    if not may_clear:
        return _in_doubt(store, "nothing that can be read says that it never was complete")
    if _may_be_on_record(context, store, marker.tag):
        return _in_doubt(store, f"its {INSTALL_RECORD} is gone, but it may have been complete")
    context.trash.doom(store)  # gigabytes, perhaps: deleted when there is time
    _log.warning("put away the unfinished installation %s", store.name)
    words = f"{marker.tag}: the installation was interrupted; what it left was cleared away."
    return Recovery(outcome="undone", words=words)


def _in_doubt(store: Path, why: str) -> Recovery:
    words = f"{store.name}: it is left as it is, for {why}. If you do not need it, delete {store}."
    return Recovery(outcome="left", words=words)


def _may_be_on_record(context: VersionContext, store: Path, tag: str) -> bool:
    """Whether the record of the version names that folder, or cannot be read."""
    try:
        known = context.store.version(tag)
    except (MetadataError, StorageError):
        return True
    return known is not None and known.store == store.name


def list_after_all(context: VersionContext, version: InstalledVersion, store: Path) -> Recovery:
    """A complete installation speaks for itself, also when our record of it is damaged."""
    try:
        known = context.store.version(version.tag)
    except MetadataFromTheFuture:
        words = f"{version.tag}: its record is of a newer launcher; it is left alone."
        return Recovery(outcome="left", words=words)
    except MetadataCorrupt:
        known = None
    if known is not None and known.store != store.name:
        words = f"{store.name}: a second copy of {version.tag}; it is left alone."
        return Recovery(outcome="left", words=words)
    enlist(context, known or version, store)
    words = f"{version.tag}: the installation is complete and is listed."
    return Recovery(outcome="finished", words=words)


def _clear_unmarked(store: Path, tag: str) -> Recovery:
    """What lies between making a folder and marking it as ours: next to nothing, or not ours."""
    try:
        unwritten = list(store.iterdir())
        if all(is_temporary(entry.name) for entry in unwritten):
            for entry in unwritten:
                entry.unlink()
            store.rmdir()
            return Recovery(outcome="undone", words=f"{tag}: the installation had hardly begun.")
    except OSError as error:
        _log.warning("%s could not be cleared: %s", store, error)
    words = f"{store.name}: it is left as it is, for it does not carry our marker."
    return Recovery(outcome="left", words=words)
