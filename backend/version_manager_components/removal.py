"""Removing a version, taking it back, and deleting it for good; each whole or not at all.

Each begins with one rename, which decides it: of the folder into the trash, out of it, or to the
name of what is being deleted. All that follows from it can be done again, after a crash too.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Final

from backend.exceptions import (
    MetadataError,
    NotInTrash,
    StorageError,
    VersionAlreadyInstalled,
    VersionInUse,
)
from backend.file_utils import Value, read_json, storage_errors
from backend.logging_config import get_logger
from backend.metadata_manager import InstalledVersion
from backend.operations.events import VersionsChanged
from backend.operations.model import Recovery, new_operation_id
from backend.operations.operation import Operation
from backend.platform.links import leads_to, remove_link
from backend.platform.trash import TrashEntry
from backend.version_manager_components.commit_point import enlist, list_after_all
from backend.version_manager_components.context import VersionContext
from backend.version_manager_components.intents import Intent, intended, intent_of
from backend.version_manager_components.layout import (
    INSTALL_RECORD,
    installed,
    link_of,
    store_of,
)

_log: Final = get_logger(__name__)


def to_trash(
    context: VersionContext, tag: str, operation: Operation, size: int | None
) -> TrashEntry | None:
    """The entry of a version that is no longer listed; None when its folder was gone already."""
    with context.lock:
        version = installed(context, tag)
        store = store_of(context.paths, version)
        refuse_used(context, tag, store)
        intent = intent_of(context, "remove", operation.id, tag=tag, store=store.name)
        with intended(context, intent, settle_removal):
            entry = None
            if _is_there(store) and store.is_dir():
                entry = context.trash.put(
                    store, reason="removed", operation_id=operation.id, size=size
                )
            _forget(context, tag, store)
    return entry


def settle_removal(context: VersionContext, intent: Intent) -> Recovery:
    """Ends a removal whose folder is in the trash; of another one there is nothing to undo."""
    store, tag = intent.folder(context.paths), intent.version()
    context.trash.tidy()
    if _is_there(store):
        return Recovery(outcome="undone", words=f"{tag}: it was not removed; nothing was changed.")
    _forget(context, tag, store)
    context.events.publish(VersionsChanged(tag=tag))
    waits = any(entry.original == store for entry in context.trash.entries())
    words = f"{tag}: it is removed{' and waits in the trash' if waits else ''}."
    return Recovery(outcome="finished", words=words)


def from_trash(context: VersionContext, name: str) -> InstalledVersion:
    """A removed version, back in its place and listed. `name`: an entry, or the tag of one.

    Raises: NotInTrash (and leaves it there), VersionAlreadyInstalled.
    """
    with context.lock:
        entry = _entry(context.trash.entries(), name)
        known = context.store.version(entry.tag)
        if known is not None and known.store != entry.original.name:
            raise VersionAlreadyInstalled(entry.tag)
        record = read_json(context.trash.payload(entry.id) / INSTALL_RECORD, InstalledVersion)
        if not isinstance(record, Value):
            raise NotInTrash(name, reason=f"its {INSTALL_RECORD} is missing or damaged")
        intent = intent_of(
            context, "restore", new_operation_id(), tag=entry.tag, store=entry.original.name,
            entries=(entry.id,),
        )  # fmt: skip
        with intended(context, intent, settle_restoring):
            enlist(context, record.value, context.trash.restore(entry.id))
    return record.value


def settle_restoring(context: VersionContext, intent: Intent) -> Recovery:
    """Lists a version that is back in its place; one that is not is still in the trash."""
    store, tag = intent.folder(context.paths), intent.version()
    context.trash.tidy()
    if not _is_there(store):
        return Recovery(outcome="undone", words=f"{tag}: it was not taken back from the trash.")
    record = read_json(store / INSTALL_RECORD, InstalledVersion)
    if isinstance(record, Value):
        return list_after_all(context, record.value, store)
    words = f"{store.name}: it is left as it is, for its {INSTALL_RECORD} is missing or damaged."
    return Recovery(outcome="left", words=words)


def delete_for_good(
    context: VersionContext, chosen: list[TrashEntry], operation: Operation, *, everything: bool
) -> int:
    """The bytes that deleting these entries freed. `everything`: and what else of ours lies there.

    Git's notes about their checkouts are dropped too. Not to be cancelled once it has begun: what
    is half deleted cannot be taken back, and "nothing was changed" would not be true. An error of
    one comes when all the others are deleted.
    """
    operation.check()
    names = tuple(entry.id for entry in chosen)
    with ExitStack() as stack:
        if names:  # a full disk is what this is for, so it does without where it has to
            intent = intent_of(context, "delete", operation.id, entries=names)
            stack.enter_context(intended(context, intent, settle_deletion, can_do_without=True))
        try:
            freed = context.trash.empty(None if everything else names, check=_go_on)
        except (StorageError, MetadataError) as failure:
            told = _forget_checkouts(context, chosen)
            failure.message += f" {told} of {len(names)} were deleted." if told else ""
            raise
        _forget_checkouts(context, chosen)
    return freed + context.trash.sweep(check=_go_on)


def _forget_checkouts(context: VersionContext, chosen: list[TrashEntry]) -> int:
    """How many of the entries are gone. Git knows nothing of their checkouts any more."""
    there = {entry.id for entry in context.trash.entries()}
    gone = [entry for entry in chosen if entry.id not in there]
    context.sources.forget_worktrees([entry.original / "source" for entry in gone])
    return len(gone)


def settle_deletion(context: VersionContext, intent: Intent) -> Recovery:
    """Says how far it came: what had begun ends when there is time, what had not is not begun."""
    context.trash.tidy()
    known = {entry.id for entry in context.trash.entries()}
    known |= {damaged.path.stem for damaged in context.trash.unreadable()}
    there = known & set(intent.entries)
    gone, whole = len(intent.entries) - len(there), len(intent.entries)
    if not there:
        return Recovery(outcome="finished", words="The trash: what was to be deleted is gone.")
    if not gone:
        return Recovery(outcome="undone", words="The trash: nothing in it was deleted.")
    words = f"The trash: {gone} of {whole} are deleted; the others are in it as they were."
    return Recovery(outcome="left", words=words)


def refuse_used(context: VersionContext, tag: str, store: Path) -> None:
    """Raises: VersionInUse when a ComfyUI, or any other program, works in that folder."""
    if context.processes.current(store) is not None:
        raise VersionInUse(tag)
    if pids := context.processes.users_of(store):
        raise VersionInUse(tag, pids=pids)


def chosen_entries(context: VersionContext, names: tuple[str, ...] | None) -> list[TrashEntry]:
    """The entries of these ids, or (None) all. Raises: NotInTrash."""
    chosen, unknown = sorted_out(context, names)
    refuse_unknown(unknown)
    return chosen


def sorted_out(
    context: VersionContext, names: tuple[str, ...] | None
) -> tuple[list[TrashEntry], list[str]]:
    """The entries of these ids, or (None) all, and the names that are of none."""
    known = {entry.id: entry for entry in context.trash.entries()}
    asked = known if names is None else dict.fromkeys(names)
    chosen = [known[name] for name in asked if name in known]
    return chosen, [name for name in asked if name not in known]


def refuse_unknown(names: list[str]) -> None:
    """Raises: NotInTrash, for the first of them."""
    if names:
        raise NotInTrash(names[0], reason="there is no such entry")


def _is_there(store: Path) -> bool:
    """Raises: NotWritable where that cannot be seen: nothing is taken for gone then."""
    with storage_errors(store):
        try:
            store.lstat()
        except FileNotFoundError:
            return False
        return True


def _go_on() -> None:
    """No reason to stop."""


def _forget(context: VersionContext, tag: str, store: Path) -> None:
    """The version is not listed any more. What was installed anew meanwhile stays as it is."""
    known = context.store.version(tag)
    if known is not None and known.store != store.name:
        return
    for kept in context.resources.remove_view(tag).kept:
        _log.info("%s is not ours and stays", kept)
    if leads_to(link_of(context.paths, tag), store):
        remove_link(link_of(context.paths, tag))
    context.store.remove(tag)


def _entry(entries: list[TrashEntry], name: str) -> TrashEntry:
    """By id, or the latest of that tag. Raises: NotInTrash."""
    found = [entry for entry in entries if name in {entry.id, entry.tag}]
    if not found:
        raise NotInTrash(name, reason="there is no such entry")
    return found[0]
