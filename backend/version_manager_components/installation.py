"""Installing and removing versions.

An installation is built in its final place, `.store/<tag>-<operation>/`, from the first byte: an
environment holds absolute paths. `install.json` is written last and is the commit point; then come
the record and the link. Whatever lies in the store without it is unfinished and is cleared away.
"""

from __future__ import annotations

from pathlib import Path

from backend.exceptions import (
    ComfyUILauncherError,
    NotInTrash,
    RepositoryUnreachable,
    VersionAlreadyInstalled,
    VersionInUse,
)
from backend.file_utils import (
    Value,
    free_bytes,
    read_json,
)
from backend.metadata_manager import InstalledVersion
from backend.operations.events import VersionsChanged
from backend.operations.operation import Operation
from backend.platform.disk import HEADROOM, require_free
from backend.platform.git import ResolvedReference
from backend.platform.links import link_target, remove_link
from backend.platform.trash import TrashEntry, read_marker
from backend.version_manager_components.building import build, installation_name
from backend.version_manager_components.commit_point import (
    clear_stillborn,
    cleared_on_failure,
    commit,
    enlist,
    refuse_taken,
    settle,
    unlisted,
)
from backend.version_manager_components.context import VersionComponent, VersionContext
from backend.version_manager_components.estimate import completed, needed_bytes
from backend.version_manager_components.layout import (
    INSTALL_RECORD,
    installed,
    link_of,
    store_of,
)
from backend.version_manager_components.models import (
    FreedSpace,
    InstallationPlan,
    InstallOptions,
    TrashedVersion,
    TrashList,
)


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
            enough_room=free >= needed * HEADROOM,
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
            operation.advance(detail=_room_words(context, options))
        with operation.step("source"):
            found = _find_source(context, options.reference, operation)
            tag = installation_name(found)
            refuse_taken(context, tag)
            store = context.paths.store / f"{tag}-{operation.id}"
        with cleared_on_failure(context, store):
            version = build(context, options, found, store, operation)
            with operation.step("commit"):
                commit(context, version, store)
        return version

    def uninstall(self, tag: str, operation: Operation) -> TrashedVersion:
        """The version is in the trash and no longer listed; `restore` takes it back.

        Models, outputs and user data lie elsewhere and stay. Raises: VersionNotInstalled,
        VersionInUse, ForeignFolder.
        """
        context = self._context
        with operation.step("trash"), context.lock:
            version = installed(context, tag)
            store = store_of(context.paths, version)
            if context.processes.current(store) is not None:
                raise VersionInUse(tag)
            entry = None
            if store.is_dir():
                entry = context.trash.put(store, reason="removed", operation_id=operation.id)
            if _links_to(link_of(context.paths, tag), store):
                remove_link(link_of(context.paths, tag))
            context.store.remove(tag)
        context.events.publish(VersionsChanged(tag=tag))
        return TrashedVersion(
            entry=entry.id if entry else "",
            tag=tag,
            reason="removed" if entry else "its folder was gone already",
            trashed_at=entry.trashed_at if entry else context.now(),
        )

    def trash(self) -> TrashList:
        """What can be taken back."""
        return TrashList(
            entries=tuple(
                TrashedVersion(
                    entry=entry.id, tag=entry.tag, reason=entry.reason, trashed_at=entry.trashed_at
                )
                for entry in self._context.trash.entries()
            )
        )

    def restore(self, name: str) -> InstalledVersion:
        """A removed version, back in its place and listed.

        `name` is an entry, or the tag of one (the one removed last).
        Raises: NotInTrash (and leaves it there), VersionAlreadyInstalled.
        """
        context = self._context
        with context.lock:
            entry = _entry(context.trash.entries(), name)
            if context.store.version(entry.tag) is not None:
                raise VersionAlreadyInstalled(entry.tag)
            record = read_json(context.trash.payload(entry.id) / INSTALL_RECORD, InstalledVersion)
            if not isinstance(record, Value):
                raise NotInTrash(name, reason=f"its {INSTALL_RECORD} is missing or damaged")
            enlist(context, record.value, context.trash.restore(entry.id))
        return record.value

    def empty_trash(self, operation: Operation) -> FreedSpace:
        """The trash is empty for good; git's notes about its checkouts are dropped too."""
        context = self._context
        with operation.step("delete"):
            entries = context.trash.entries()
            freed = context.trash.empty(check=operation.check)
            context.sources.forget_worktrees([entry.original / "source" for entry in entries])
        return FreedSpace(bytes=freed, entries=len(entries))

    def recover(self) -> list[str]:
        """Ends what a crash left half done, and says so; called before anything is listed.

        A store with its commit point is listed after all; one without it goes to the trash.
        Folders without our marker, those of operations still at work, and what cannot be read
        are not touched.
        """
        context = self._context
        listed = {version.store for version in context.store.versions().versions.values()}
        told: list[str] = []
        for store in unlisted(context.paths.store, listed):
            try:
                marker = read_marker(store)
                if marker is None:
                    clear_stillborn(context, store)
                    continue
                if context.operations.is_running(marker.operation_id):
                    continue
                told.append(settle(context, store, marker))
            except ComfyUILauncherError as error:  # one folder must not keep the app from starting
                told.append(f"{store.name}: it is left as it is. {error.message}")
        return told


def _room_words(context: VersionContext, options: InstallOptions) -> str:
    needed = needed_bytes(context, options)
    require_free(context.paths.versions, needed)
    free = free_bytes(context.paths.versions)
    return f"needs about {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB free"


def _entry(entries: list[TrashEntry], name: str) -> TrashEntry:
    """By id, or the latest of that tag. Raises: NotInTrash."""
    found = [entry for entry in entries if name in {entry.id, entry.tag}]
    if not found:
        raise NotInTrash(name, reason="there is no such entry")
    return found[0]


def _find_source(
    context: VersionContext, reference: str, operation: Operation
) -> ResolvedReference:
    def progress(done: int, total: int, words: str) -> None:
        if not operation.token.is_set():
            operation.advance(done, total, words or "fetching the history")

    if not context.sources.has_mirror() and not context.sources.is_reachable():
        raise RepositoryUnreachable(context.sources.url, detail="it gave no answer")
    return context.sources.find(reference, operation.check, progress)


def _links_to(link: Path, store: Path) -> bool:
    return link_target(link) == store
