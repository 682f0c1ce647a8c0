"""Other programs: run to their end, or left running with an identity that can be proved."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

# What must not leak from the shell that started us into the Pythons that we start.
SCRUBBED_NAMES: Final = frozenset(
    {"PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONINSPECT", "VIRTUAL_ENV", "UV_PYTHON"}
)
SCRUBBED_PREFIXES: Final = ("CONDA_", "PIP_", "UV_", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX")
TOKEN_VARIABLE: Final = "COMFYUI_LAUNCHER_TOKEN"  # noqa: S105 - the name of a variable
END_SECONDS: Final = 2.0
KEPT_LINES: Final = 200


@dataclass(slots=True)
class Completed:
    """How a program ended. `output` is all of stdout; `lines` the last 200 of both streams."""

    returncode: int
    output: str
    lines: list[str] = field(default_factory=list)

    @property
    def tail(self) -> str:
        """The last words, for an error."""
        return "\n".join(self.lines[-20:])


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """What names a process for good: its pid, its birth, and the token in its environment."""

    pid: int
    created: float
    token: str


def scrubbed_environment(base: Mapping[str, str], **extra: str) -> dict[str, str]:
    """`base` without what would bend another Python, plus `extra`."""
    kept = {
        name: value
        for name, value in base.items()
        if name not in SCRUBBED_NAMES and not name.startswith(SCRUBBED_PREFIXES)
    }
    return kept | extra


def run(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    cwd: Path | None = None,
    check: Callable[[], None] | None = None,
    on_line: Callable[[str], None] | None = None,
    timeout_seconds: float | None = None,
) -> Completed:
    """Runs a program to its end, in a process group of its own.

    `check` is called ten times a second; when it raises, the group is ended and the exception goes
    on. So it does when `timeout_seconds` are over (TimeoutError). `on_line` gets each line of both
    streams. Raises FileNotFoundError when the program is not there.
    """
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    completed = Completed(returncode=-1, output="")
    lines: deque[str] = deque(maxlen=KEPT_LINES)
    output: list[str] = []
    readers = [
        _reader(process.stdout, [lines.append, output.append, *([on_line] if on_line else [])]),
        _reader(process.stderr, [lines.append, *([on_line] if on_line else [])]),
    ]
    try:
        _await(process, check, timeout_seconds)
    except BaseException:
        end_group(process)
        raise
    finally:
        for reader in readers:
            reader.join(END_SECONDS)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    completed.returncode = process.returncode
    completed.output = "\n".join(output)
    completed.lines = list(lines)
    return completed


def end_group(process: subprocess.Popen[str]) -> None:
    """Ends a child of ours and everything in its group: SIGTERM, two seconds, SIGKILL."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def spawn_detached(command: Sequence[str | Path], *, environment: Mapping[str, str]) -> int:
    """Starts a program that outlives us, in a session of its own, without our streams. Its pid."""
    arguments = [str(part) for part in command]
    null = os.open(os.devnull, os.O_RDWR)
    try:
        return os.posix_spawn(
            arguments[0],
            arguments,
            dict(environment),
            file_actions=[(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)],
            setsid=True,
        )
    finally:
        os.close(null)


def reap(pid: int) -> None:
    """Takes a child's exit off the process table, if it is ours and has ended."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def creation_time(pid: int) -> float | None:
    """When that process was born (seconds since the epoch), None if it is not there."""
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.NoSuchProcess:
        return None


def is_same_process(pid: int, created: float) -> bool:
    """Whether the process that was born then under that pid still lives."""
    return creation_time(pid) == created


def prove(identity: ProcessIdentity) -> bool:
    """Whether that very process lives: pid, birth and token agree. What we may signal."""
    import psutil

    if not is_same_process(identity.pid, identity.created):
        return False
    try:
        return psutil.Process(identity.pid).environ().get(TOKEN_VARIABLE) == identity.token
    except (psutil.Error, OSError):
        return False


def signal_process(identity: ProcessIdentity, number: signal.Signals) -> bool:
    """Signals that very process; False, and no signal, when it cannot be proved to be it."""
    try:
        descriptor = os.pidfd_open(identity.pid)
    except (AttributeError, OSError):
        return prove(identity) and _kill(os.kill, identity.pid, number)
    try:  # the descriptor pins the process: what is proved now is what gets the signal
        if not prove(identity):
            return False
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True


def signal_group(identity: ProcessIdentity, number: signal.Signals) -> bool:
    """Signals the group that this very process leads; False when that cannot be proved."""
    if not prove(identity) or os.getpgid(identity.pid) != identity.pid:
        return False
    return _kill(os.killpg, identity.pid, number)


def family(pid: int) -> set[int]:
    """That process and its descendants, as pids; empty if it is not there."""
    import psutil

    try:
        process = psutil.Process(pid)
        return {pid} | {child.pid for child in process.children(recursive=True)}
    except psutil.NoSuchProcess:
        return set()


def _kill(send: Callable[[int, int], None], target: int, number: signal.Signals) -> bool:
    try:
        send(target, number)
    except ProcessLookupError:
        return False
    return True


def _await(
    process: subprocess.Popen[str],
    check: Callable[[], None] | None,
    timeout_seconds: float | None,
) -> None:
    end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
            return
        if check:
            check()
        if end is not None and time.monotonic() > end:
            raise TimeoutError(f"{process.args!r} took longer than {timeout_seconds} s")


def _reader(stream: IO[str] | None, sinks: Sequence[Callable[[str], object]]) -> threading.Thread:
    def read() -> None:
        for line in stream or ():
            for sink in sinks:
                sink(line.rstrip("\r\n"))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread
