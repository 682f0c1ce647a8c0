"""Fakes of the ports that the version manager and the operations stand on.

What is cheap and is ours stands in them as it is: the metadata files, the trash, the locks and the
links are real ones in a folder of the test. Only git, uv, ComfyUI and time are played.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from backend.config import PathsConfig, Settings
from backend.environments import ConstraintSet, EnvironmentWish
from backend.exceptions import NotWritable, StartFailed
from backend.file_utils import atomic_write_json
from backend.metadata_manager import InstalledVersion, MetadataManager, TorchChoice
from backend.operations.cancellation import CancelToken
from backend.operations.events import Event, EventData, EventStream
from backend.operations.journal import OperationJournal
from backend.operations.model import OperationSnapshot, OperationState, Owner
from backend.operations.operation import Operation, Step
from backend.platform.git import OnProgress, ResolvedReference
from backend.platform.locks import FileLock
from backend.platform.trash import Marker, Trash, write_marker
from backend.platform.uv import Package, PackageSources
from backend.processes.endings import Ending
from backend.processes.instances import (
    Instance,
    LaunchPlan,
    LaunchRecord,
    NoteProblem,
    ProcessRecord,
    ReadyRecord,
)
from backend.processes.readiness import Watch
from backend.resources.views import RemovedView
from backend.version_manager_components.context import (
    ResourcesPort,
    TrashPort,
    VersionContext,
    VersionStore,
)
from backend.version_manager_components.layout import CONSTRAINTS, INSTALL_RECORD, link_of

Check = Callable[[], None]
Hook = Callable[[], object]

NOW: Final = datetime(2025, 11, 1, 12, tzinfo=UTC)
RELEASED: Final = datetime(2025, 10, 8, 6, 1, 17, tzinfo=UTC)
COMMIT: Final = "4f5812b93712e0f52ae8fe80a89e8b5e7d0fa309"
PINS: Final = "torch==2.9.0+cpu\nnumpy==2.3.4\n"
A_READY: Final = ReadyRecord(ready_at=NOW + timedelta(seconds=4), seconds=4.0)
PACKAGES: Final = (Package("torch", "2.9.0+cpu"), Package("numpy", "2.3.4"))


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class FakeSources:
    """Git: every reference it knows resolves; a checkout is a folder with two files."""

    url: str = "https://example.org/ComfyUI"
    known: dict[str, ResolvedReference] = field(default_factory=dict)
    mirrored: bool = True
    reachable: bool = True
    forgotten: list[Path] = field(default_factory=list)
    on_find: Hook | None = None
    on_checkout: Hook | None = None

    def resolve(self, reference: str) -> ResolvedReference | None:
        return self.known.get(reference)

    def find(
        self, reference: str, check: Check | None = None, on_progress: OnProgress | None = None
    ) -> ResolvedReference:
        _do(self.on_find)
        if on_progress is not None:
            on_progress(1, 2, "")
        return self.known[reference]

    def is_reachable(self) -> bool:
        return self.reachable

    def has_mirror(self) -> bool:
        return self.mirrored

    def add_worktree(self, commit: str, path: Path, check: Check | None = None) -> None:
        path.mkdir()
        (path / "main.py").write_text(f"# {commit}\n")
        _do(self.on_checkout)
        (path / "requirements.txt").write_text("torch\nnumpy\n")

    def forget_worktrees(self, checkouts: Collection[Path]) -> None:
        self.forgotten += checkouts


@dataclass
class FakeConstraints:
    """Resolves everything to the same pins."""

    folder: Path
    pins: str = PINS
    wishes: list[EnvironmentWish] = field(default_factory=list)
    on_resolve: Hook | None = None

    def resolve(
        self, requirements: Path, wish: EnvironmentWish, check: Check | None = None
    ) -> ConstraintSet:
        assert requirements.is_file()
        self.wishes.append(wish)
        _do(self.on_resolve)
        file = self.folder / "constraints-of-everything.txt"
        file.write_text(self.pins)
        return ConstraintSet(file)


@dataclass
class FakeEnvironments:
    """An environment is a folder with a file where the interpreter would be."""

    installed: Sequence[Package] = PACKAGES
    complaints: list[str] = field(default_factory=list)
    sources: list[PackageSources] = field(default_factory=list)
    on_make: Hook | None = None
    on_fill: Hook | None = None
    on_look: Hook | None = None

    def make(self, venv: Path, python: str | None, check: Check | None = None) -> Path:
        interpreter = venv / "bin" / "python"
        interpreter.parent.mkdir(parents=True)
        interpreter.touch()
        _do(self.on_make)
        (venv / "pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.11.7\n")
        return interpreter

    def fill(
        self,
        tag: str,
        venv: Path,
        constraints: ConstraintSet,
        sources: PackageSources,
        *,
        check: Check | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        self.sources.append(sources)
        (venv / "half-a-package").write_text("x" * 1000)
        if on_line is not None:
            on_line("Downloading torch (180.1MiB)")
        _do(self.on_fill)

    def packages(self, venv: Path) -> list[Package]:
        _do(self.on_look)
        return list(self.installed)

    def problems(self, venv: Path) -> list[str]:
        return self.complaints


class FakeProcesses:
    """ComfyUIs that are rows in a dictionary, one for each store."""

    def __init__(self) -> None:
        self.instances: dict[Path, Instance] = {}
        self.users: dict[Path, list[int]] = {}
        self.damaged: dict[Path, list[NoteProblem]] = {}
        self.unreadable: set[Path] = set()
        self.answers = True
        self.probes: list[float] = []
        self.waits: list[tuple[float, float]] = []
        self.adopt_fault: Exception | None = None
        self.plans: list[LaunchPlan] = []
        self.stopped: list[str] = []
        self.given_up: list[str] = []
        self.endings: dict[Path, Ending] = {}
        self.ready_fault: Exception | None = None
        self.stop_fault: Exception | None = None
        self.on_start: Hook | None = None
        self.on_wait: Callable[[Watch], object] | None = None
        self.port = 8188

    def start(self, plan: LaunchPlan) -> Instance:
        self.plans.append(plan)
        started = an_instance(plan.store, tag=plan.tag, port=plan.port)
        self.instances[plan.store] = started
        _do(self.on_start)
        return started

    def current(self, store: Path) -> Instance | None:
        found = self.latest(store)
        return found if found is not None and found.lives else None

    def latest(self, store: Path) -> Instance | None:
        if store in self.unreadable:
            raise NotWritable(store, reason="Permission denied")
        return self.instances.get(store)

    def users_of(self, store: Path) -> list[int]:
        return self.users.get(store, [])

    def problems(self, store: Path) -> list[NoteProblem]:
        return self.damaged.get(store, [])

    def adopt(self, instance: Instance, *, timeout_seconds: float) -> Instance:
        self.probes.append(timeout_seconds)
        if self.adopt_fault is not None:
            raise self.adopt_fault
        return replace(instance, ready=A_READY) if self.answers else instance

    def stop(self, instance: Instance) -> Instance:
        if self.stop_fault:
            raise self.stop_fault
        self.stopped.append(instance.launch.tag)
        ended = an_instance(instance.folder.parent.parent, instance.launch.tag, alive=False)
        self.instances[instance.folder.parent.parent] = ended
        return ended

    def give_up(self, instance: Instance, cause: str, advice: str) -> None:
        self.given_up.append(cause)
        self.stop(instance)

    def ending(self, instance: Instance) -> Ending:
        process = instance.process
        return self.endings.get(instance.folder) or Ending(bool(process and process.stop_requested))

    def await_ready(
        self,
        instance: Instance,
        *,
        timeout_seconds: float,
        watch: Watch,
        waited_seconds: float = 0.0,
    ) -> Instance:
        self.waits.append((timeout_seconds, waited_seconds))
        watch.line("Starting server")
        if self.on_wait is not None:
            self.on_wait(watch)
        if self.ready_fault is not None:
            raise self.ready_fault
        store = instance.folder.parent.parent
        self.instances[store] = an_instance(
            store, instance.launch.tag, port=instance.launch.port, ready=True
        )
        return self.instances[store]

    def choose_port(self, wanted: int | None, listen: str, after: int | None = None) -> int:
        return wanted or self.port


@dataclass(frozen=True)
class FakePreparedStart:
    arguments: tuple[str, ...] = ("--output-directory", "/shared/output")
    model_count: int = 3


@dataclass
class FakeResources:
    """Prepares nothing and says so."""

    prepared: FakePreparedStart = field(default_factory=FakePreparedStart)
    fault: Exception | None = None
    removed: list[str] = field(default_factory=list)
    links: int = 0

    def prepare(self, tag: str, store: Path) -> FakePreparedStart:
        if self.fault is not None:
            raise self.fault
        return self.prepared

    def model_count(self) -> int:
        return self.prepared.model_count

    def view_links(self, tag: str) -> int:
        return self.links

    def remove_view(self, tag: str) -> RemovedView:
        self.removed.append(tag)
        return RemovedView(links=self.links, kept=())


@dataclass
class FakeOperations:
    """Knows which operations and processes are at work: those it is told."""

    running: set[str] = field(default_factory=set)
    short: set[str] = field(default_factory=set)
    living: set[Owner] = field(default_factory=set)

    def is_running(self, operation_id: str) -> bool:
        return operation_id in self.running

    def fell_short(self, operation_id: str) -> bool:
        return operation_id in self.short

    def this_process(self) -> Owner:
        return Owner(pid=2, created="0.0")

    def lives(self, owner: Owner, operation_id: str) -> bool:
        return owner in self.living


class RecordedEvents:
    """An event stream that also keeps a list."""

    def __init__(self) -> None:
        self.stream = EventStream()
        self.seen: list[EventData] = []

    def publish(self, data: EventData) -> Event:
        self.seen.append(data)
        return self.stream.publish(data)

    def of_type(self, kind: str) -> list[EventData]:
        return [data for data in self.seen if data.type == kind]


class World:
    """One root with every port in place; `context` is what a mixin gets."""

    def __init__(self, root: Path) -> None:
        self.paths = PathsConfig(root)
        for folder in self.paths.folders():
            folder.mkdir(parents=True, exist_ok=True)
        self.lock = FileLock(self.paths.data / ".lock")
        self.store = MetadataManager(self.paths.data, lock=self.lock)
        self.settings = Settings()
        self.sources = FakeSources()
        self.constraints = FakeConstraints(self.paths.cache)
        self.environments = FakeEnvironments()
        self.processes = FakeProcesses()
        self.resources: ResourcesPort = FakeResources()
        self.trash = Trash(self.paths.trash)
        self.operations = FakeOperations()
        self.events = RecordedEvents()
        self.now = NOW
        self.has_gpu = False
        self.journal = OperationJournal(self.paths.operations)
        self.offer("v0.3.64")
        for key in ("auto", "cpu"):
            self.store.remember_environment_size(key, 1000)

    def offer(
        self,
        name: str,
        *,
        kind: Any = "tag",
        commit: str = COMMIT,
        committed_at: datetime = RELEASED,
    ) -> None:
        """From now on the repository knows `name`."""
        self.sources.known[name] = ResolvedReference(kind, name, commit, committed_at)

    def context(
        self, *, store: VersionStore | None = None, trash: TrashPort | None = None
    ) -> VersionContext:
        return VersionContext(
            paths=self.paths,
            settings=lambda: self.settings,
            store=store or self.store,
            sources=self.sources,
            constraints=self.constraints,
            environments=self.environments,
            processes=self.processes,
            resources=self.resources,
            trash=trash or self.trash,
            operations=self.operations,
            events=self.events,
            lock=self.lock,
            environment=lambda: {"PATH": "/usr/bin"},
            now=lambda: self.now,
            has_gpu=lambda: self.has_gpu,
        )

    def operation(
        self, steps: Iterable[Step] = (), *, operation_id: str = "20251101120000-aaaaaa"
    ) -> Operation:
        """A running operation whose journal is real."""
        return an_operation(self.journal, self.events.stream, steps, operation_id=operation_id)

    def installed(
        self,
        tag: str,
        *,
        operation_id: str = "20251001120000-bbbbbb",
        active: bool = False,
        listed: bool = True,
        complete: bool = True,
        **changes: Any,
    ) -> Path:
        """The store of a version that looks as if it had been installed."""
        store = self.paths.store / f"{tag}-{operation_id}"
        (store / "source").mkdir(parents=True)
        write_marker(store, Marker(operation_id=operation_id, tag=tag, created_at=NOW))
        (store / "source" / "main.py").write_text("print('ComfyUI')\n")
        (store / "venv" / "bin").mkdir(parents=True)
        (store / "venv" / "bin" / "python").touch()
        (store / CONSTRAINTS).write_text(PINS)
        version = a_version(tag, store=store.name, operation_id=operation_id, **changes)
        if complete:
            atomic_write_json(store / INSTALL_RECORD, version)
        if listed:
            self.store.put(version)
            link_of(self.paths, tag).symlink_to(store)
        if active:
            self.store.change_active(lambda now: now.model_copy(update={"active": tag}))
        return store


def a_version(tag: str, **changes: Any) -> InstalledVersion:
    """The record of an installation."""
    facts: dict[str, Any] = {
        "tag": tag,
        "reference": tag,
        "kind": "tag",
        "commit": COMMIT,
        "released_at": RELEASED,
        "repository": "https://example.org/ComfyUI",
        "store": f"{tag}-20251001120000-bbbbbb",
        "operation_id": "20251001120000-bbbbbb",
        "python": "3.11.7",
        "torch": TorchChoice(backend="cpu", version="2.9.0+cpu"),
        "packages_as_of": "2025-10-15T06:01:17Z",
        "package_count": 2,
        "installed_at": NOW,
        "own_bytes": 1000,
        "logical_bytes": 2000,
    }
    return InstalledVersion(**(facts | changes))


def an_instance(
    store: Path,
    tag: str = "v0.3.64",
    *,
    port: int = 8188,
    ready: bool = False,
    alive: bool = True,
    log: Path | None = None,
) -> Instance:
    """An instance as the supervisor's files would tell of it."""
    launch = LaunchRecord(
        id="20251101120000-cccccc",
        tag=tag,
        command=("python", "main.py"),
        cwd=str(store / "source"),
        log=str(log or store / "comfyui.log"),
        grace_seconds=1,
        port=port,
        listen="127.0.0.1",
        token="0" * 32,
        started_at=NOW,
    )
    process = ProcessRecord(supervisor_pid=2, state="running", pid=3)
    if not alive:
        process = ProcessRecord(
            supervisor_pid=2, state="exited", pid=3, exit_code=0, ended_at=NOW.timestamp()
        )
    return Instance(
        folder=store / "run" / launch.id,
        launch=launch,
        process=process,
        state="running" if alive else "exited",
        ready=A_READY if ready else None,
    )


def a_snapshot(
    operation_id: str = "20251101120000-aaaaaa",
    *,
    state: OperationState = OperationState.RUNNING,
    subject: str = "v0.3.64",
    owner: Owner | None = None,
    **changes: Any,
) -> OperationSnapshot:
    return OperationSnapshot(
        id=operation_id,
        kind="versions.install",
        subject=subject,
        state=state,
        created_at=NOW,
        owner=owner or Owner(pid=1, created="0.0"),
        **changes,
    )


def an_operation(
    journal: OperationJournal,
    events: EventStream,
    steps: Iterable[Step] = (),
    *,
    operation_id: str = "20251101120000-aaaaaa",
    clock: Callable[[], float] | None = None,
) -> Operation:
    """An operation that runs, as the runner would have made it."""
    snapshot = a_snapshot(operation_id)
    journal.append(snapshot)
    token = CancelToken(operation_id, journal.cancel_file(operation_id))
    return Operation(
        snapshot,
        tuple(steps),
        events=events,
        journal=journal,
        token=token,
        clock=clock or time.monotonic,
    )


def start_failed(tag: str) -> StartFailed:
    return StartFailed(tag, reason="it is a test.", advice="None.", exit_status="1", log=[])


def tree_of(folder: Path) -> Mapping[str, object]:
    """Everything below a folder, by path: bytes of files, targets of links, None for folders."""
    return {
        str(path.relative_to(folder)): (
            path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
        )
        for path in sorted(folder.rglob("*"))
    }


def all_at_once(workers: Sequence[Callable[[], object]]) -> None:
    """Runs all of them in threads that start together; the first failure is raised here."""
    failures: list[Exception] = []
    barrier = threading.Barrier(len(workers))

    def run(worker: Callable[[], object]) -> None:
        barrier.wait()
        try:
            worker()
        except Exception as failure:  # noqa: BLE001 - it is raised again, in the test's own thread
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _do(hook: Hook | None) -> None:
    if hook is not None:
        hook()
