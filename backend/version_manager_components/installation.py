"""Installing and removing versions.

An installation is built in its final place, `.store/<tag>-<operation>/`, from the first byte: an
environment holds absolute paths. `install.json` is written last and is the commit point; then come
the record and the link. What is about to be done is on disk before the first folder is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from backend.exceptions import RepositoryUnreachable, StorageError
from backend.file_utils import free_bytes
from backend.logging_config import get_logger
from backend.metadata_manager import InstalledVersion
from backend.operations.events import VersionsChanged
from backend.operations.model import OperationSnapshot, Recovery
from backend.operations.operation import Operation
from backend.platform.disk import naming_needed, require_free, room_for
from backend.platform.git import ResolvedReference
from backend.version_manager_components.building import build, installation_name
from backend.version_manager_components.commit_point import (
    commit,
    refuse_taken,
    settle_installation,
)
from backend.version_manager_components.context import Check, VersionComponent, VersionContext
from backend.version_manager_components.estimate import (
    completed,
    keep_free_bytes,
    needed_bytes,
    working_check,
)
from backend.version_manager_components.intents import intended, intent_of
from backend.version_manager_components.models import (
    EmptyingPlan,
    FreedSpace,
    InstallationPlan,
    InstallOptions,
    RemovalPlan,
    TrashedVersion,
    TrashList,
)
from backend.version_manager_components.recovery import (
    Settled,
    account_for,
    half_done,
    settle_all,
)
from backend.version_manager_components.removal import (
    delete_for_good,
    from_trash,
    refuse_unknown,
    sorted_out,
    to_trash,
)
from backend.version_manager_components.trash_can import (
    as_shown,
    can_sweep,
    coming_deletion,
    contents,
    overdue,
    plan_emptying,
    plan_removal,
    size_of,
)

_log: Final = get_logger(__name__)


class InstallationMixin(VersionComponent):
    """Plans, installs, removes, takes back."""

    __slots__ = ()

    def plan_installation(self, options: InstallOptions) -> InstallationPlan:
        """What installing would need and whether that is there; changes nothing."""
        context = self._context
        options = completed(context, options)
        found = context.sources.resolve(options.reference)
        known = found is not None and found.kind != "branch"
        tag = installation_name(found) if found else options.reference
        needed, free = needed_bytes(context, options), free_bytes(context.paths.versions)
        reachable = None if known else context.sources.is_reachable()
        return InstallationPlan(
            tag=tag,
            reference=options.reference,
            commit=found.commit if found else None,
            needed_bytes=needed,
            free_bytes=free,
            enough_room=free >= room_for(needed, keep_free_bytes(context)),
            network_needed=not known,
            network_reachable=reachable,
            already_installed=context.store.version(tag) is not None,
            summary=f"{tag} needs about {needed / 1e9:.1f} GB, you have {free / 1e9:.1f} GB free.",
        )

    def install(self, options: InstallOptions, operation: Operation) -> InstalledVersion:
        """The installed version, listed and linked. Until then nothing of it is in use.

        Raises: VersionNotFound, VersionAlreadyInstalled, DiskFull, SourceIncomplete,
        DependenciesUnresolvable, DependencyInstallFailed, NetworkError, OperationCancelled.
        """
        context = self._context
        options = completed(context, options)
        with operation.step("prepare"):
            _end_deletions(context, operation.check)
            operation.advance(detail=_room_words(context, options))
            needed = needed_bytes(context, options)
            check = working_check(context, options, operation)
        with operation.step("source"), naming_needed(needed):
            found = _find_source(context, options.reference, operation, check)
            tag = installation_name(found)
            refuse_taken(context, tag)
            store = context.paths.store / f"{tag}-{operation.id}"
        intent = intent_of(context, "install", operation.id, tag=tag, store=store.name)
        with (
            naming_needed(needed),
            _deleted_on_failure(context, store),
            intended(context, intent, settle_installation),
        ):
            version = build(context, options, found, store, operation, check)
            with operation.step("commit"):
                commit(context, version, store)
        return version

    def plan_uninstall(self, tag: str) -> RemovalPlan:
        """What uninstalling would do to the disk; changes nothing. Raises: VersionNotInstalled."""
        return plan_removal(self._context, tag)

    def uninstall(self, tag: str, operation: Operation) -> TrashedVersion:
        """The version is in the trash and no longer listed; `restore` takes it back.

        Models, outputs and user data lie elsewhere and stay. Raises: VersionNotInstalled,
        VersionInUse, ForeignFolder.
        """
        context = self._context
        with operation.step("trash"):
            entry = to_trash(context, tag, operation, size_of(context, tag, operation.check))
        context.events.publish(VersionsChanged(tag=tag))
        if entry is not None:
            return as_shown(context, entry)
        return TrashedVersion(
            entry="",
            tag=tag,
            reason="its folder was gone already",
            trashed_at=context.now(),
            expires_at=None,
            path="",
            bytes=None,
        )

    def trash(self) -> TrashList:
        """What can be taken back, and until when."""
        return contents(self._context)

    def restore(self, name: str) -> InstalledVersion:
        """A removed version, back in its place and listed.

        `name` is an entry, or the tag of one (the one removed last).
        Raises: NotInTrash (and leaves it there), VersionAlreadyInstalled.
        """
        return from_trash(self._context, name)

    def plan_empty_trash(self, entries: tuple[str, ...] | None) -> EmptyingPlan:
        """What emptying the trash would do to the disk; changes nothing. Raises: NotInTrash."""
        return plan_emptying(self._context, entries)

    def empty_trash(self, entries: tuple[str, ...] | None, operation: Operation) -> FreedSpace:
        """These entries, or (None) all, are deleted for good, and deletions that had begun end.

        One that cannot be deleted does not keep the others; its error comes when they are gone.
        Raises: NotInTrash, NotWritable.
        """
        context = self._context
        with operation.step("delete"):
            chosen, unknown = sorted_out(context, entries)
            freed = delete_for_good(context, chosen, operation, everything=entries is None)
            left = {entry.id for entry in context.trash.entries()}
            refuse_unknown(unknown)
        return FreedSpace(bytes=freed, entries=sum(entry.id not in left for entry in chosen))

    def overdue(self) -> tuple[str, ...] | None:
        """The entries of the trash whose days are over, to be deleted for good.

        None when there is nothing to delete; an empty one when only deletions have to be ended.
        """
        entries = overdue(self._context)
        return entries if entries or can_sweep(self._context) else None

    def coming_deletion(self) -> str | None:
        """What of the trash will be deleted soon, for who starts to be told; None for nothing."""
        return coming_deletion(self._context)

    def half_done(self) -> list[str]:
        """The operations that left something to `recover`, by id. Only looks."""
        return half_done(self._context)

    def recover(self) -> list[Settled]:
        """Ends or undoes what a crash left half done, and says so; before anything is listed."""
        return settle_all(self._context)

    def account_for(self, interrupted: OperationSnapshot) -> Recovery:
        """What became of an interrupted operation of which `recover` had nothing to tell."""
        return account_for(self._context, interrupted)


@contextmanager
def _deleted_on_failure(context: VersionContext, store: Path) -> Iterator[None]:
    """What was put away is deleted at once: the disk may be full, and there is time in a thread."""
    try:
        yield
    except BaseException:
        _end_deletions(context, lambda: None)
        if not store.exists():
            context.sources.forget_worktrees([store / "source"])
        raise


def _end_deletions(context: VersionContext, check: Check) -> None:
    """What a crash or an error put away makes room."""
    try:
        context.trash.sweep(check=check)
    except StorageError as error:  # no reason not to install
        _log.warning("what lies half deleted in the trash stays: %s", error)


def _room_words(context: VersionContext, options: InstallOptions) -> str:
    needed = needed_bytes(context, options)
    require_free(context.paths.versions, needed, keep_free_bytes(context))
    free = free_bytes(context.paths.versions)
    return f"needs about {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB free"


def _find_source(
    context: VersionContext, reference: str, operation: Operation, check: Check
) -> ResolvedReference:
    def progress(done: int, total: int, words: str) -> None:
        if not operation.token.is_set():
            operation.advance(done, total, words or "fetching the history")

    if not context.sources.has_mirror() and not context.sources.is_reachable():
        raise RepositoryUnreachable(context.sources.url, detail="it gave no answer")
    return context.sources.find(reference, check, progress)
