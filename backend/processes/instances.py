"""ComfyUI processes, each under a supervisor of its own and known by pid, birth and token.

Everything about an instance lies in `<store>/run/<id>/`: any launcher process finds it there,
whether or not the one that started it still lives. A root can be copied while one runs, with all
that is written there: a process is one of this store only if it also works in it, or was called
with this very folder.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from backend.exceptions import StopFailed, StorageError
from backend.file_utils import storage_errors
from backend.logging_config import get_logger
from backend.platform.leftovers import Carrier, carriers, is_called_with, users_of, works_in
from backend.platform.subprocesses import (
    TOKEN_VARIABLE,
    ProcessIdentity,
    creation_time,
    end_spawned,
    family,
    is_same_process,
    prove,
    reap,
    signal_group,
    signal_process,
    spawn_detached,
)
from backend.processes.notes import (
    BIRTHS,
    GIVEN_UP,
    LOG_LIMIT_BYTES,
    READY,
    SUPERVISOR,
    Births,
    Instance,
    LaunchPlan,
    LaunchRecord,
    NoteProblem,
    ProcessRecord,
    ReadyRecord,
    SupervisorRecord,
    forget_run,
    log_name,
    note_of,
    problems_of,
    read_run,
    write_launch,
    write_note,
)

__all__ = [
    "GIVEN_UP",
    "LOG_LIMIT_BYTES",
    "Instance",
    "Instances",
    "LaunchPlan",
    "LaunchRecord",
    "NoteProblem",
    "ProcessRecord",
    "ReadyRecord",
]

KEPT_RUNS: Final = 5
SPAWN_SECONDS: Final = 10.0
SCAN_SECONDS: Final = 1.0
STOP_MARGIN_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.05
AFTERMATH_SECONDS: Final = 1.0
_log: Final = get_logger(__name__)


class Instances:
    """Starts, finds and stops ComfyUI processes. Holds none of them: the truth is on disk.

    Each verb raises NotWritable where the store may not be read: nobody knows then what runs.
    """

    def __init__(self, *, spawn_seconds: float = SPAWN_SECONDS) -> None:
        self._spawn_seconds = spawn_seconds
        self._gone: set[Path] = set()
        self._scan = Scan()

    def start(self, plan: LaunchPlan) -> Instance:
        """A new process under its supervisor; it runs or has failed when this returns.

        On a machine that is too busy for a report in time, only its supervisor runs by then.
        Nothing runs when this raises.
        """
        identity = f"{datetime.now(UTC):%Y%m%d%H%M%S%f}-{secrets.token_hex(3)}"  # sorts by time
        folder = plan.store / "run" / identity
        record = LaunchRecord(
            id=identity,
            tag=plan.tag,
            command=plan.command,
            cwd=str(plan.cwd),
            log=str(plan.log_folder / log_name(plan.tag, identity)),
            grace_seconds=plan.grace_seconds,
            port=plan.port,
            listen=plan.listen,
            token=secrets.token_hex(16),
            started_at=datetime.now(UTC),
            operation_id=plan.operation_id,
            ready_timeout_seconds=plan.ready_timeout_seconds,
        )
        write_launch(folder, record)
        environment = {**plan.environment, TOKEN_VARIABLE: record.token}
        supervisor = spawn_detached(_supervisor_of(folder), environment=environment)
        try:
            write_note(folder, SUPERVISOR, SupervisorRecord(pid=supervisor))
            instance = self._await_report(folder, supervisor, creation_time(supervisor))
        except BaseException:
            end_spawned(supervisor)
            raise
        try:
            self._forget_old_runs(plan)
        except (StorageError, OSError) as error:  # this one runs; they are forgotten another time
            _log.warning("old runs of %s are still there: %s", plan.tag, error)
        return instance

    def current(self, store: Path) -> Instance | None:
        """The instance of that store that lives, if any."""
        return next((found for found in self._runs(store) if found.lives), None)

    def latest(self, store: Path) -> Instance | None:
        """The instance of that store that was started last, living or not."""
        return next(self._runs(store), None)

    def refresh(self, instance: Instance) -> Instance:
        return self._load(instance.folder) or instance

    def mark_ready(self, instance: Instance, seconds: float) -> Instance:
        ready = ReadyRecord(ready_at=datetime.now(UTC), seconds=round(seconds, 3))
        write_note(instance.folder, READY, ready)
        return self.refresh(instance)

    def problems(self, store: Path) -> list[NoteProblem]:
        """The notes about runs of that store that cannot be read, and why."""
        return [problem for folder in _run_folders(store) for problem in problems_of(folder)]

    def users_of(self, store: Path) -> list[int]:
        """Who works in that store: processes whose folder or program lies in it.

        Also of a run about which nothing can be read. A shell that someone left there counts too.
        """
        return users_of(store)

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
        """As its supervisor would: SIGTERM to its group, the grace, and an end to what is left."""
        child = self._proved(instance, instance.pid)
        if child is None:
            return
        signal_group(child, signal.SIGTERM)
        end = time.monotonic() + instance.launch.grace_seconds
        while is_same_process(child.pid, child.created) and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
        signal_group(child, signal.SIGKILL)
        end = time.monotonic() + AFTERMATH_SECONDS
        while (rest := _group_of(instance)) and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
        for one in rest:
            signal_process(one, signal.SIGKILL)

    def _kill(self, instance: Instance) -> None:
        if instance.pid is not None:
            self._signal_child(instance, signal.SIGKILL)
            return
        for carrier in _carriers_of(instance):  # a supervisor that hangs, and what it has started
            signal_process(carrier.identity, signal.SIGKILL)

    def _signal_child(self, instance: Instance, number: signal.Signals) -> None:
        child = self._proved(instance, instance.pid)
        if child is not None:
            signal_group(child, number)

    def _runs(self, store: Path) -> Iterator[Instance]:
        """Newest first, each read when it is asked for."""
        found = (self._load(folder) for folder in _run_folders(store))
        return (instance for instance in found if instance is not None)

    def _load(self, folder: Path) -> Instance | None:
        instance = read_run(folder)
        return None if instance is None else self._with_state(instance)

    def _with_state(self, instance: Instance) -> Instance:
        if instance.process is not None and instance.process.state == "exited":
            return instance
        if instance.supervisor_pid is not None:
            reap(instance.supervisor_pid)
        if self._proved(instance, instance.supervisor_pid) is not None:
            return replace(instance, state="running")
        if self._proved(instance, instance.pid) is not None:
            return replace(instance, state="orphaned")
        return self._found_by_token(instance) if instance.process is None else instance

    def _found_by_token(self, instance: Instance) -> Instance:
        """One that nobody reported of, or whose reports are damaged: whoever carries its token.

        Every process is looked at, so what is found gone is not looked for again.
        """
        if instance.folder in self._gone:
            return instance
        is_new = instance.age_seconds <= SPAWN_SECONDS  # it may be just coming up
        if not is_new and instance.launch.token not in self._scan.tokens():
            self._gone.add(instance.folder)
            return instance
        found = _carriers_of(instance)
        for one in found:
            if one.command != instance.launch.command:
                return replace(instance, state="running", spawned_pid=one.identity.pid)
        if found:
            noted = ProcessRecord(
                supervisor_pid=instance.spawned_pid or 0,
                state="running",
                pid=min(one.identity.pid for one in found),
            )
            return replace(instance, state="orphaned", process=noted)
        if not is_new:
            self._gone.add(instance.folder)
        return instance

    def _proved(self, instance: Instance, pid: int | None) -> ProcessIdentity | None:
        """The identity of `pid`, if it is a process of this instance."""
        if pid is None:
            return None
        noted = note_of(instance.folder, BIRTHS, Births)
        births = noted.created if noted else {}
        created = births.get(pid) or creation_time(pid)
        if created is None:
            return None
        identity = ProcessIdentity(pid, created, instance.launch.token)
        if not prove(identity) or not _is_of(instance, pid):
            return None
        if pid not in births:
            with contextlib.suppress(StorageError):  # on a full disk: it is found out anew
                write_note(instance.folder, BIRTHS, Births(created=births | {pid: created}))
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

    def _forget_old_runs(self, plan: LaunchPlan) -> None:
        """Keeps the notes and logs of the last runs; older ones are ours and are removed."""
        for instance in list(self._runs(plan.store))[KEPT_RUNS:]:
            if not instance.lives:
                forget_run(instance, plan.log_folder)


class Scan:
    """Which tokens were carried by any process a moment ago: one look at all for many runs."""

    def __init__(self) -> None:
        self._tokens: frozenset[str] = frozenset()
        self._until = 0.0

    def tokens(self) -> frozenset[str]:
        if time.monotonic() >= self._until:
            self._tokens = frozenset(one.identity.token for one in carriers(TOKEN_VARIABLE))
            self._until = time.monotonic() + SCAN_SECONDS
        return self._tokens


def _is_of(instance: Instance, pid: int) -> bool:
    """Whether a process with its token is one of this store: not of the one that it is a copy of.

    A store that was renamed is still where its ComfyUI works.
    """
    store = instance.folder.parent.parent
    return is_called_with(pid, instance.folder) or works_in(pid, store)


def _carriers_of(instance: Instance) -> list[Carrier]:
    """Its supervisor and its child. Not what has the token from them alone: a browser, perhaps."""
    return [
        one
        for one in carriers(TOKEN_VARIABLE, {instance.launch.token})
        if is_called_with(one.identity.pid, instance.folder)
        or (one.command == instance.launch.command and _is_of(instance, one.identity.pid))
    ]


def _group_of(instance: Instance) -> list[ProcessIdentity]:
    """Who is left of the group that its child led."""
    left = []
    for one in carriers(TOKEN_VARIABLE, {instance.launch.token}):
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(one.identity.pid) == instance.pid:
                left.append(one.identity)
    return left


def _run_folders(store: Path) -> list[Path]:
    """Newest first; their names sort by time. Raises: NotWritable where they may not be read."""
    runs = store / "run"
    with storage_errors(runs):
        try:
            return sorted((one for one in runs.iterdir() if one.is_dir()), reverse=True)
        except FileNotFoundError:
            return []


def _supervisor_of(folder: Path) -> list[str | Path]:
    program = Path(__file__).parent.parent / "platform" / "supervisor.py"
    return [sys.executable, "-I", program, folder]
