"""A pid that was ours belongs to someone else by now: nobody who is not ours is ever signalled."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from backend.platform.leftovers import carriers, end_tools_of
from backend.platform.subprocesses import (
    OPERATION_VARIABLE,
    TOKEN_VARIABLE,
    ProcessIdentity,
    creation_time,
    signal_group,
    signal_process,
)
from backend.processes.instances import Instances
from backend.processes.notes import (
    BIRTHS,
    PROCESS,
    SUPERVISOR,
    Births,
    LaunchRecord,
    ProcessRecord,
    SupervisorRecord,
    read_run,
    write_launch,
    write_note,
)
from tests.crash.conftest import Figures
from tests.crash.counts import quick_and_full
from tests.fakes.ports import NOW

LAST_PID = Path("/proc/sys/kernel/ns_last_pid")
ATTEMPTS = 30
SLEEP = ("sleep", "60")


@contextmanager
def sleeping(**environment: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        SLEEP, env={"PATH": os.environ["PATH"], **environment}, start_new_session=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def sleeping_as(pid: int, **environment: str) -> Iterator[subprocess.Popen[bytes] | None]:
    """Another process that the system was made to give that very pid.

    None when another program on this machine was faster, and keeps it.
    """
    for _ in range(ATTEMPTS):
        LAST_PID.write_text(str(pid - 1))
        with sleeping(**environment) as process:
            if process.pid == pid:
                yield process
                return
    yield None


@pytest.fixture
def pids_can_be_chosen() -> None:
    try:
        with LAST_PID.open("r+"):
            pass
    except OSError as error:
        pytest.skip(f"needs the right to choose the next pid: {error}")


def noted_run(folder: Path, pid: int, births: dict[int, str], token: str) -> None:
    """A run whose supervisor and child both had that pid, with the births that were noted."""
    launch = LaunchRecord(
        id=folder.name, tag="v0.3.64", command=SLEEP, cwd="/", log=str(folder / "log"),
        grace_seconds=0.1, port=8188, listen="127.0.0.1", token=token, started_at=NOW,
    )  # fmt: skip
    write_launch(folder, launch)
    write_note(folder, SUPERVISOR, SupervisorRecord(pid=pid))
    write_note(folder, PROCESS, ProcessRecord(supervisor_pid=pid, state="running", pid=pid))
    write_note(folder, BIRTHS, Births(created=births))


def carrier_of(operation: str) -> ProcessIdentity:
    """For a moment after it has begun to run, a program has no environment that could be read."""
    end = time.monotonic() + 5
    while not (found := [one.identity for one in carriers(OPERATION_VARIABLE, {operation})]):
        assert time.monotonic() < end
    (known,) = found
    return known


def signalled_once(store: Path, number: int, *, births_agree: bool) -> bool | None:
    """Whether a stranger was signalled who got the pid of a ComfyUI and tool of ours.

    None when that pid could not be had.
    """
    token, operation = secrets.token_hex(16), f"20251101120000-{secrets.token_hex(3)}"
    with sleeping(**{TOKEN_VARIABLE: token, OPERATION_VARIABLE: operation}) as ours:
        known = carrier_of(operation)
        assert known.pid == ours.pid
    with sleeping_as(known.pid) as stranger:
        if stranger is None:
            return None
        born = (creation_time(stranger.pid) or "") if births_agree else known.created
        noted_run(store / "run" / str(number), stranger.pid, {stranger.pid: born}, token)
        instances = Instances()
        assert instances.current(store) is None
        found = read_run(store / "run" / str(number))
        assert found is not None
        assert not instances.stop(replace(found, state="running")).lives
        assert end_tools_of({operation}) == []
        for identity in (
            ProcessIdentity(stranger.pid, born, token),
            ProcessIdentity(stranger.pid, born, operation, OPERATION_VARIABLE),
        ):
            assert not signal_process(identity, signal.SIGKILL)
            assert not signal_group(identity, signal.SIGKILL)
        return stranger.poll() is not None


@pytest.mark.skipif(sys.platform != "linux", reason="pids are chosen through /proc")
@pytest.mark.usefixtures("pids_can_be_chosen")
@pytest.mark.parametrize("count", quick_and_full(8, 80))
def test_no_stranger_is_signalled_when_a_pid_is_used_again(
    tmp_path: Path, count: int, figures: Figures
) -> None:
    """In half of the cases even the birth agrees, as after a reuse within one tick."""
    outcomes: list[bool] = []
    for number in range(2 * count):
        signalled = signalled_once(tmp_path, number, births_agree=len(outcomes) % 2 == 1)
        outcomes += [] if signalled is None else [signalled]
        if len(outcomes) == count:
            break
    figures("forced pid reuses", count=len(outcomes), strangers_signalled=sum(outcomes))
    assert len(outcomes) == count
    assert sum(outcomes) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="pids are chosen through /proc")
@pytest.mark.usefixtures("pids_can_be_chosen")
def test_what_is_ours_is_found_also_under_a_pid_that_was_a_strangers() -> None:
    """A launcher that stays open has looked at the stranger before."""
    operation = f"20251101120000-{secrets.token_hex(3)}"
    for _ in range(ATTEMPTS):
        with sleeping() as stranger:
            assert list(carriers(OPERATION_VARIABLE, {operation})) == []
        with sleeping_as(stranger.pid, **{OPERATION_VARIABLE: operation}) as ours:
            if ours is not None:
                assert carrier_of(operation).pid == ours.pid
                return
    pytest.fail("no pid could be had twice")
