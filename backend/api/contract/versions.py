"""Requests and results of the area `versions`."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from backend.api.contract.common import Empty, Request
from backend.github_integration import Release
from backend.operations.model import Failure, Frozen, OperationRef
from backend.version_manager_components.models import (
    ConstraintReport,
    EmptyingPlan,
    EnvironmentReport,
    InstallationPlan,
    InstallOptions,
    LaunchOptions,
    LogLines,
    RemovalPlan,
    Tag,
    TrashList,
    VersionList,
    VersionStatus,
)

MOST_ENTRIES = 1000

__all__ = [
    "ActivateVersion",
    "CheckVersion",
    "ConstraintReport",
    "Empty",
    "EmptyTrash",
    "EmptyingPlan",
    "EnvironmentReport",
    "InstallOptions",
    "InstallationPlan",
    "LaunchVersion",
    "LogLines",
    "OperationRef",
    "ReadLog",
    "ReleaseListing",
    "RemovalPlan",
    "RestoreVersion",
    "SetDefault",
    "StopVersion",
    "TrashList",
    "UninstallVersion",
    "VersionList",
    "VersionNamed",
    "VersionStatus",
]


class ReleaseListing(Frozen):
    """What can be installed, as far as is known. `stale`: older than an hour.

    `fetched_at` null: nothing is known yet. `refreshing`: the operation that asks the repository
    now; read the list again when it has ended. `problem`: why the last question had no answer.
    """

    repository: str
    fetched_at: datetime | None
    stale: bool
    refreshing: str | None
    problem: Failure | None
    notes_problem: str | None
    releases: tuple[Release, ...]
    branches: tuple[str, ...]


class VersionNamed(Request):
    """A version; the active one when none is named."""

    tag: Tag | None = None


class ActivateVersion(Request):
    tag: Tag


class SetDefault(Request):
    """`tag` null: no default."""

    tag: Tag | None


class UninstallVersion(Request):
    tag: Tag


class LaunchVersion(LaunchOptions):
    """Launches a version; the active one when none is named."""

    tag: Tag | None = None


class StopVersion(VersionNamed):
    """Stops a version, or the start of it that is under way."""


class CheckVersion(VersionNamed):
    """Looks at the environment of a version."""


class ReadLog(VersionNamed):
    """The last `limit` lines behind `after`: the `next` of the answer before."""

    after: int = Field(0, ge=0, description="A position in the log, in bytes.")
    limit: int = Field(200, ge=1, le=2000)


class RestoreVersion(Request):
    entry: str = Field(min_length=1, max_length=200, description="From the list of the trash.")


class EmptyTrash(Request):
    """`entries` null: everything in the trash."""

    entries: tuple[str, ...] | None = Field(
        None, min_length=1, max_length=MOST_ENTRIES, description="From the list of the trash."
    )
