"""What outlives a killed launcher is found by what it carries, and nothing else is touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from backend.logging_config import current_operation
from backend.platform.git_command import Git
from backend.platform.leftovers import carriers, end_tools_of, users_of
from backend.platform.subprocesses import (
    OPERATION_VARIABLE,
    TOKEN_VARIABLE,
    run,
    scrubbed_environment,
    spawn_detached,
)
from tests.helpers.processes import python_that_said, run_python

OPERATION = "20251101120000-abcdef"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""
# A launcher that runs a silent tool, which has a helper of its own.
LAUNCHER = """
    import os, sys
    from backend.logging_config import current_operation
    from backend.platform.subprocesses import run
    current_operation.set(sys.argv[1])
    print("started", flush=True)
    run(["sh", "-c", "sleep 61 & sleep 62"], environment=dict(os.environ))
"""


class Programs:
    """Starts programs that are gone at the end of the test."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command, env=os.environ | environment, stdout=subprocess.PIPE, text=True
        )
        self._stack.enter_context(process)
        self._stack.callback(process.kill)
        return process


@pytest.fixture
def programs() -> Iterator[Programs]:
    with ExitStack() as stack:
        yield Programs(stack)


def pids_of(operation_id: str) -> set[int]:
    return {one.identity.pid for one in carriers(OPERATION_VARIABLE, {operation_id})}


def test_a_tool_carries_the_operation_that_it_works_for() -> None:
    told = ["sh", "-c", f"echo ${OPERATION_VARIABLE}"]
    mark = current_operation.set(OPERATION)
    try:
        assert run(told, environment=os.environ).output == OPERATION
        assert Git(os.environ).for_gitpython()[OPERATION_VARIABLE] == OPERATION
    finally:
        current_operation.reset(mark)
    assert run(told, environment=os.environ).output == ""


def test_what_outlives_us_on_purpose_carries_no_operation(tmp_path: Path) -> None:
    """Neither what a launcher was started with, nor what it works for, is handed to a ComfyUI."""
    mark = current_operation.set(OPERATION)
    try:
        said = tmp_path / "said"
        words = f'echo "[${OPERATION_VARIABLE}]" > "{said}"'
        environment = os.environ | {OPERATION_VARIABLE: OPERATION}
        pid = spawn_detached(["/bin/sh", "-c", words], environment=environment)
        os.waitpid(pid, 0)
        assert said.read_text() == "[]\n"
    finally:
        current_operation.reset(mark)
    assert scrubbed_environment({OPERATION_VARIABLE: OPERATION, "PATH": "/bin"}) == {"PATH": "/bin"}


def test_a_silent_tool_outlives_its_killed_launcher_and_is_ended_with_its_helpers() -> None:
    with python_that_said("started", LAUNCHER, OPERATION) as launcher:
        end = time.monotonic() + 5
        while len(pids_of(OPERATION)) < 3 and time.monotonic() < end:
            time.sleep(0.01)
        launcher.kill()
        launcher.wait()
        tools = pids_of(OPERATION)
        assert len(tools) == 3
        begin = time.monotonic()
        assert end_tools_of({OPERATION})
        assert time.monotonic() - begin < 1
        assert pids_of(OPERATION) == set()


def test_a_tool_of_a_launcher_in_the_terminal_of_a_comfyui_is_ended_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "of that ComfyUI")
    with python_that_said("started", LAUNCHER, OPERATION) as launcher:
        end = time.monotonic() + 5
        while len(pids_of(OPERATION)) < 3 and time.monotonic() < end:
            time.sleep(0.01)
        launcher.kill()
        launcher.wait()
        assert end_tools_of({OPERATION})
        assert pids_of(OPERATION) == set()
    mark = Git(os.environ).for_gitpython()
    assert not mark[TOKEN_VARIABLE], "GitPython can only empty it"


def test_one_that_ignores_sigterm_is_killed(programs: Programs) -> None:
    stubborn = programs.start(sys.executable, "-c", STUBBORN, **{OPERATION_VARIABLE: OPERATION})
    assert stubborn.stdout is not None
    assert stubborn.stdout.readline() == "up\n"
    assert end_tools_of({OPERATION}) == [stubborn.pid]
    assert stubborn.wait(5) == -signal.SIGKILL


def test_neither_other_operations_nor_a_comfyui_are_touched(programs: Programs) -> None:
    """A ComfyUI is nobody's tool, whatever its environment came by."""
    other = programs.start("sleep", "60", **{OPERATION_VARIABLE: "20251101120000-fedcba"})
    mark = {OPERATION_VARIABLE: OPERATION}
    comfyui = programs.start("sleep", "60", **{TOKEN_VARIABLE: "0" * 32}, **mark)
    assert end_tools_of({OPERATION}) == []
    assert (other.poll(), comfyui.poll()) == (None, None)


LAUNCHER_OF_AN_OPERATION = """
    import sys
    from backend.platform.leftovers import end_tools_of
    print(end_tools_of([sys.argv[1]]))
"""


def test_a_launcher_that_was_started_by_a_tool_does_not_end_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(OPERATION_VARIABLE, OPERATION)
    assert run_python(LAUNCHER_OF_AN_OPERATION, OPERATION).stdout == "[]\n"


def test_with_no_operation_to_settle_nothing_is_looked_at() -> None:
    assert end_tools_of([]) == []


def test_who_works_in_a_folder_is_found_by_folder_and_by_program(
    tmp_path: Path, programs: Programs
) -> None:
    store = tmp_path / "store"
    (store / "source").mkdir(parents=True)
    assert users_of(store) == []
    inside = subprocess.Popen(["sleep", "60"], cwd=store / "source")
    try:
        (store / "python").symlink_to(sys.executable)
        words = "import time; print('up', flush=True); time.sleep(60)"
        from_it = programs.start(str(store / "python"), "-c", words)
        programs.start("sleep", "60")
        assert from_it.stdout is not None
        from_it.stdout.readline()
        assert users_of(store) == sorted([inside.pid, from_it.pid])
        (tmp_path / "link").symlink_to(store)
        assert users_of(tmp_path / "link") == users_of(store)
        assert users_of(tmp_path / "stor") == []
    finally:
        inside.kill()
        inside.wait()
