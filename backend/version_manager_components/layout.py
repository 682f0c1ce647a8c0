"""What several mixins need to say or ask about one installation."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from backend.config import PathsConfig
from backend.environments import interpreter_of
from backend.exceptions import InstallationDamaged, VersionNotInstalled
from backend.file_utils import storage_errors
from backend.metadata_manager import InstalledVersion
from backend.processes.instances import Instance
from backend.version_manager_components.context import VersionContext
from backend.version_manager_components.models import InstanceStatus

INSTALL_RECORD: Final = "install.json"
CONSTRAINTS: Final = "constraints.txt"


def store_of(paths: PathsConfig, version: InstalledVersion) -> Path:
    """The real folder of an installation. Processes start from here, never through the link."""
    return paths.store / version.store


def link_of(paths: PathsConfig, tag: str) -> Path:
    """`comfyui-versions/<tag>`: the name that people see."""
    return paths.versions / tag


def missing_parts(store: Path) -> tuple[str, ...]:
    """What an installation lacks on disk, in words; empty when it is whole.

    Raises: NotWritable where it may not be read.
    """
    parts = {
        "the folder": store,
        "source/main.py": store / "source" / "main.py",
        "the Python environment": interpreter_of(store / "venv"),
        INSTALL_RECORD: store / INSTALL_RECORD,
    }
    with storage_errors(store):
        if not store.is_dir():
            return (f"its folder {store}",)
        return tuple(words for words, path in parts.items() if not path.exists())


def installed(context: VersionContext, tag: str) -> InstalledVersion:
    """The record of an installed version. Raises: VersionNotInstalled, MetadataCorrupt."""
    version = context.store.version(tag)
    if version is None:
        raise VersionNotInstalled(tag, installed=sorted(context.store.versions().versions))
    return version


def whole(context: VersionContext, tag: str) -> tuple[InstalledVersion, Path]:
    """The record and the folder of a version that is complete on disk.

    Raises: VersionNotInstalled, InstallationDamaged, MetadataCorrupt, NotWritable.
    """
    version = installed(context, tag)
    store = store_of(context.paths, version)
    if missing := missing_parts(store):
        raise InstallationDamaged(tag, missing=missing)
    return version, store


def constraints_of(tag: str, store: Path) -> Path:
    """The constraint set of a version. Raises: InstallationDamaged when it is gone."""
    file = store / CONSTRAINTS
    if not file.is_file():
        raise InstallationDamaged(tag, missing=(CONSTRAINTS,))
    return file


def instance_status(instance: Instance) -> InstanceStatus:
    """An instance in the words of the API."""
    return InstanceStatus(
        tag=instance.launch.tag,
        state="running" if instance.ready else "starting",
        url=instance.launch.url,
        port=instance.launch.port,
        pid=instance.pid,
        started_at=instance.launch.started_at,
        ready_seconds=instance.ready.seconds if instance.ready else None,
        supervised=instance.state != "orphaned",
        log_file=str(instance.log_file),
    )
