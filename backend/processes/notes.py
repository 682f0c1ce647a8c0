"""What is written down about one run of a ComfyUI, in `<store>/run/<id>/`, and how it is read.

Every note is sealed. `launch.json` is there twice (`.previous` is a copy): without it, nothing that
lives could be proved to be ours. Each of the others can be lost: `supervisor.json` and
`process.json` name the same supervisor, `births.json` and `ready.json` are found out anew.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from backend.file_utils import (
    DAMAGED_SUFFIX,
    LATER_DAMAGE_SUFFIX,
    PREVIOUS_SUFFIX,
    Absent,
    Corrupt,
    Value,
    atomic_write_json,
    read_json,
)
from backend.validators import FileName, PlainPath, VersionTag

LOG_LIMIT_BYTES: Final = 10 * 1024 * 1024
LAUNCH: Final = "launch.json"
SUPERVISOR: Final = "supervisor.json"
PROCESS: Final = "process.json"
BIRTHS: Final = "births.json"
READY: Final = "ready.json"
GIVEN_UP: Final = "given_up.json"
PRIVATE: Final = 0o600

ProcessState = Literal["running", "exited", "orphaned"]
Note = TypeVar("Note", bound=BaseModel)


class LaunchRecord(BaseModel):
    """`launch.json`: what was started, by which operation, written before it was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: FileName
    tag: VersionTag
    command: tuple[str, ...]
    cwd: PlainPath
    log: PlainPath
    log_limit_bytes: int = LOG_LIMIT_BYTES
    grace_seconds: float
    port: int
    listen: str
    token: str
    started_at: datetime
    operation_id: str = ""
    ready_timeout_seconds: float | None = None

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
    def age_seconds(self) -> float:
        """How long ago it was started; the clock may have been set back meanwhile."""
        return max(0.0, (datetime.now(UTC) - self.launch.started_at).total_seconds())

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
    operation_id: str = ""
    ready_timeout_seconds: float | None = None


class GivenUp(BaseModel):
    """`given_up.json`: why the launcher ended a start that nobody asked it to end."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    cause: str
    advice: str


@dataclass(frozen=True, slots=True)
class NoteProblem:
    """A note that cannot be read, and why."""

    path: Path
    reason: str


KINDS: Final[Mapping[str, type[BaseModel]]] = {
    LAUNCH: LaunchRecord,
    SUPERVISOR: SupervisorRecord,
    PROCESS: ProcessRecord,
    BIRTHS: Births,
    READY: ReadyRecord,
    GIVEN_UP: GivenUp,
}


def write_note(folder: Path, name: str, note: BaseModel) -> None:
    """Raises: DiskFull, DiskFailed, NotWritable."""
    atomic_write_json(folder / name, note, mode=PRIVATE)


def write_launch(folder: Path, launch: LaunchRecord) -> None:
    """The note that nothing can replace, and its copy. Raises: as `write_note`."""
    atomic_write_json(folder / f"{LAUNCH}{PREVIOUS_SUFFIX}", launch, mode=PRIVATE)
    write_note(folder, LAUNCH, launch)


def note_of(folder: Path, name: str, kind: type[Note]) -> Note | None:
    """What a note says, or its copy where it is damaged; None without either."""
    match read_json(folder / name, kind):
        case Value(value):
            return value
        case Corrupt(previous=previous):
            return previous
        case Absent():
            return None


def read_run(folder: Path) -> Instance | None:
    """A run by its notes alone, as one that has ended; None when it cannot be said what it is."""
    launch = note_of(folder, LAUNCH, LaunchRecord)
    if launch is None:
        return None
    spawned = note_of(folder, SUPERVISOR, SupervisorRecord)
    return Instance(
        folder=folder,
        launch=launch,
        process=note_of(folder, PROCESS, ProcessRecord),
        state="exited",
        ready=note_of(folder, READY, ReadyRecord),
        spawned_pid=spawned.pid if spawned else None,
    )


def problems_of(folder: Path) -> list[NoteProblem]:
    """The notes of a run that are damaged. A run without `launch.json` was never started."""
    found = []
    for name, kind in KINDS.items():
        result = read_json(folder / name, kind)
        if isinstance(result, Corrupt):
            found.append(NoteProblem(folder / name, result.reason))
    begun = any((folder / name).exists() for name in (SUPERVISOR, PROCESS))
    if begun and isinstance(read_json(folder / LAUNCH, LaunchRecord), Absent):
        found.append(NoteProblem(folder / LAUNCH, "the file is missing"))
    return found


def log_name(tag: str, run: str) -> str:
    """How the log of a run is called."""
    return f"{tag}-{run}.log"


def forget_run(instance: Instance, logs: Path) -> None:
    """Removes the notes of a run that has ended, and its log in the folder `logs`; they are ours.

    A note that names a log elsewhere, as one in a copied root does, is not followed.
    """
    log = logs / log_name(instance.launch.tag, instance.launch.id)
    for file in (log, log.with_name(log.name + ".1")):
        file.unlink(missing_ok=True)
    for name in KINDS:
        for suffix in ("", PREVIOUS_SUFFIX, DAMAGED_SUFFIX, LATER_DAMAGE_SUFFIX):
            (instance.folder / f"{name}{suffix}").unlink(missing_ok=True)
    if not any(instance.folder.iterdir()):
        instance.folder.rmdir()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # the real-time signals between the first and the last have no name
        return str(number)
