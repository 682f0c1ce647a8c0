"""ComfyUIs that start, become ready or end, and their logs."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from backend.config import PathsConfig
from backend.exceptions import StorageError
from backend.metadata_manager import VersionsOnRecord
from backend.operations.events import InstanceChanged, InstanceLogged
from backend.operations.model import OperationSnapshot
from backend.outside_changes.stamps import Publish, Stamp, is_fresh, records_of, stamp_of
from backend.processes.instances import SPAWN_SECONDS, Instance

PROOF_SECONDS: Final = 2.0  # a process that is killed together with its supervisor leaves no note
PROBE_SECONDS: Final = 0.25


class RecordsPort(Protocol):
    """Which versions there are."""

    def versions(self) -> VersionsOnRecord: ...


class ProcessesPort(Protocol):
    """ComfyUI processes."""

    def current(self, store: Path) -> Instance | None: ...

    def latest(self, store: Path) -> Instance | None: ...

    def refresh(self, instance: Instance) -> Instance: ...

    def adopt(self, instance: Instance, *, timeout_seconds: float) -> Instance: ...


@dataclass(slots=True)
class _Version:
    """A version whose runs are watched: what was seen of them last."""

    tag: str
    store: Path
    files: tuple[Path, ...] = ()  # they change when a run begins, reports, is ready or has ended
    stamps: tuple[Stamp, ...] = ()
    looked_at: float = 0.0
    instance: Instance | None = None
    log_file: Path | None = None
    log: Stamp = None

    @property
    def state(self) -> str:
        if self.instance is None or not self.instance.lives:
            return "stopped"
        return "running" if self.instance.ready else "starting"

    @property
    def lives(self) -> bool:
        return self.state != "stopped"

    def present_stamps(self) -> tuple[Stamp, ...]:
        return tuple(stamp_of(file) for file in self.files)

    def log_stamp(self) -> Stamp:
        return stamp_of(self.log_file) if self.log_file else None

    def saw(self, instance: Instance | None) -> None:
        """Goes on with that run."""
        self.instance = instance
        self.log_file = instance.log_file if instance else None
        self.looked_at = time.monotonic()
        self.files = (self.store / "run",)
        if instance and not (instance.process and instance.process.state == "exited"):
            self.files += (instance.folder / "process.json", instance.folder / "ready.json")


class Runs:
    """ComfyUIs that start, become ready or end without our doing; and all logs that grow."""

    def __init__(
        self,
        paths: PathsConfig,
        records: RecordsPort,
        processes: ProcessesPort,
        publish: Publish,
    ) -> None:
        self._store = paths.store
        self._records_folder = records_of(paths)
        self._records = records
        self._records_stamp: Stamp = None
        self._processes = processes
        self._publish = publish
        self._versions: dict[str, _Version] = {}
        self._told: dict[str, tuple[str, Path | None]] = {}
        self._at_work: dict[str, str] = {}
        self._heard = 0

    @property
    def files(self) -> tuple[Path, ...]:
        return self._records_folder, *(one for v in self._versions.values() for one in v.files)

    @property
    def restless(self) -> bool:
        """A process may be gone without a word, or come to its first one."""
        return any(version.lives or not version.stamps for version in self._versions.values())

    @property
    def any_lives(self) -> bool:
        return any(version.lives for version in self._versions.values())

    def at_work(self, operation: OperationSnapshot) -> None:
        """An operation of ours moved on; until it ends, it tells itself what it does."""
        self._heard += 1
        if operation.state.is_final:
            self._at_work.pop(operation.id, None)
        else:
            self._at_work[operation.id] = operation.subject

    def told(self, data: InstanceChanged) -> None:
        """That state is known to everyone, whichever run it is of."""
        self._heard += 1
        self._told[data.tag] = (data.state, None)

    def begin(self) -> None:
        self._know_versions()
        for version in self._versions.values():
            self._load(version)
            version.log = version.log_stamp()
            self._told[version.tag] = (version.state, _run_of(version))

    def look(self) -> None:
        """Tells what moved on without our doing, and which logs grew."""
        self._know_versions()
        for version in self._versions.values():
            heard, before = self._heard, version.stamps
            lived = version.lives
            self._look_at_runs(version)
            if lived or version.lives or version.stamps != before:
                self._look_at_log(version)
            if heard == self._heard and version.tag not in tuple(self._at_work.values()):
                self._tell(version)

    def look_at_logs(self) -> None:
        for version in self._versions.values():
            if version.lives:
                self._look_at_log(version)

    def _know_versions(self) -> None:
        """Which versions there are, read again when one of their records is another one."""
        stamp = stamp_of(self._records_folder)
        if stamp == self._records_stamp and not is_fresh(stamp):
            return
        found: dict[str, _Version] = {}
        for tag, record in self._records.versions().versions.items():
            store = self._store / record.store
            known = self._versions.get(tag)
            if known is None or known.store != store:
                known = _Version(tag, store)
                self._told.pop(tag, None)  # of an installation that is gone
            found[tag] = known
        self._versions, self._records_stamp = found, stamp

    def _look_at_runs(self, version: _Version) -> None:
        """Reads again what has changed; now and then, whether a process is still there at all."""
        stamps = version.present_stamps()
        if not stamps or stamps != version.stamps or is_fresh(stamps[0]):
            self._load(version)
        elif version.lives and time.monotonic() - version.looked_at >= PROOF_SECONDS:
            assert version.instance is not None, "it lives"
            version.saw(self._proved(version.instance))

    def _proved(self, instance: Instance) -> Instance:
        """As it is now. One that is not ready is asked: nobody may be waiting for it any more."""
        now = self._processes.refresh(instance)
        waited_for = now.launch.tag in tuple(self._at_work.values())
        if not now.lives or now.ready is not None or waited_for:
            return now
        with suppress(StorageError):
            return self._processes.adopt(now, timeout_seconds=PROBE_SECONDS)
        return now

    def _load(self, version: _Version) -> None:
        """The run that lives, else the last one."""
        version.stamps = version.present_stamps()  # from before: of a new run, they are read anew
        try:
            latest = self._processes.latest(version.store)
            if latest is not None and not latest.lives:
                latest = self._processes.current(version.store) or latest
        except StorageError:  # one that may not be read keeps nobody from seeing the others
            latest = None
        if latest is not None and _is_being_born(latest):
            version.stamps = ()
        else:
            version.saw(latest)

    def _look_at_log(self, version: _Version) -> None:
        stamp = version.log_stamp()
        if stamp != version.log:
            version.log = stamp
            if stamp is not None and stamp[2]:
                self._publish(InstanceLogged(tag=version.tag))

    def _tell(self, version: _Version) -> None:
        state, run = self._told.get(version.tag, ("stopped", None))
        found = _run_of(version)
        if state == version.state and run in {None, found}:
            self._told[version.tag] = (state, found)
            return
        self._publish(InstanceChanged(tag=version.tag, state=version.state))
        self._told[version.tag] = (version.state, found)


def _is_being_born(instance: Instance) -> bool:
    """Whether nobody can know yet if it lives: its supervisor has not come to its first report."""
    age = (datetime.now(UTC) - instance.launch.started_at).total_seconds()
    return not instance.lives and instance.process is None and 0 <= age < SPAWN_SECONDS


def _run_of(version: _Version) -> Path | None:
    return version.instance.folder if version.instance else None
