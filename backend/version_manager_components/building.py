"""Making an installation, in its final place: source, environment, packages."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from backend.environments import (
    ConstraintSet,
    EnvironmentWish,
    normalised,
    python_version_of,
)
from backend.exceptions import DependencyInstallFailed, InvalidValue
from backend.file_utils import atomic_write_bytes
from backend.installation_progress_tracker import PackageProgress
from backend.metadata_manager import InstalledVersion, TorchChoice
from backend.operations.operation import Operation
from backend.platform.disk import physical_size
from backend.platform.git import ResolvedReference
from backend.platform.trash import Marker, write_marker
from backend.platform.uv import PackageSources
from backend.validators import validate_version_tag
from backend.version_manager_components.context import Check, VersionContext
from backend.version_manager_components.layout import CONSTRAINTS
from backend.version_manager_components.models import InstallOptions

LABEL_LENGTH: Final = 60


def installation_name(found: ResolvedReference) -> str:
    """The name on disk: a tag as it is; what moves, or has no name that fits, with its commit."""
    if found.kind == "tag" and _is_name_on_disk(found.name):
        return found.name
    words = "commit" if found.kind == "commit" else found.name
    label = re.sub(r"[^A-Za-z0-9._+-]", "-", words)[:LABEL_LENGTH].lstrip(".-")
    name = f"{label}-{found.commit[:8]}"
    return name if _is_name_on_disk(name) else f"{found.kind}-{found.commit[:8]}"


def build(
    context: VersionContext,
    options: InstallOptions,
    found: ResolvedReference,
    store: Path,
    operation: Operation,
    check: Check,
) -> InstalledVersion:
    """Everything of the installation on disk, but nothing that refers to it; its record to be.

    `check` ends the work by raising, in the midst of a step too.
    """
    tag, venv = installation_name(found), store / "venv"
    sources = _package_sources(context, options)
    _mark(context, store, tag, operation)
    context.sources.add_worktree(found.commit, store / "source", check)
    with operation.step("environment"):
        python = context.environments.make(venv, options.python, check)
    wish = EnvironmentWish(
        tag=tag,
        python=python,
        python_version=python_version_of(venv),
        as_of=_as_of(context, options, found.committed_at),
        torch_spec=options.torch_spec,
        overrides=context.settings().package_overrides,
        sources=sources,
    )
    with operation.step("resolve"):
        requirements = store / "source" / "requirements.txt"
        constraints = context.constraints.resolve(requirements, wish, check)
        atomic_write_bytes(store / CONSTRAINTS, constraints.file.read_bytes())
    with operation.step("packages"):
        tell = PackageProgress(operation, len(constraints.packages)).line
        context.environments.fill(tag, venv, constraints, sources, check=check, on_line=tell)
    with operation.step("verify"):
        return _record(context, found, store, wish, constraints, operation)


def _record(
    context: VersionContext,
    found: ResolvedReference,
    store: Path,
    wish: EnvironmentWish,
    constraints: ConstraintSet,
    operation: Operation,
) -> InstalledVersion:
    """What was really built: the packages and sizes are looked at, not taken for granted."""
    packages = context.environments.packages(store / "venv")
    there = {normalised(package.name): package.version for package in packages}
    if missing := sorted(set(constraints.pins) - set(there)):
        raise DependencyInstallFailed(wish.tag, detail=f"not there: {', '.join(missing)}")
    size = physical_size(store, check=operation.check)
    return InstalledVersion(
        tag=wish.tag,
        reference=found.name,
        kind=found.kind,
        commit=found.commit,
        released_at=found.committed_at,
        repository=context.sources.url,
        store=store.name,
        operation_id=operation.id,
        python=wish.python_version,
        torch=TorchChoice(
            backend=wish.sources.torch_backend,
            spec=wish.torch_spec,
            find_links=wish.sources.find_links,
            version=there.get("torch"),
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


def _is_name_on_disk(name: str) -> bool:
    try:
        return validate_version_tag(name) == name
    except InvalidValue:
        return False
