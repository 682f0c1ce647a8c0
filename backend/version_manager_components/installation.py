"""Installing and removing versions.

An installation is built in its final place, `.store/<tag>-<operation>/`, from the first byte: an
environment holds absolute paths. `install.json` is written last and is the commit point; then come
the record and the link. Whatever lies in the store without it is unfinished and is cleared away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from backend.environments import EnvironmentWish, python_version_of
from backend.exceptions import (
    ComfyUILauncherError,
    ForeignFolder,
    InvalidValue,
    MetadataCorrupt,
    MetadataFromTheFuture,
    NetworkUnreachable,
    StorageError,
    VersionAlreadyInstalled,
    VersionInUse,
)
from backend.file_utils import (
    Corrupt,
    Value,
    atomic_write_bytes,
    atomic_write_json,
    free_bytes,
    read_json,
)
from backend.installation_progress_tracker import PackageProgress
from backend.logging_config import get_logger
from backend.metadata_manager import ActiveVersion, InstalledVersion, TorchChoice
from backend.operations.events import VersionsChanged
from backend.operations.operation import Operation
from backend.platform.disk import HEADROOM, physical_size, require_free
from backend.platform.git import ResolvedReference
from backend.platform.links import link_target, remove_link, replace_link
from backend.platform.trash import Marker, read_marker, write_marker
from backend.platform.uv import PackageSources
from backend.validators import validate_version_tag
from backend.version_manager_components.context import VersionComponent, VersionContext
from backend.version_manager_components.layout import (
    CONSTRAINTS,
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

SOURCE_BYTES: Final = 60_000_000
LABEL_LENGTH: Final = 60
# Unpacked environments of ComfyUI in late 2025, until one was measured on this machine.
ENVIRONMENT_BYTES: Final = {"cpu": 1_800_000_000, "gpu": 7_500_000_000}
_log = get_logger(__name__)


class InstallationMixin(VersionComponent):
    """Plans, installs, removes, takes back."""

    __slots__ = ()

    def plan_installation(self, options: InstallOptions) -> InstallationPlan:
        """What installing would need and whether that is there; changes nothing."""
        context = self._context
        found = context.sources.resolve(options.reference)
        known = found is not None and found.kind != "branch"
        tag = installation_name(found) if found else options.reference
        needed, free = _needed_bytes(context, options), free_bytes(context.paths.versions)
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
        with operation.step("prepare"):
            operation.advance(detail=_room_words(context, options))
        with operation.step("source"):
            found = _find_source(context, options.reference, operation)
            tag = installation_name(found)
            _refuse_taken(context, tag)
            store = context.paths.store / f"{tag}-{operation.id}"
        with _cleared_on_failure(context, store):
            version = _build(context, options, found, store, operation)
            with operation.step("commit"):
                _commit(context, version, store)
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

    def restore(self, entry_id: str) -> InstalledVersion:
        """A removed version, back in its place and listed. Raises: NotInTrash, ForeignFolder."""
        context = self._context
        with context.lock:
            entry = next((e for e in context.trash.entries() if e.id == entry_id), None)
            if entry is not None and context.store.version(entry.tag) is not None:
                raise VersionAlreadyInstalled(entry.tag)
            store = context.trash.restore(entry_id)
            record = read_json(store / INSTALL_RECORD, InstalledVersion)
            if not isinstance(record, Value):
                raise ForeignFolder(store)
            _list(context, record.value, store)
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
        for store in _unlisted(context.paths.store, listed):
            try:
                marker = read_marker(store)
                if marker is None or context.operations.is_running(marker.operation_id):
                    continue
                told.append(_settle(context, store, marker))
            except ComfyUILauncherError as error:  # one folder must not keep the app from starting
                told.append(f"{store.name}: it is left as it is. {error.message}")
        return told


def installation_name(found: ResolvedReference) -> str:
    """The name on disk: a tag as it is; what moves, or has no name that fits, with its commit."""
    if found.kind == "tag" and _is_name_on_disk(found.name):
        return found.name
    words = "commit" if found.kind == "commit" else found.name
    label = re.sub(r"[^A-Za-z0-9._+-]", "-", words)[:LABEL_LENGTH].lstrip(".-")
    name = f"{label}-{found.commit[:8]}"
    return name if _is_name_on_disk(name) else f"{found.kind}-{found.commit[:8]}"


def _is_name_on_disk(name: str) -> bool:
    try:
        return validate_version_tag(name) == name
    except InvalidValue:
        return False


def _room_words(context: VersionContext, options: InstallOptions) -> str:
    needed = _needed_bytes(context, options)
    require_free(context.paths.versions, needed)
    free = free_bytes(context.paths.versions)
    return f"needs about {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB free"


def _needed_bytes(context: VersionContext, options: InstallOptions) -> int:
    """What a new environment took here before, or what is known of such environments."""
    key = _size_key(context, options)
    measured = context.store.environment_size(key)
    if measured is None:
        measured = ENVIRONMENT_BYTES["cpu" if "cpu" in key else "gpu"]
    return measured + SOURCE_BYTES


def _size_key(context: VersionContext, options: InstallOptions) -> str:
    return options.torch_spec or options.torch_backend or context.settings().torch_backend


def _find_source(
    context: VersionContext, reference: str, operation: Operation
) -> ResolvedReference:
    def progress(done: int, total: int, words: str) -> None:
        if not operation.token.is_set():
            operation.advance(done, total, words or "fetching the history")

    if not context.sources.has_mirror() and not context.sources.is_reachable():
        raise NetworkUnreachable(context.sources.url)
    return context.sources.find(reference, operation.check, progress)


def _refuse_taken(context: VersionContext, tag: str) -> None:
    if context.store.version(tag) is not None:
        raise VersionAlreadyInstalled(tag)
    link = link_of(context.paths, tag)
    if link.exists() and not link.is_symlink():
        raise ForeignFolder(link)


def _build(
    context: VersionContext,
    options: InstallOptions,
    found: ResolvedReference,
    store: Path,
    operation: Operation,
) -> InstalledVersion:
    """Everything of the installation on disk, but nothing that refers to it."""
    tag, venv, sources = (
        installation_name(found),
        store / "venv",
        _package_sources(context, options),
    )
    _mark(context, store, tag, operation)
    context.sources.add_worktree(found.commit, store / "source", operation.check)
    with operation.step("environment"):
        python = context.environments.make(venv, options.python, operation.check)
    with operation.step("resolve"):
        wish = EnvironmentWish(
            tag=tag,
            python=python,
            python_version=python_version_of(venv),
            as_of=_as_of(context, options, found.committed_at),
            torch_spec=options.torch_spec,
            overrides=context.settings().package_overrides,
            sources=sources,
        )
        requirements = store / "source" / "requirements.txt"
        constraints = context.constraints.resolve(requirements, wish, operation.check)
        atomic_write_bytes(store / CONSTRAINTS, constraints.file.read_bytes())
    with operation.step("packages"):
        progress = PackageProgress(operation, len(constraints.packages))
        context.environments.fill(
            tag, venv, constraints, sources, check=operation.check, on_line=progress.line
        )
    with operation.step("verify"):
        packages = context.environments.packages(venv)
        size = physical_size(store, check=operation.check)
    torch = next((package.version for package in packages if package.name == "torch"), None)
    return InstalledVersion(
        tag=tag,
        reference=options.reference,
        kind=found.kind,
        commit=found.commit,
        released_at=found.committed_at,
        repository=context.sources.url,
        store=store.name,
        operation_id=operation.id,
        python=wish.python_version,
        torch=TorchChoice(
            backend=sources.torch_backend,
            spec=options.torch_spec,
            find_links=sources.find_links,
            version=torch,
        ),
        packages_as_of=wish.as_of,
        package_count=len(packages),
        installed_at=context.now(),
        own_bytes=size.unique,
        logical_bytes=size.logical,
    )


def _mark(context: VersionContext, store: Path, tag: str, operation: Operation) -> None:
    """Our marker is the first thing in the folder: what has it may be cleared away."""
    store.mkdir(parents=True)
    marker = Marker(operation_id=operation.id, tag=tag, created_at=context.now())
    try:
        write_marker(store, marker)
    except BaseException:
        store.rmdir()  # without it no one could say later that the folder is ours
        raise


def _package_sources(context: VersionContext, options: InstallOptions) -> PackageSources:
    settings = context.settings()
    backend = options.torch_backend or settings.torch_backend
    return PackageSources(
        index=settings.package_index,
        find_links=(*options.find_links, *settings.find_links),
        torch_backend=None if options.torch_spec else backend,
    )


def _as_of(context: VersionContext, options: InstallOptions, released: datetime) -> str | None:
    """The date that packages may not be newer than; None once it lies in the future."""
    settings = context.settings()
    if (options.packages_as_of or settings.packages_as_of) == "today":
        return None
    limit = released + timedelta(days=settings.grace_days)
    return None if limit > context.now() else limit.strftime("%Y-%m-%dT%H:%M:%SZ")


def _commit(context: VersionContext, version: InstalledVersion, store: Path) -> None:
    with context.lock:
        _refuse_taken(context, version.tag)
        atomic_write_json(store / INSTALL_RECORD, version)
        _list(context, version, store)
    key = version.torch.spec or version.torch.backend or "auto"
    try:
        context.store.remember_environment_size(key, version.logical_bytes)
    except StorageError as error:  # the version is installed; only the next estimate is rougher
        _log.warning("the size of %s could not be noted: %s", version.tag, error)


def _list(context: VersionContext, version: InstalledVersion, store: Path) -> None:
    context.store.put(version)
    replace_link(link_of(context.paths, version.tag), store)
    if context.store.active().active is None:
        context.store.change_active(
            lambda now: ActiveVersion(
                active=now.active or version.tag, default=now.default or version.tag
            )
        )
    context.events.publish(VersionsChanged(tag=version.tag))


@contextmanager
def _cleared_on_failure(context: VersionContext, store: Path) -> Iterator[None]:
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


def _clear(context: VersionContext, store: Path) -> None:
    """Unfinished work goes at once, without a stay in the trash: the disk may be full."""
    context.trash.discard(store)
    context.sources.forget_worktrees([store / "source"])


def _unlisted(folder: Path, listed: set[str]) -> list[Path]:
    if not folder.is_dir():
        return []
    return [
        entry
        for entry in sorted(folder.iterdir())
        if entry.is_dir() and not entry.is_symlink() and entry.name not in listed
    ]


def _settle(context: VersionContext, store: Path, marker: Marker) -> str:
    record = read_json(store / INSTALL_RECORD, InstalledVersion)
    with context.lock:
        if isinstance(record, Value):
            return _list_after_all(context, record.value, store)
        if isinstance(record, Corrupt):  # it was complete once: damage is no reason to delete it
            return f"{store.name}: it is left as it is, for {record.path} is damaged."
        _clear(context, store)
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
    if known is not None:
        return f"{store.name}: a second copy of {version.tag}; it is left alone."
    _list(context, version, store)
    return f"{version.tag}: the installation is complete and is listed again."


def _links_to(link: Path, store: Path) -> bool:
    return link_target(link) == store
