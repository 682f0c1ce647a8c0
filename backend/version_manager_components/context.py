"""What the five mixins stand on: one frozen context of ports, and the only base class.

The Protocols annotate; nothing inherits them (a stub of a Protocol would answer None in silence).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from backend.config import PathsConfig, Settings
from backend.environments import ConstraintSet, EnvironmentWish
from backend.metadata_manager import ActiveVersion, InstalledVersion, VersionsOnRecord
from backend.operations.events import Event, EventData
from backend.operations.model import Owner
from backend.platform.git import OnProgress, ResolvedReference
from backend.platform.trash import TrashEntry, UnreadableEntry
from backend.platform.uv import Package, PackageSources
from backend.processes.endings import Ending
from backend.processes.instances import Instance, LaunchPlan, NoteProblem
from backend.processes.readiness import Watch

Check = Callable[[], None]


class VersionStore(Protocol):
    """All that is remembered about versions."""

    def versions(self) -> VersionsOnRecord: ...

    def version(self, tag: str) -> InstalledVersion | None: ...

    def put(self, version: InstalledVersion) -> None: ...

    def remove(self, tag: str) -> None: ...

    def active(self) -> ActiveVersion: ...

    def change_active(self, change: Callable[[ActiveVersion], ActiveVersion]) -> ActiveVersion: ...

    def environment_size(self, key: str) -> int | None: ...

    def remember_environment_size(self, key: str, size: int) -> None: ...


class Sources(Protocol):
    """Where the source of a version comes from."""

    @property
    def url(self) -> str: ...

    def resolve(self, reference: str) -> ResolvedReference | None: ...

    def find(
        self, reference: str, check: Check | None = None, on_progress: OnProgress | None = None
    ) -> ResolvedReference: ...

    def is_reachable(self) -> bool: ...

    def has_mirror(self) -> bool: ...

    def add_worktree(self, commit: str, path: Path, check: Check | None = None) -> None: ...

    def forget_worktrees(self, checkouts: Collection[Path]) -> None: ...


class ConstraintsPort(Protocol):
    """Which packages belong to a source."""

    def resolve(
        self, requirements: Path, wish: EnvironmentWish, check: Check | None = None
    ) -> ConstraintSet: ...


class EnvironmentsPort(Protocol):
    """Python environments on disk."""

    def make(self, venv: Path, python: str | None, check: Check | None = None) -> Path: ...

    def fill(
        self,
        tag: str,
        venv: Path,
        constraints: ConstraintSet,
        sources: PackageSources,
        *,
        check: Check | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> None: ...

    def packages(self, venv: Path) -> list[Package]: ...

    def problems(self, venv: Path) -> list[str]: ...


class ProcessesPort(Protocol):
    """ComfyUI processes."""

    def start(self, plan: LaunchPlan) -> Instance: ...

    def current(self, store: Path) -> Instance | None: ...

    def latest(self, store: Path) -> Instance | None: ...

    def users_of(self, store: Path) -> list[int]: ...

    def problems(self, store: Path) -> list[NoteProblem]: ...

    def stop(self, instance: Instance) -> Instance: ...

    def give_up(self, instance: Instance, cause: str, advice: str) -> None: ...

    def ending(self, instance: Instance) -> Ending: ...

    def await_ready(
        self,
        instance: Instance,
        *,
        timeout_seconds: float,
        watch: Watch,
        waited_seconds: float = 0.0,
    ) -> Instance: ...

    def adopt(self, instance: Instance, *, timeout_seconds: float) -> Instance: ...

    def choose_port(self, wanted: int | None, listen: str, after: int | None = None) -> int: ...


class PreparedStart(Protocol):
    """What a start is given."""

    @property
    def arguments(self) -> tuple[str, ...]: ...

    @property
    def model_count(self) -> int: ...


class RemovedView(Protocol):
    """What became of a view."""

    @property
    def links(self) -> int: ...

    @property
    def kept(self) -> tuple[Path, ...]: ...


class ResourcesPort(Protocol):
    """What all versions share."""

    def prepare(self, tag: str, store: Path) -> PreparedStart: ...

    def model_count(self) -> int: ...

    def view_links(self, tag: str) -> int: ...

    def remove_view(self, tag: str) -> RemovedView: ...


class TrashPort(Protocol):
    """Where removed installations wait."""

    def put(
        self, path: Path, *, reason: str, operation_id: str, size: int | None = None
    ) -> TrashEntry: ...

    def doom(self, path: Path) -> None: ...

    def doomed(self) -> list[Path]: ...

    def sweep(self, *, check: Check) -> int: ...

    def tidy(self) -> None: ...

    def entries(self) -> list[TrashEntry]: ...

    def unreadable(self) -> list[UnreadableEntry]: ...

    def note_look(
        self,
        entry_id: str,
        *,
        kept_since: datetime,
        seen_at: datetime,
        overdue_since: datetime | None,
    ) -> None: ...

    def payload(self, entry_id: str) -> Path: ...

    def restore(self, entry_id: str) -> Path: ...

    def empty(self, entry_ids: Collection[str] | None = None, *, check: Check) -> int: ...


class OperationsPort(Protocol):
    """Who is at work on something."""

    def is_running(self, operation_id: str) -> bool: ...

    def fell_short(self, operation_id: str) -> bool: ...

    def this_process(self) -> Owner: ...

    def lives(self, owner: Owner, operation_id: str) -> bool: ...


class EventsPort(Protocol):
    """Where changes are told."""

    def publish(self, data: EventData) -> Event: ...


@dataclass(frozen=True, slots=True)
class VersionContext:
    """Everything that a mixin may use. `lock` guards the commit points across processes."""

    paths: PathsConfig
    settings: Callable[[], Settings]
    store: VersionStore
    sources: Sources
    constraints: ConstraintsPort
    environments: EnvironmentsPort
    processes: ProcessesPort
    resources: ResourcesPort
    trash: TrashPort
    operations: OperationsPort
    events: EventsPort
    lock: AbstractContextManager[Any]
    environment: Callable[[], dict[str, str]]
    now: Callable[[], datetime]
    has_gpu: Callable[[], bool]


class VersionComponent(ABC):
    """The base of the mixins: a context, and nothing else. A mixin holds no attribute."""

    __slots__ = ()

    @property
    @abstractmethod
    def _context(self) -> VersionContext: ...
