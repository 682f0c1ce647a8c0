"""What the version manager is asked and what it answers. Sizes in bytes, times in seconds."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from backend.config import TORCH_BACKENDS
from backend.metadata_manager import TorchChoice
from backend.operations.model import Frozen

Reference = Annotated[
    str, Field(min_length=1, max_length=200, description="A tag, a branch or a commit.")
]
# What can be handed to a program: no NUL, and nothing that is no text.
Text = Annotated[str, Field(max_length=4096, pattern=r"^[^\x00]*$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Tag = Annotated[str, Field(min_length=1, max_length=200, description="An installed version.")]


class InstallOptions(Frozen):
    """What to install and how. What is left out comes from the settings."""

    reference: Reference
    python: Text | None = Field(None, description="Version or path; default: the launcher's own.")
    torch_backend: str | None = Field(
        None,
        pattern=TORCH_BACKENDS,
        description="Build of torch: auto, cpu, cu130 ... Not with `torch_spec`.",
    )
    torch_spec: str | None = Field(
        None, description="Exact requirement for torch, for example `torch==2.13.0+cpu`."
    )
    find_links: tuple[Text, ...] = Field((), description="More places with wheels.")
    packages_as_of: Literal["release", "today"] | None = Field(
        None, description="Packages as at the release, or the newest."
    )


class InstallationPlan(Frozen):
    """What an installation would do, before it does it."""

    tag: str
    reference: str
    commit: str | None = Field(description="None until the repository was fetched once.")
    needed_bytes: int
    free_bytes: int
    enough_room: bool
    network_needed: bool
    network_reachable: bool | None = Field(description="None when it is not needed.")
    already_installed: bool
    summary: str


class LaunchOptions(Frozen):
    """How to launch. `arguments` go to ComfyUI as they are."""

    port: int | None = Field(None, ge=1024, le=65535, description="Default: the next free one.")
    listen: str = Field("127.0.0.1", pattern=r"^[0-9a-fA-F.:,]+$", description="Address.")
    cpu: bool | None = Field(
        None,
        description="Run without a GPU, or with one. Default: without where torch or this machine "
        "has none.",
    )
    arguments: tuple[Text, ...] = Field((), max_length=100)
    environment: dict[VariableName, Text] = Field(default_factory=dict)
    ready_timeout_seconds: float | None = Field(None, ge=1, le=7200)


class VersionState(StrEnum):
    """What a version is doing."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    DAMAGED = "damaged"


class InstanceStatus(Frozen):
    """A ComfyUI process of a version. `supervised`: false once its supervisor was killed."""

    tag: str
    state: Literal["starting", "running"]
    url: str
    port: int
    pid: int | None
    started_at: datetime
    ready_seconds: float | None
    supervised: bool
    log_file: str


class StoppedInstance(Frozen):
    """A ComfyUI that was ended. `words`: how it ended."""

    tag: str
    url: str
    words: str
    seconds: float


class LaunchResult(Frozen):
    """A ComfyUI that answers. `model_count` 0 means: it runs, but can make nothing yet."""

    instance: InstanceStatus
    model_count: int
    advice: str | None


class LastExit(Frozen):
    """How the last run of a version ended. `cause` and `advice`: when nobody asked it to end."""

    words: str
    at: datetime | None
    on_request: bool
    cause: str | None = None
    advice: str | None = None


class VersionStatus(Frozen):
    """An installed version as it stands now."""

    tag: str
    state: VersionState
    is_active: bool
    is_default: bool
    reference: str
    kind: Literal["tag", "branch", "commit"]
    commit: str
    released_at: datetime
    installed_at: datetime
    last_launched_at: datetime | None
    python: str
    torch: TorchChoice
    packages_as_of: str | None
    package_count: int
    own_bytes: int
    logical_bytes: int
    path: str
    missing: tuple[str, ...] = ()
    instance: InstanceStatus | None = None
    last_exit: LastExit | None = None


class StateProblem(Frozen):
    """A state file that could not be read as it should."""

    path: str
    reason: str
    recovered: bool


class VersionList(Frozen):
    """Every installed version, and what is wrong with the records of them."""

    versions: tuple[VersionStatus, ...]
    active: str | None
    default: str | None
    problems: tuple[StateProblem, ...] = ()


class InstalledPackage(Frozen):
    """A Python package in the environment of a version."""

    name: str
    version: str


class EnvironmentReport(Frozen):
    """Whether the environment of a version is what it should be."""

    tag: str
    python: str
    packages: tuple[InstalledPackage, ...]
    problems: tuple[str, ...]
    missing: tuple[str, ...] = Field(description="In the constraint set, not in the environment.")
    changed: tuple[str, ...] = Field(description="There in another version than was installed.")
    sound: bool


class ConstraintReport(Frozen):
    """The packages that a version was made with, and what holds them in place."""

    tag: str
    packages_as_of: str | None
    protected: tuple[str, ...]
    overrides: tuple[str, ...]
    packages: tuple[str, ...]


class DeletionPlan(Frozen):
    """What deleting would do to the disk: looked at file by file, before anything is done.

    `frees_bytes` comes back to the disk; `shared_bytes` stays, because other installations or the
    cache have the same files. `links` are unlinked; what they lead to stays. `outside_bytes` is
    what would be deleted elsewhere. `in_the_way`: why it cannot be done now (something is mounted
    inside).
    """

    frees_bytes: int
    shared_bytes: int
    files: int
    links: int
    outside_bytes: int
    in_the_way: tuple[str, ...] = ()
    summary: str


class RemovalPlan(DeletionPlan):
    """What uninstalling would do. The version goes to the trash first, for `kept_days` (0: until
    the trash is emptied), and frees nothing before that."""

    tag: str
    path: str
    running: bool
    kept_days: int


class EmptyingPlan(DeletionPlan):
    """What emptying the trash would do to these entries."""

    entries: tuple[str, ...]


class TrashedVersion(Frozen):
    """A removed version that can be taken back until `expires_at` (null: until it is emptied).

    `bytes` null: the version was removed before the launcher measured that.
    """

    entry: str
    tag: str
    reason: str
    trashed_at: datetime
    expires_at: datetime | None
    path: str
    bytes: int | None


class TrashList(Frozen):
    """What lies in the trash, the latest first, and for how many days (0: until it is emptied)."""

    entries: tuple[TrashedVersion, ...]
    kept_days: int
    problems: tuple[StateProblem, ...] = ()


class FreedSpace(Frozen):
    """What emptying the trash freed."""

    bytes: int
    entries: int


class LogLines(Frozen):
    """A piece of a log. Ask again with `after` set to `next` for what comes then."""

    tag: str
    lines: tuple[str, ...]
    next: int
    file: str
