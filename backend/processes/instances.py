"""ComfyUI processes, each under a supervisor of its own and known by pid, birth and token.

Everything about an instance lies in `<store>/run/<id>/`: any launcher process finds it there,
whether or not the one that started it still lives.
"""

from __future__ import annotations

import secrets
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from backend.exceptions import StopFailed
from backend.file_utils import Value, atomic_write_bytes, read_json
from backend.platform.subprocesses import (
    TOKEN_VARIABLE,
    ProcessIdentity,
    creation_time,
    family,
    is_same_process,
    prove,
    reap,
    signal_group,
    signal_process,
    spawn_detached,
)

LOG_LIMIT_BYTES: Final = 10 * 1024 * 1024
KEPT_RUNS: Final = 5
SPAWN_SECONDS: Final = 10.0
STOP_MARGIN_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.05
GIVEN_UP: Final = "given_up.json"
NOTES: Final = (
    "launch.json", "supervisor.json", "process.json", "births.json", "ready.json", GIVEN_UP,
)  # fmt: skip

ProcessState = Literal["running", "exited", "orphaned"]


class LaunchRecord(BaseModel):
    """`launch.json`: what was started, written before it was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    tag: str
    command: tuple[str, ...]
    cwd: str
    log: str
    log_limit_bytes: int = LOG_LIMIT_BYTES
    grace_seconds: float
    port: int
    listen: str
    token: str
    started_at: datetime

    @property
    def host(self) -> str:
        """Where it is reached: a wildcard address through loopback."""
        first = self.listen.partition(",")[0]
        return "127.0.0.1" if first in {"0.0.0.0", "::"} else first  # noqa: S104

    @property
    def url(self) -> str:
        """Where a person opens it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class SupervisorRecord(BaseModel):
    """`supervisor.json`: whom we started, noted at once. It may report late, or never."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pid: int


class ProcessRecord(BaseModel):
    """`process.json`: what became of it, kept by the supervisor."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    supervisor_pid: int
    state: Literal["running", "exited"]
    pid: int | None = None
    exit_code: int | None = None
    signal: int | None = None
    stop_requested: bool = False
    ended_at: float | None = None


class Births(BaseModel):
    """`births.json`: when the processes were born, noted when they were first proved to be ours."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    created: dict[int, str] = {}


class ReadyRecord(BaseModel):
    """`ready.json`: that it answered as itself, and when."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ready_at: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Instance:
    """One ComfyUI process as it stands now."""

    folder: Path
    launch: LaunchRecord
    process: ProcessRecord | None
    state: ProcessState
    ready: ReadyRecord | None
    spawned_pid: int | None = None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    @property
    def supervisor_pid(self) -> int | None:
        """Of its supervisor, also before that has reported for the first time."""
        return self.process.supervisor_pid if self.process else self.spawned_pid

    @property
    def lives(self) -> bool:
        return self.state != "exited"

    @property
    def log_file(self) -> Path:
        return Path(self.launch.log)

    @property
    def exit_words(self) -> str:
        """How it ended, in words."""
        if self.process is None or self.process.state == "running":
            return "it vanished"
        if self.process.signal is not None:
            return f"signal {_signal_name(self.process.signal)}"
        return f"exit code {self.process.exit_code}"


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """What to start. `environment` is whole; the token is added to it."""

    tag: str
    store: Path
    command: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    log_folder: Path
    port: int
    listen: str
    grace_seconds: float


class Instances:
    """Starts, finds and stops ComfyUI processes. Holds none of them: the truth is on disk."""

    def __init__(self, *, spawn_seconds: float = SPAWN_SECONDS) -> None:
        self._spawn_seconds = spawn_seconds

    def start(self, plan: LaunchPlan) -> Instance:
        """A new process under its supervisor; it runs or has failed when this returns.

        On a machine that is too busy for a report in time, only its supervisor runs by then.
        """
        identity = f"{datetime.now(UTC):%Y%m%d%H%M%S%f}-{secrets.token_hex(3)}"  # sorts by time
        folder = plan.store / "run" / identity
        record = LaunchRecord(
            id=identity,
            tag=plan.tag,
            command=plan.command,
            cwd=str(plan.cwd),
            log=str(plan.log_folder / f"{plan.tag}-{identity}.log"),
            grace_seconds=plan.grace_seconds,
            port=plan.port,
            listen=plan.listen,
            token=secrets.token_hex(16),
            started_at=datetime.now(UTC),
        )
        atomic_write_bytes(folder / "launch.json", record.model_dump_json().encode(), mode=0o600)
        environment = {**plan.environment, TOKEN_VARIABLE: record.token}
        instance = self._await_report(folder, *_spawn_supervisor(folder, environment))
        self._forget_old_runs(plan.store)
        return instance

    def current(self, store: Path) -> Instance | None:
        """The instance of that store that lives, if any."""
        return next((found for found in self._runs(store) if found.lives), None)

    def latest(self, store: Path) -> Instance | None:
        """The instance of that store that was started last, living or not."""
        return next(iter(self._runs(store)), None)

    def refresh(self, instance: Instance) -> Instance:
        return self._load(instance.folder) or instance

    def mark_ready(self, instance: Instance, seconds: float) -> Instance:
        ready = ReadyRecord(ready_at=datetime.now(UTC), seconds=round(seconds, 3))
        atomic_write_bytes(instance.folder / "ready.json", ready.model_dump_json().encode())
        return self.refresh(instance)

    def pids(self, instance: Instance) -> set[int]:
        """The process and its descendants; before the first report, those of its supervisor."""
        root = instance.pid or (instance.supervisor_pid if instance.lives else None)
        return family(root) if root else set()

    def stop(self, instance: Instance) -> Instance:
        """Ends it: by its supervisor, or by ourselves where that is gone. Raises: StopFailed.

        Only processes that are proved to be this instance are signalled.
        """
        end = time.monotonic() + instance.launch.grace_seconds + STOP_MARGIN_SECONDS
        supervisor = self._proved(instance, instance.supervisor_pid)
        if supervisor is not None:
            signal_process(supervisor, signal.SIGTERM)
        else:
            self._stop_orphan(instance)
        while instance.lives and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
            instance = self.refresh(instance)
            if supervisor is not None and instance.state == "orphaned":
                supervisor = None  # it was killed before it could carry out the stop
                self._stop_orphan(instance)
        if instance.lives:
            self._kill(instance)
            time.sleep(POLL_SECONDS * 4)
            instance = self.refresh(instance)
        if instance.lives:
            raise StopFailed(instance.launch.tag, pids=sorted(self.pids(instance)))
        return instance

    def _stop_orphan(self, instance: Instance) -> None:
        self._signal_child(instance, signal.SIGTERM)
        end = time.monotonic() + instance.launch.grace_seconds
        while self.refresh(instance).lives and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
        self._signal_child(instance, signal.SIGKILL)

    def _kill(self, instance: Instance) -> None:
        if instance.pid is not None:
            self._signal_child(instance, signal.SIGKILL)
            return
        for pid in self.pids(instance):  # a supervisor that hangs, and what it may have started
            if proved := self._proved(instance, pid):
                signal_process(proved, signal.SIGKILL)

    def _signal_child(self, instance: Instance, number: signal.Signals) -> None:
        child = self._proved(instance, instance.pid)
        if child is not None:
            signal_group(child, number)

    def _runs(self, store: Path) -> list[Instance]:
        """Newest first."""
        folders = sorted((store / "run").glob("*/launch.json"), reverse=True)
        return [found for path in folders if (found := self._load(path.parent)) is not None]

    def _load(self, folder: Path) -> Instance | None:
        launch = read_json(folder / "launch.json", LaunchRecord)
        if not isinstance(launch, Value):
            return None
        process = read_json(folder / "process.json", ProcessRecord)
        spawned = read_json(folder / "supervisor.json", SupervisorRecord)
        ready = read_json(folder / "ready.json", ReadyRecord)
        instance = Instance(
            folder=folder,
            launch=launch.value,
            process=process.value if isinstance(process, Value) else None,
            state="exited",
            ready=ready.value if isinstance(ready, Value) else None,
            spawned_pid=spawned.value.pid if isinstance(spawned, Value) else None,
        )
        return self._with_state(instance)

    def _with_state(self, instance: Instance) -> Instance:
        if instance.process is not None and instance.process.state == "exited":
            return instance
        if instance.supervisor_pid is not None:
            reap(instance.supervisor_pid)
        if self._proved(instance, instance.supervisor_pid) is not None:
            return replace(instance, state="running")
        if self._proved(instance, instance.pid) is not None:
            return replace(instance, state="orphaned")
        return instance

    def _proved(self, instance: Instance, pid: int | None) -> ProcessIdentity | None:
        """The identity of `pid`, if it is a process of this instance."""
        if pid is None:
            return None
        births_file = instance.folder / "births.json"
        noted = read_json(births_file, Births)
        births = noted.value.created if isinstance(noted, Value) else {}
        created = births.get(pid) or creation_time(pid)
        if created is None:
            return None
        identity = ProcessIdentity(pid, created, instance.launch.token)
        if not prove(identity):
            return None
        if pid not in births:
            content = Births(created=births | {pid: created}).model_dump_json()
            atomic_write_bytes(births_file, content.encode())
        return identity

    def _await_report(self, folder: Path, supervisor: int, created: str | None) -> Instance:
        """With its first report; without one if that takes too long or the supervisor has died."""
        end = time.monotonic() + self._spawn_seconds
        while time.monotonic() < end:
            instance = self._loaded(folder)
            if instance.process is not None:
                return instance
            # Not `lives`: in its first moments a program has no environment that could prove it.
            if created is None or not is_same_process(supervisor, created):
                break  # perhaps it reported and ended while we looked: read once more
            time.sleep(POLL_SECONDS / 5)
        return self._loaded(folder)

    def _loaded(self, folder: Path) -> Instance:
        instance = self._load(folder)
        assert instance is not None, "launch.json was written before the start"
        return instance

    def _forget_old_runs(self, store: Path) -> None:
        """Keeps the notes and logs of the last runs; older ones are ours and are removed."""
        for instance in self._runs(store)[KEPT_RUNS:]:
            if instance.lives:
                continue
            for log in (
                instance.log_file,
                instance.log_file.with_name(instance.log_file.name + ".1"),
            ):
                log.unlink(missing_ok=True)
            for name in NOTES:
                (instance.folder / name).unlink(missing_ok=True)
            if not any(instance.folder.iterdir()):
                instance.folder.rmdir()


def _spawn_supervisor(folder: Path, environment: Mapping[str, str]) -> tuple[int, str | None]:
    """The pid of the new supervisor, noted beside the run, and its birth, None if it has died.

    Nothing runs when this raises.
    """
    program = Path(__file__).parent.parent / "platform" / "supervisor.py"
    pid = spawn_detached([sys.executable, "-I", program, folder], environment=environment)
    created = creation_time(pid)
    try:
        content = SupervisorRecord(pid=pid).model_dump_json()
        atomic_write_bytes(folder / "supervisor.json", content.encode())
    except BaseException:
        if created is not None:
            identity = ProcessIdentity(pid, created, environment[TOKEN_VARIABLE])
            signal_process(identity, signal.SIGTERM)
        raise
    return pid, created


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # the real-time signals between the first and the last have no name
        return str(number)
