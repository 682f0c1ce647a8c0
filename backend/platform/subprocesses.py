"""Other programs: run to their end, or left running with an identity that can be proved."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from backend.logging_config import current_operation
from backend.places import SHORT, this_boot

TOKEN_VARIABLE: Final = "COMFYUI_LAUNCHER_TOKEN"  # noqa: S105 - the name of a variable
OPERATION_VARIABLE: Final = "COMFYUI_LAUNCHER_OPERATION"
# What must not leak from the shell that started us into the Pythons that we start.
SCRUBBED_NAMES: Final = frozenset(
    {"PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONINSPECT", "VIRTUAL_ENV", "UV_PYTHON"}
    | {OPERATION_VARIABLE, TOKEN_VARIABLE}  # of the ComfyUI in whose terminal we were started
)
SCRUBBED_PREFIXES: Final = ("CONDA_", "PIP_", "UV_", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX")
# What the system says of a process that is not there.
GONE: Final = frozenset({errno.ENOENT, errno.ESRCH})
END_SECONDS: Final = 2.0
KEPT_LINES: Final = 200
CHECK_SECONDS: Final = 0.1
LONGEST_NAP_SECONDS: Final = 0.05

# What spawn_detached started and reap has not yet taken off the process table.
_spawned: Final[set[int]] = set()
_spawned_lock: Final = threading.Lock()


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
    """What names a process for good: its pid, its birth, and the token in its environment.

    `variable` is where the environment holds it.
    """

    pid: int
    created: str
    token: str
    variable: str = TOKEN_VARIABLE


def scrubbed_environment(base: Mapping[str, str], **extra: str) -> dict[str, str]:
    """`base` without what would bend another Python, plus `extra`."""
    kept = {
        name: value
        for name, value in base.items()
        if name not in SCRUBBED_NAMES and not name.startswith(SCRUBBED_PREFIXES)
    }
    return kept | extra


def operation_mark() -> dict[str, str]:
    """What a tool carries so that it is known again when its launcher was killed; perhaps nothing.

    See `leftovers.end_tools_of`.
    """
    operation_id = current_operation.get()
    return {OPERATION_VARIABLE: operation_id} if operation_id else {}


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
    streams. What the program left behind is ended if it keeps a stream open: it could do so for
    ever. It carries the id of the operation that it works for, and no token: it is no ComfyUI.
    Raises FileNotFoundError when the program is not there.
    """
    completed = Completed(returncode=-1, output="")
    lines: deque[str] = deque(maxlen=KEPT_LINES)
    output: list[str] = []
    told = [on_line] if on_line else []
    readers: list[_Reader] = []
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env={**_without(environment, TOKEN_VARIABLE), **operation_mark()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    try:
        readers.append(_Reader(process.stdout, [lines.append, output.append, *told]))
        readers.append(_Reader(process.stderr, [lines.append, *told]))
        _await(process, check, timeout_seconds)
        if not _all_read(readers, END_SECONDS):
            _end_group(process, readers)
    except BaseException:
        _end_group(process, readers)
        raise
    finally:
        for reader in readers:
            reader.abandon()
    completed.returncode = process.wait()
    completed.output = "\n".join(output)
    completed.lines = list(lines)
    return completed


def spawn_detached(command: Sequence[str | Path], *, environment: Mapping[str, str]) -> int:
    """Starts a program that outlives us, in a session of its own, without our streams. Its pid.

    It is no tool of an operation, and carries the mark of none; nor the token of the ComfyUI in
    whose terminal we were started, but only one that was made for it.
    """
    arguments = [str(part) for part in command]
    own = _without(environment, OPERATION_VARIABLE)
    if own.get(TOKEN_VARIABLE) == os.environ.get(TOKEN_VARIABLE):
        own = _without(own, TOKEN_VARIABLE)
    null = os.open(os.devnull, os.O_RDWR)
    try:
        pid = os.posix_spawn(
            arguments[0],
            arguments,
            own,
            file_actions=[(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)],
            setsid=True,
        )
    finally:
        os.close(null)
    with _spawned_lock:
        _spawned.add(pid)
    return pid


def end_spawned(pid: int) -> None:
    """SIGTERM to what spawn_detached started here, also where nothing can be found out about it.

    Until it is reaped, its pid cannot be given to anyone else.
    """
    with _spawned_lock:
        if pid in _spawned:
            _kill(os.kill, pid, signal.SIGTERM)


def reap(pid: int) -> None:
    """Takes the exit of what spawn_detached started here off the process table, once it has ended.

    Any other child's exit status belongs to whoever started it: a stale record may name the pid
    that git or uv has now. The lock is held so that no pid is free before it is forgotten.
    """
    with _spawned_lock:
        if pid not in _spawned:
            return
        try:
            ended = os.waitpid(pid, os.WNOHANG)[0] == pid
        except ChildProcessError:
            ended = True
        if ended:
            _spawned.discard(pid)


def creation_time(pid: int) -> str | None:
    """What tells that process from an earlier or later one of that pid; None if it is not there.

    To be compared only. On Linux it is free of the wall clock, which may be stepped at any time:
    the boot, and the clock ticks from it to the birth. A zombie is not there.
    Raises: OSError where the system cannot say it now, as when no descriptor is free.
    """
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        except OSError as error:
            if error.errno in GONE:
                return None
            raise
        fields = stat.rpartition(")")[2].split()  # the name before may hold anything
        return None if fields[0] in {"Z", "X"} else f"{this_boot()}:{fields[19]}"
    return _creation_time_by_psutil(pid)


def is_same_process(pid: int, created: str) -> bool:
    """Whether the process that was born then under that pid still lives; also where that cannot be
    found out, for what is done to the work of the dead cannot be undone."""
    try:
        return creation_time(pid) == created
    except OSError:
        return True


def prove(identity: ProcessIdentity) -> bool:
    """Whether that very process lives: pid, birth and token agree. What we may signal.
    Raises: OSError where the system cannot say it now."""
    import psutil

    try:
        if creation_time(identity.pid) != identity.created:
            return False
        return psutil.Process(identity.pid).environ().get(identity.variable) == identity.token
    except psutil.Error:
        return False
    except OSError as error:
        if error.errno in SHORT:
            raise
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
    try:
        if not prove(identity) or os.getpgid(identity.pid) != identity.pid:
            return False
    except ProcessLookupError:  # it ended between the two questions
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


def _without(environment: Mapping[str, str], gone: str) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name != gone}


def _creation_time_by_psutil(pid: int) -> str | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else repr(process.create_time())
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied as error:
        raise PermissionError(errno.EACCES, "its birth is not ours to see") from error


def _await(
    process: subprocess.Popen[str],
    check: Callable[[], None] | None,
    timeout_seconds: float | None,
) -> None:
    """Returns once the program has ended; it is not reaped then."""
    end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    while not _until(lambda: _has_ended(process), CHECK_SECONDS):
        if check:
            check()
        if end is not None and time.monotonic() > end:
            raise TimeoutError(f"{process.args!r} took longer than {timeout_seconds} s")


def _end_group(process: subprocess.Popen[str], readers: Sequence[_Reader]) -> None:
    """Ends a child of ours and everything in its group: SIGTERM, two seconds, SIGKILL.

    The child is reaped last: until then the number of its group cannot be given to anyone else.
    """
    _signal_own_group(process, signal.SIGTERM)
    _until(lambda: _has_ended(process) and _all_read(readers, 0), END_SECONDS)
    _signal_own_group(process, signal.SIGKILL)
    process.wait()
    _all_read(readers, END_SECONDS)


def _signal_own_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _has_ended(process: subprocess.Popen[str]) -> bool:
    """Whether our child has ended. `WNOWAIT` reads that without reaping it."""
    if process.returncode is not None:
        return True
    if not hasattr(os, "waitid"):  # macOS before Python 3.13 can only reap. It gives out pids in
        return process.poll() is not None  # turn: the number is not used again in our two seconds
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _all_read(readers: Sequence[_Reader], seconds: float) -> bool:
    """Whether each stream has come to its end, at the latest in so many seconds."""
    end = time.monotonic() + seconds
    return all(reader.done(end - time.monotonic()) for reader in readers)


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether it comes true in time. Asked often at first: most programs are short."""
    end = time.monotonic() + seconds
    nap = 0.0005
    while not condition():
        left = end - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(nap, left))
        nap = min(nap * 2, LONGEST_NAP_SECONDS)
    return True


class _Reader:
    """Hands each line of a stream to the sinks, in a thread of its own.

    The thread owns the stream and closes it. Anyone else who did would wait for whoever holds the
    other end of the pipe.
    """

    def __init__(self, stream: IO[str] | None, sinks: Sequence[Callable[[str], object]]) -> None:
        self._stream = stream
        self._sinks = sinks
        self._abandoned = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def done(self, seconds: float) -> bool:
        """Whether the stream has come to its end, at the latest in so many seconds."""
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def abandon(self) -> None:
        """No sink gets another line from now on."""
        self._abandoned = True

    def _read(self) -> None:
        with self._stream or contextlib.nullcontext(()) as lines:
            for line in lines:
                for sink in () if self._abandoned else self._sinks:
                    sink(line.rstrip("\r\n"))
